"""The declaration ``sealed``: a model's attribute reads and writes text, its column holds bytes."""

import json
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar, cast, overload
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.orm import Session, mapped_column, object_session
from sqlalchemy.orm.attributes import flag_modified

from hearth.data_classes import FieldClass
from hearth.sealing.cipher import Ciphertext, Place, unseal
from hearth.sealing.columns import SealedBytes
from hearth.sealing.errors import ErasedError, KeysLockedError, SealingError
from hearth.sealing.keyring import keyring
from hearth.sealing.kinds import Kind
from hearth.sealing.markers import Unreadable, UnreadableRecord, Why
from hearth.sealing.subjects import row_id, subject_of
from tenants.models import TenantModel

Value = TypeVar("Value")
SUFFIX = "_sealed"
# The opened values of a row, each beside the ciphertext it came from.
_OPENED = "_opened"


class Written:
    """A value that was written and waits for the flush that seals it; it never tells itself."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<written, not sealed yet>"


class Sealed(Generic[Value]):
    """One sealed attribute of a model; ``sealed`` and ``sealed_record`` make them."""

    name: str
    column: str
    place_name: str

    def __init__(
        self,
        field_class: FieldClass,
        *,
        subject: str,
        default: Value,
        nullable: bool,
        kind: Kind | None,
        encode: Callable[[Any], bytes],
        decode: Callable[[bytes], Any],
        unreadable: Callable[[Why], Any],
        deferred: bool = False,
    ) -> None:
        self.field_class = field_class
        self.subject = subject
        self.default = default
        self.nullable = nullable
        self.kind = kind
        self.encode = encode
        self._decode = decode
        self._unreadable = unreadable
        self._deferred = deferred

    def __set_name__(self, owner: type[TenantModel], name: str) -> None:
        self.name = name
        self.column = f"{name}{SUFFIX}"
        self.place_name = f"{owner.__tablename__}.{name}"
        # Added before SQLAlchemy reads the class, so that it maps the column like any other.
        column = mapped_column(SealedBytes(), nullable=self.nullable, deferred=self._deferred)
        setattr(owner, self.column, column)
        declared = (*getattr(owner, "__sealed__", ()), self)
        type.__setattr__(owner, "__sealed__", declared)

    @overload
    def __get__(self, row: None, owner: type[Any]) -> "Sealed[Value]": ...
    @overload
    def __get__(self, row: object, owner: type[Any]) -> Value: ...
    def __get__(self, row: object | None, owner: type[Any]) -> "Sealed[Value] | Value":
        if row is None:
            return self
        stored = getattr(row, self.column)
        if stored is None:
            return self.default
        if isinstance(stored, Written):
            return cast("Value", stored.value)
        opened = row.__dict__.setdefault(_OPENED, {}).get(self.name)
        if opened is None or opened[0] != stored:
            opened = (stored, self._open(row, stored))
            row.__dict__[_OPENED][self.name] = opened
        return cast("Value", opened[1])

    def __set__(self, row: object, value: Value) -> None:
        if isinstance(value, Unreadable | UnreadableRecord):
            # A form that was filled in with the reason changes nothing when it comes back.
            return
        is_empty = self.nullable and (value is None or value == self.default)
        if row.__dict__.get(self.column) is not None and self.__get__(row, type(row)) == value:
            return
        setattr(row, self.column, None if is_empty else Written(value))

    def keep(self, row: object, sealed: Ciphertext, value: object) -> None:
        """Put the ciphertext in the place of what was written, and remember what it says."""
        setattr(row, self.column, sealed)
        row.__dict__.setdefault(_OPENED, {})[self.name] = (sealed, value)

    def written(self, row: object) -> Written | None:
        """What waits to be sealed."""
        waiting = row.__dict__.get(self.column)
        return waiting if isinstance(waiting, Written) else None

    def has_changed(self, row: object) -> bool:
        """Whether the next flush writes this column."""
        return bool(inspect(row).attrs[self.column].history.has_changes())

    def _open(self, row: object, stored: bytes) -> Any:
        session = object_session(row)
        if session is None:
            raise SealingError("this row has left its unit of work, and its keys with it")
        subject = subject_of(row, self.subject)
        if subject is None:
            raise SealingError("it is not known whose this is")
        keys = keyring(session)
        if not keys.knows(subject):
            keys.fetch({subject, *_subjects_at_hand(session)})
        try:
            key = keys.for_reading(subject)
        except ErasedError:
            return self._unreadable(Why.ERASED)
        except KeysLockedError:
            return self._unreadable(Why.LOCKED)
        return self._decode(unseal(key, stored, self.place(keys.schema, subject, row)))

    def place(self, schema: str, subject: UUID, row: object) -> Place:
        """What this row's value is bound to."""
        return Place(schema, subject, row_id(row), self.place_name)


@overload
def sealed(
    field_class: FieldClass, *, subject: str, kind: Kind | None = None
) -> Sealed[str | None]: ...
@overload
def sealed(
    field_class: FieldClass, *, subject: str, default: str, kind: Kind | None = None
) -> Sealed[str]: ...
@overload
def sealed(
    field_class: FieldClass, *, subject: str, required: Literal[True], kind: Kind | None = None
) -> Sealed[str]: ...
def sealed(
    field_class: FieldClass,
    *,
    subject: str,
    default: str | None = None,
    required: bool = False,
    kind: Kind | None = None,
) -> Sealed[Any]:
    """A text that only its subject's key opens.

    ``subject`` names the attribute that holds the subject's id, or a path to it over relations
    (``stay.household_id``). ``kind`` makes it findable through the blind index.
    """
    return Sealed(
        field_class,
        subject=subject,
        default=default,
        nullable=not required,
        kind=kind,
        encode=_encode_text,
        decode=_decode_text,
        unreadable=Unreadable,
    )


def sealed_record(field_class: FieldClass, *, subject: str) -> Sealed[dict[str, Any]]:
    """A record of plain values that only its subject's key opens."""
    return Sealed(
        field_class,
        subject=subject,
        default={},
        nullable=False,
        kind=None,
        encode=_encode_record,
        decode=json.loads,
        unreadable=UnreadableRecord,
    )


def sealed_bytes(field_class: FieldClass, *, subject: str) -> Sealed[bytes | None]:
    """Bytes that only their subject's key opens, loaded when asked for; None once it is gone."""
    return Sealed(
        field_class,
        subject=subject,
        default=None,
        nullable=False,
        kind=None,
        encode=bytes,
        decode=bytes,
        unreadable=_nothing,
        deferred=True,
    )


def sealed_fields(model: type[Any]) -> tuple[Sealed[Any], ...]:
    """The sealed attributes of a model, in the order in which it declares them."""
    declared: tuple[Sealed[Any], ...] = getattr(model, "__sealed__", ())
    return declared


def reseal(row: object, field: Sealed[Any]) -> None:
    """Have a value sealed anew at the next flush, because its subject's key changed."""
    value = field.__get__(row, type(row))
    setattr(row, field.column, Written(value))
    flag_modified(row, field.column)


def _subjects_at_hand(session: Session) -> set[UUID]:
    """Whose keys the rows that are loaded will need; nothing is loaded to find out."""
    found: set[UUID] = set()
    for row in session.identity_map.values():
        for field in sealed_fields(type(row)):
            if isinstance(row.__dict__.get(field.column), bytes):
                subject = subject_of(row, field.subject, load=False)
                found |= {subject} if subject else set()
    return found


def _nothing(_why: Why) -> None:
    return None


def _encode_text(value: str) -> bytes:
    return value.encode()


def _decode_text(text: bytes) -> str:
    return text.decode()


def _encode_record(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
