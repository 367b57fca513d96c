"""A key that the organisation holds: its passphrase unlocks it for some hours."""

import hmac
import os
import time
from datetime import timedelta
from typing import cast

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from hearth.jobs import redis_connection
from hearth.sealing.cipher import KEY_BYTES, unwrap, wrap
from hearth.sealing.errors import BrokenSealError, KeysLockedError, WrongPassphraseError
from hearth.sealing.store import OrganisationKey
from tenants.context import runtime
from tenants.keys_database import check_value
from tenants.passwords import derive

LONGEST = timedelta(hours=12)
SHORTEST_PASSPHRASE = 16
SALT_BYTES = 16
END_BYTES = 8
# The second of the choices that RFC 9106 recommends, with twice its memory.
COST = {"time_cost": 3, "memory_cost": 131_072, "parallelism": 2}


def new_salt() -> bytes:
    """A salt for one passphrase."""
    return os.urandom(SALT_BYTES)


def root_from(passphrase: str, salt: bytes) -> bytes:
    """The root key that belongs to a passphrase."""
    return hash_secret_raw(passphrase.encode(), salt, hash_len=KEY_BYTES, type=Type.ID, **COST)


def unlock(key: OrganisationKey, passphrase: str, *, hours: float) -> None:
    """Leave the root where every process finds it, sealed, for at most half a day.

    :raises WrongPassphraseError: the passphrase is another one.
    :raises KeysLockedError: it cannot be left anywhere, because the cache is away.
    """
    root = root_from(passphrase, key.salt or b"")
    if not hmac.compare_digest(check_value(root), key.check_value):
        raise WrongPassphraseError("this is not the organisation's passphrase")
    seconds = max(min(LONGEST, timedelta(hours=hours)) // timedelta(seconds=1), 1)
    end = int(time.time()) + seconds
    kept = end.to_bytes(END_BYTES) + wrap(_sealing(), root, _bound_to(key, end))
    try:
        redis_connection().set(cache_name(key), kept, ex=seconds)
    except RedisError as error:
        raise KeysLockedError("the unlocked key cannot be kept anywhere") from error


def lock(key: OrganisationKey) -> None:
    """Forget an unlocked root at once.

    The caller has noted the lock in the database of keys before: from then on a copy that somebody
    put back is refused as well.

    :raises KeysLockedError: the cache is away; whatever it keeps ends by itself.
    """
    try:
        redis_connection().delete(cache_name(key))
    except RedisError as error:
        raise KeysLockedError("the cache is away") from error


def unlocked_root(key: OrganisationKey) -> bytes:
    """The root that somebody left unlocked.

    :raises KeysLockedError: nobody did, its time is over, or the cache is away.
    """
    try:
        kept = cast("bytes | None", redis_connection().get(cache_name(key)))
        if kept is None:
            raise KeysLockedError("the organisation has not unlocked its key")
        # Whoever writes to the cache may let it keep a root for good, or put back a copy: the end
        # and the last lock before it are part of what is sealed.
        end = int.from_bytes(kept[:END_BYTES])
        root = unwrap(_sealing(), kept[END_BYTES:], _bound_to(key, end))
    except (RedisError, BrokenSealError) as error:
        raise KeysLockedError("the unlocked key cannot be read") from error
    if not time.time() < end <= time.time() + LONGEST.total_seconds() + 60:
        raise KeysLockedError("the time for which the key was unlocked is over")
    return root


def _bound_to(key: OrganisationKey, end: int) -> bytes:
    return f"{cache_name(key)}|{key.last_lock}|{end}".encode()


def cache_name(key: OrganisationKey) -> str:
    """Where the unlocked root of one generation is left."""
    return f"hearth:unlocked:{key.schema}:{key.generation}:{key.check_value.hex()}"


def _sealing() -> AESGCM:
    return AESGCM(derive(runtime().settings.secret_key, "unlocked-keys"))
