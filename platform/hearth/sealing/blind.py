"""The blind index: whoever is looked for by name or telephone is found without being named."""

import hmac
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, delete, false, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hearth.sealing.keyring import keyring
from hearth.sealing.kinds import Kind, phone_words, plain, words_of
from hearth.sealing.models import BlindWord
from hearth.sealing.store import Purpose

TOKEN_BYTES = 10


def blind(session: Session, kind: Kind, value: str) -> bytes:
    """The token under which a word of a kind stands in the index, as it is written there."""
    key = keyring(session).organisation_key(Purpose.BLIND_INDEX)
    return hmac.digest(key, f"{kind}|{value}".encode(), "sha256")[:TOKEN_BYTES]


def mark_of(session: Session, *parts: str) -> str:
    """By what it is told later whether a text is still the same; it tells nothing of the text."""
    key = keyring(session).organisation_key(Purpose.BLIND_INDEX)
    return hmac.digest(key, "|".join(("mark", *parts)).encode(), "sha256").hex()


def has_words(
    session: Session,
    subject: ColumnElement[UUID] | InstrumentedAttribute[UUID],
    text: str,
    *,
    kinds: Iterable[Kind],
    most: int = 8,
) -> list[ColumnElement[bool]]:
    """One condition for each word of a text: the subject has it in one of the kinds.

    A text that is a telephone number is one condition, where telephones are among the kinds.
    """
    chosen = frozenset(kinds)
    if Kind.PHONE in chosen and (numbers := looks_like_phone(text)):
        return [_found(subject, [(Kind.PHONE, blind(session, Kind.PHONE, n)) for n in numbers])]
    words = sorted(chosen - {Kind.PHONE})
    return [
        _found(subject, [(kind, blind(session, kind, word)) for kind in words])
        for word in plain(text).split()[:most]
    ]


def looks_like_phone(text: str) -> list[str]:
    """How a text is looked up among telephone numbers; nothing for what is none."""
    is_number = bool(text.strip()) and set(text) <= set("0123456789+()-./ ")
    return phone_words(text) if is_number else []


def index_words(session: Session, subject_id: UUID, values: Iterable[tuple[Kind, str]]) -> None:
    """Let a subject be found under these values from now on, and under no earlier ones."""
    words = {(kind, word) for kind, value in values for word in words_of(kind, value)}
    tokens = sorted({(kind.value, blind(session, kind, word)) for kind, word in words})
    connection = session.connection()
    connection.execute(delete(BlindWord).where(BlindWord.subject_id == subject_id))
    if tokens:
        rows = [{"kind": k, "token": t, "subject_id": subject_id} for k, t in tokens]
        connection.execute(insert(BlindWord), rows)


def _found(
    subject: ColumnElement[UUID] | InstrumentedAttribute[UUID], tokens: list[tuple[Kind, bytes]]
) -> ColumnElement[bool]:
    if not tokens:
        return false()
    either = [(BlindWord.kind == kind.value) & (BlindWord.token == token) for kind, token in tokens]
    return (
        select(BlindWord.subject_id).where(BlindWord.subject_id == subject, or_(*either)).exists()
    )
