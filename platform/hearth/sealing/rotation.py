"""A next root for an organisation: every key is wrapped anew, no datum is touched."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hearth.sealing import held
from hearth.sealing.cipher import unwrap, wrap
from hearth.sealing.errors import MissingKeyError
from hearth.sealing.keyring import bound_to
from hearth.sealing.roots import new_generation, open_root, wrapping_key
from hearth.sealing.store import (
    KeyStore,
    Mode,
    OrganisationKey,
    Purpose,
    SubjectKey,
    key_store,
)

BATCH = 500


@dataclass(frozen=True)
class Rotation:
    """What a rotation did; an interrupted one is resumed by the next call."""

    generation: int
    mode: Mode
    keys: int
    resumed: bool


def newest_key(schema: str, store: KeyStore | None = None) -> OrganisationKey:
    """The generation of an organisation's root with which new keys are wrapped.

    :raises MissingKeyError: the organisation has none.
    """
    return max(_in_use(schema, store or key_store()), key=lambda key: key.generation)


def rotate(
    schema: str,
    *,
    mode: Mode | None = None,
    reference: str | None = None,
    passphrase: str | None = None,
    report: Callable[[int], None] = lambda _keys: None,
) -> Rotation:
    """Wrap every key of an organisation under a next root, perhaps kept in another way.

    When an earlier rotation was interrupted, that one is brought to its end and no other begun.

    :raises KeysLockedError: the present root cannot be opened.
    :raises SealingError: the mode needs a reference or a passphrase that was not given.
    """
    store = key_store()
    in_use = _in_use(schema, store)
    newest = max(in_use, key=lambda key: key.generation)
    resumed = len(in_use) > 1
    if resumed:
        if newest.mode is Mode.HELD and passphrase is not None:
            held.unlock(newest, passphrase, hours=1)
        root = open_root(newest)
    else:
        # Before anything is begun: without the old root nothing could be wrapped anew.
        open_root(newest)
        newest, root = new_generation(
            schema,
            newest.generation + 1,
            mode or newest.mode,
            reference=reference or newest.reference,
            passphrase=passphrase,
        )
        store.begin_generation(newest)
        if newest.mode is Mode.HELD and passphrase is not None:
            held.unlock(newest, passphrase, hours=1)
    keys = _rewrap_all(store, schema, newest, _Rewrapping(schema, in_use, newest, root), report)
    store.end_generations(schema, newest.generation)
    return Rotation(newest.generation, newest.mode, keys, resumed)


def _rewrap_all(
    store: KeyStore,
    schema: str,
    newest: OrganisationKey,
    rewrapping: "_Rewrapping",
    report: Callable[[int], None],
) -> int:
    keys = 0
    while done := store.rewrap(schema, newest.generation, rewrapping, limit=BATCH):
        keys += done
        report(keys)
    return keys


class _Rewrapping:
    """Opens a key under its old root and closes it under the newest; roots are opened once."""

    def __init__(
        self, schema: str, in_use: list[OrganisationKey], newest: OrganisationKey, root: bytes
    ) -> None:
        self._schema = schema
        self._organisation = {key.generation: key for key in in_use}
        self._newest = newest.generation
        self._roots = {newest.generation: root}

    def __call__(self, key: SubjectKey) -> bytes:
        bound = bound_to(self._schema, key)
        opened = unwrap(self._wrapping(key.generation, key.purpose), key.wrapped, bound)
        return wrap(self._wrapping(self._newest, key.purpose), opened, bound)

    def _wrapping(self, generation: int, purpose: Purpose) -> AESGCM:
        if generation not in self._roots:
            self._roots[generation] = open_root(self._organisation[generation])
        return wrapping_key(self._roots[generation], purpose)


def _in_use(schema: str, store: KeyStore) -> list[OrganisationKey]:
    in_use, _subjects = store.find(schema, [])
    if not in_use:
        raise MissingKeyError("this organisation has no key; `hearth migrate` gives it one")
    return in_use
