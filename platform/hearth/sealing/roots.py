"""How an organisation's root key is opened: sealed by the platform, by a service, or held."""

import hmac
from collections.abc import Callable, Mapping
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hearth.sealing import held, transit
from hearth.sealing.cipher import new_key
from hearth.sealing.errors import BrokenSealError, SealingError
from hearth.sealing.store import Mode, OrganisationKey, Purpose
from tenants.context import runtime
from tenants.keys_database import check_value, platform_root


class KeyEncryption(Protocol):
    """One way to keep an organisation's root key."""

    def open(self, key: OrganisationKey) -> bytes:
        """The root key of a generation.

        :raises KeysLockedError: it cannot be had at the moment.
        """


class PlatformSealed:
    """The root is derived from the platform's own secret, and stored nowhere."""

    def open(self, key: OrganisationKey) -> bytes:
        """Derive it."""
        return platform_root(runtime().settings.keys_secret, key.schema, key.generation)


class SealedByService:
    """A key management service of the organisation's country wraps the root."""

    def open(self, key: OrganisationKey) -> bytes:
        """Ask the service."""
        service = _service(key.reference or "")
        return transit.unwrap(service, name=key.schema, wrapped=key.wrapped or "")


class HeldByOrganisation:
    """The root comes from a passphrase that only the organisation keeps."""

    def open(self, key: OrganisationKey) -> bytes:
        """Find it where somebody left it unlocked."""
        return held.unlocked_root(key)


ENCRYPTIONS: Mapping[Mode, KeyEncryption] = {
    Mode.PLATFORM: PlatformSealed(),
    Mode.KMS: SealedByService(),
    Mode.HELD: HeldByOrganisation(),
}


def open_root(key: OrganisationKey) -> bytes:
    """The root key of one generation of an organisation.

    :raises KeysLockedError: it cannot be had at the moment.
    :raises BrokenSealError: what was found is not this organisation's root.
    """
    root = ENCRYPTIONS[key.mode].open(key)
    if not hmac.compare_digest(check_value(root), key.check_value):
        raise BrokenSealError("this is not the organisation's root key")
    return root


def wrapping_key(root: bytes, purpose: Purpose) -> AESGCM:
    """The key that wraps subjects' keys of one purpose."""
    kdf = HKDF(hashes.SHA256(), length=32, salt=None, info=f"hearth/{purpose}".encode())
    return AESGCM(kdf.derive(root))


def new_generation(
    schema: str,
    generation: int,
    mode: Mode,
    *,
    reference: str | None = None,
    passphrase: str | None = None,
) -> tuple[OrganisationKey, bytes]:
    """A next root for an organisation, with what is written down about it.

    :raises SealingError: the mode needs a reference or a passphrase that was not given.
    """
    return _MAKERS[mode](schema, generation, reference, passphrase)


def _platform(
    schema: str, generation: int, _reference: str | None, _passphrase: str | None
) -> tuple[OrganisationKey, bytes]:
    root = platform_root(runtime().settings.keys_secret, schema, generation)
    return _record(schema, generation, Mode.PLATFORM, root), root


def _kms(
    schema: str, generation: int, reference: str | None, _passphrase: str | None
) -> tuple[OrganisationKey, bytes]:
    root = new_key()
    wrapped = transit.wrap(_service(reference or ""), name=schema, key=root)
    record = OrganisationKey(
        schema=schema,
        generation=generation,
        mode=Mode.KMS,
        reference=reference,
        wrapped=wrapped,
        check_value=check_value(root),
    )
    return record, root


def _held(
    schema: str, generation: int, _reference: str | None, passphrase: str | None
) -> tuple[OrganisationKey, bytes]:
    if passphrase is None or len(passphrase) < held.SHORTEST_PASSPHRASE:
        raise SealingError(f"a passphrase has at least {held.SHORTEST_PASSPHRASE} characters")
    salt = held.new_salt()
    root = held.root_from(passphrase, salt)
    record = OrganisationKey(
        schema=schema,
        generation=generation,
        mode=Mode.HELD,
        salt=salt,
        check_value=check_value(root),
    )
    return record, root


_Maker = Callable[[str, int, str | None, str | None], tuple[OrganisationKey, bytes]]
_MAKERS: Mapping[Mode, _Maker] = {Mode.PLATFORM: _platform, Mode.KMS: _kms, Mode.HELD: _held}


def _record(schema: str, generation: int, mode: Mode, root: bytes) -> OrganisationKey:
    return OrganisationKey(
        schema=schema, generation=generation, mode=mode, check_value=check_value(root)
    )


def _service(reference: str) -> transit.Service:
    known = runtime().settings.key_services.get(reference)
    if known is None:
        raise SealingError("no key management service of this reference is configured")
    return transit.Service(known.address, known.token)
