"""What an administrator may know of the organisation's key, and unlocking it for some hours."""

from dataclasses import dataclass

from hearth.sealing import held
from hearth.sealing.errors import KeysLockedError, NotHeldError
from hearth.sealing.roots import open_root
from hearth.sealing.rotation import newest_key
from hearth.sealing.store import Mode, OrganisationKey, key_store


@dataclass(frozen=True)
class KeyState:
    """Who keeps the organisation's key, and whether it can be used at the moment."""

    mode: Mode
    is_open: bool

    @property
    def is_held(self) -> bool:
        """Whether the organisation keeps it itself."""
        return self.mode is Mode.HELD


def state_of(schema: str) -> KeyState:
    """How the organisation's key stands now."""
    key = newest_key(schema)
    try:
        open_root(key)
    except KeysLockedError:
        return KeyState(key.mode, is_open=False)
    return KeyState(key.mode, is_open=True)


def unlock(schema: str, passphrase: str, *, hours: float = 12) -> None:
    """Unlock a key that the organisation holds.

    :raises WrongPassphraseError: the passphrase is another one.
    :raises KeysLockedError: it cannot be kept unlocked, because the cache is away.
    :raises NotHeldError: the organisation does not hold its key itself.
    """
    key = _held_key(schema)
    held.unlock(key, passphrase, hours=hours)
    key_store().note(schema, "unlocked", key.generation)


def lock(schema: str) -> None:
    """Lock a key that the organisation holds, at once.

    :raises KeysLockedError: the cache is away; the key is locked all the same.
    :raises NotHeldError: the organisation does not hold its key itself.
    """
    key = _held_key(schema)
    # First, because it holds wherever the cache is, and against whoever puts a copy back into it.
    key_store().note(schema, "locked", key.generation)
    held.lock(key)


def _held_key(schema: str) -> OrganisationKey:
    key = newest_key(schema)
    if key.mode is not Mode.HELD:
        raise NotHeldError("the organisation does not hold its key itself")
    return key
