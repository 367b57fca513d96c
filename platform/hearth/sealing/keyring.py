"""The opened keys of one unit of work; they end with its session and are never shared."""

from collections.abc import Collection, Iterable
from typing import cast
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

from hearth.sealing.cipher import new_key, unwrap, wrap
from hearth.sealing.errors import ErasedError, KeysLockedError, MissingKeyError
from hearth.sealing.roots import open_root, wrapping_key
from hearth.sealing.store import KeyStore, OrganisationKey, Purpose, SubjectKey, key_store
from tenants.registry import OrgRef

# What belongs to the organisation itself and to no person: the addresses of its houses.
ORGANISATION_SUBJECT = uuid5(UUID(int=0), "hearth/organisation")
ATTEMPTS = 3


class Keyring:
    """Opens and makes the keys of one organisation's subjects."""

    def __init__(self, schema: str, store: KeyStore) -> None:
        self.schema = schema
        self._store = store
        self._organisation: dict[int, OrganisationKey] = {}
        self._roots: dict[int, bytes | KeysLockedError] = {}
        self._wrapping: dict[tuple[int, Purpose], AESGCM] = {}
        self._found: dict[tuple[UUID, Purpose], SubjectKey] = {}
        self._raw: dict[tuple[UUID, Purpose], bytes] = {}
        self._opened: dict[UUID, AESGCM] = {}
        self._asked: set[UUID] = set()

    def knows(self, subject_id: UUID) -> bool:
        """Whether the store was asked about a subject already."""
        return subject_id in self._asked

    def fetch(self, subjects: Iterable[UUID]) -> None:
        """Ask the store about those subjects it was not asked about; one question for all."""
        asked = {*subjects, ORGANISATION_SUBJECT} - self._asked
        if not asked:
            return
        organisation, found = self._store.find(self.schema, asked)
        self._organisation = {key.generation: key for key in organisation}
        self._found |= {(key.subject_id, key.purpose): key for key in found}
        self._asked |= asked

    def for_reading(self, subject_id: UUID) -> AESGCM:
        """The key under which a subject's fields were sealed.

        :raises ErasedError: it was destroyed.
        :raises KeysLockedError: the organisation's key cannot be had at the moment.
        :raises MissingKeyError: there is none.
        """
        if subject_id not in self._opened:
            self._opened[subject_id] = AESGCM(self._open(subject_id, Purpose.FIELDS))
        return self._opened[subject_id]

    def for_writing(self, subjects: Collection[UUID]) -> dict[UUID, AESGCM]:
        """Keys for sealing fields of subjects; those that are missing are made and kept first.

        :raises ErasedError: one of them was destroyed.
        :raises KeysLockedError: the organisation's key cannot be had at the moment.
        """
        self._provide({(subject, Purpose.FIELDS) for subject in subjects})
        return {subject: self.for_reading(subject) for subject in subjects}

    def organisation_key(self, purpose: Purpose) -> bytes:
        """The organisation's own key for its blind index, its files or its backups."""
        self._provide({(ORGANISATION_SUBJECT, purpose)})
        return self._open(ORGANISATION_SUBJECT, purpose)

    def forget(self, subject_id: UUID) -> None:
        """Drop what is known of a subject whose key is being destroyed."""
        self._asked.discard(subject_id)
        self._opened.pop(subject_id, None)
        for purpose in Purpose:
            self._found.pop((subject_id, purpose), None)
            self._raw.pop((subject_id, purpose), None)

    def _open(self, subject_id: UUID, purpose: Purpose) -> bytes:
        known = self._raw.get((subject_id, purpose))
        if known is not None:
            return known
        self.fetch([subject_id])
        key = self._found.get((subject_id, purpose))
        if key is None:
            raise MissingKeyError("there is no key of this subject")
        if key.destroyed_at is not None:
            raise ErasedError("the key of this subject was destroyed")
        opened = unwrap(self._wrapping_key(key.generation, purpose), key.wrapped, self._bound(key))
        self._raw[subject_id, purpose] = opened
        return opened

    def _provide(self, wanted: set[tuple[UUID, Purpose]]) -> None:
        for _ in range(ATTEMPTS):
            self.fetch(subject for subject, _purpose in wanted)
            missing = sorted(one for one in wanted if one not in self._found)
            if not missing:
                return
            made = [self._new(subject, purpose) for subject, purpose in missing]
            self._store.add(self.schema, made)
            # What stands now may be another process's key, or the organisation's may have changed.
            self._asked -= {subject for subject, _purpose in wanted}
        raise MissingKeyError("the organisation's key changes all the time")

    def _new(self, subject_id: UUID, purpose: Purpose) -> SubjectKey:
        if not self._organisation:
            raise MissingKeyError("this organisation has no key; `hearth migrate` gives it one")
        generation = max(self._organisation)
        bare = SubjectKey(
            subject_id=subject_id, purpose=purpose, wrapped=b"", generation=generation
        )
        wrapping = self._wrapping_key(generation, purpose)
        return SubjectKey(
            subject_id=subject_id,
            purpose=purpose,
            wrapped=wrap(wrapping, new_key(), self._bound(bare)),
            generation=generation,
        )

    def _wrapping_key(self, generation: int, purpose: Purpose) -> AESGCM:
        if (generation, purpose) not in self._wrapping:
            self._wrapping[generation, purpose] = wrapping_key(self._root(generation), purpose)
        return self._wrapping[generation, purpose]

    def _root(self, generation: int) -> bytes:
        if generation not in self._roots:
            key = self._organisation.get(generation)
            if key is None:
                raise MissingKeyError("this generation of the organisation's key is gone")
            try:
                self._roots[generation] = open_root(key)
            except KeysLockedError as error:
                # Asked once for a page: a service that is away is not waited for field by field.
                self._roots[generation] = error
        root = self._roots[generation]
        if isinstance(root, KeysLockedError):
            raise type(root)(*root.args)
        return root

    def _bound(self, key: SubjectKey) -> bytes:
        return bound_to(self.schema, key)


def bound_to(schema: str, key: SubjectKey) -> bytes:
    """What the wrapping of a subject's key authenticates beside the key."""
    return f"{schema}|{key.subject_id}|{key.purpose}".encode()


def keyring(session: Session) -> Keyring:
    """The keys of a session's unit of work."""
    if "keyring" not in session.info:
        organisation = cast("OrgRef | None", session.info.get("organisation"))
        if organisation is None:
            raise MissingKeyError("only an organisation's own data is sealed")
        session.info["keyring"] = Keyring(organisation.schema_name, key_store())
    return cast("Keyring", session.info["keyring"])
