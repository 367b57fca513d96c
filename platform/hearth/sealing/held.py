"""A key that the organisation holds: its passphrase unlocks it for some hours."""

import hmac
import os
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
# The second of the choices that RFC 9106 recommends, with twice its memory.
_ARGON2 = {"time_cost": 3, "memory_cost": 131_072, "parallelism": 2}


def new_salt() -> bytes:
    """A salt for one passphrase."""
    return os.urandom(SALT_BYTES)


def root_from(passphrase: str, salt: bytes) -> bytes:
    """The root key that belongs to a passphrase."""
    return hash_secret_raw(passphrase.encode(), salt, hash_len=KEY_BYTES, type=Type.ID, **_ARGON2)


def unlock(key: OrganisationKey, passphrase: str, *, hours: float) -> None:
    """Leave the root where every process finds it, sealed, for at most half a day.

    :raises WrongPassphraseError: the passphrase is another one.
    :raises KeysLockedError: it cannot be left anywhere, because the cache is away.
    """
    root = root_from(passphrase, key.salt or b"")
    if not hmac.compare_digest(check_value(root), key.check_value):
        raise WrongPassphraseError("this is not the organisation's passphrase")
    seconds = min(LONGEST, timedelta(hours=hours)) // timedelta(seconds=1)
    name = cache_name(key)
    try:
        redis_connection().set(name, wrap(_sealing(), root, name.encode()), ex=max(seconds, 1))
    except RedisError as error:
        raise KeysLockedError("the unlocked key cannot be kept anywhere") from error


def lock(key: OrganisationKey) -> None:
    """Forget an unlocked root at once.

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
    name = cache_name(key)
    try:
        kept = redis_connection().get(name)
        if kept is None:
            raise KeysLockedError("the organisation has not unlocked its key")
        return unwrap(_sealing(), cast("bytes", kept), name.encode())
    except (RedisError, BrokenSealError) as error:
        raise KeysLockedError("the unlocked key cannot be read") from error


def cache_name(key: OrganisationKey) -> str:
    """Where the unlocked root of one generation is left."""
    return f"hearth:unlocked:{key.schema}:{key.generation}:{key.check_value.hex()}"


def _sealing() -> AESGCM:
    return AESGCM(derive(runtime().settings.secret_key, "unlocked-keys"))
