"""What the pages about requests show, and how they say why something cannot be done."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.services import SignedIn, names_of
from hearth.data_register.words import GROUPS
from hearth.subject_rights import disclosure, erasure, labels, reading, services
from hearth.subject_rights.correction import NotAPersonError, OnePersonError
from hearth.subject_rights.models import ErasureCertificate, SubjectRequest
from hearth.subject_rights.subjects import is_entrusted
from hearth.subject_rights.vocabulary import RequestKind, Step
from hearth.subject_rights.words import (
    ASKERS,
    DECISIONS,
    ERASURE_KINDS,
    KINDS,
    OBSTACLES,
    PROOFS,
    REASONS,
    STEPS,
    field_word,
    table_word,
)
from hearth.web.formatting import today

HANDS_OUT = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY})
WHY: dict[type[Exception], LazyString] = {
    services.ClosedError: _l("This request has been answered."),
    services.NotCheckedError: _l(
        "First record who asks, and that an answer brings nobody into danger."
    ),
    services.ExtendedBeforeError: _l("The time was extended once already."),
    NotAPersonError: _l("Only what stands in a family's file about a person is corrected here."),
    OnePersonError: _l(
        "How somebody is reached is changed by two people: somebody else than you records who"
        " asks, or corrects it here or in the family's file."
    ),
    disclosure.StillToReadError: _l(
        "Gather the data first, and read every entry that may tell of others."
    ),
    disclosure.ChangedError: _l(
        "Something was changed or sealed after it had been read. Read it again, and decide anew."
    ),
    disclosure.SealedNoteError: _l("This note is sealed. Ask whoever wrote it to let you read it."),
    disclosure.ShownBeforeError: _l("The file was handed out. Say why, and it can be made anew."),
    reading.NotReadError: _l(
        "Something in it is of a kind that your role does not read. Somebody who reads it gives"
        " it out."
    ),
    reading.NotWholeError: _l(
        "Your role does not read every part that such a file may have. Somebody who reads all of"
        " them hands it out."
    ),
    reading.NotCorrectedError: _l(
        "Your role does not read this in the file. Somebody who reads it corrects it."
    ),
    erasure.SamePersonError: _l("Somebody else has to decide: you asked for it yourself."),
    erasure.DecidedError: _l("Somebody has asked for it or decided about it before."),
}


def words() -> dict[str, Any]:
    """The words of every code these pages show."""
    return {
        "kind": KINDS,
        "asker": ASKERS,
        "step": STEPS,
        "proof": PROOFS,
        "decision": DECISIONS,
        "obstacle": OBSTACLES,
        "reason": REASONS,
        "group": GROUPS,
        "erasure": ERASURE_KINDS,
        "table": table_word,
        "field": field_word,
    }


def words_of(session: Session, entries: Sequence[disclosure.QueueEntry]) -> dict[str, Any]:
    """The words of the redaction queue, with the names behind the ids in these entries."""
    values = [value for one in entries for _field, value in one.parts]
    names = labels.names_in(session, [*values, *(one.value for one in entries)])
    return {**words(), "parts": partial(_parts, names), "contents": partial(_contents, names)}


def page_of(session: Session, request: SubjectRequest, user: SignedIn) -> dict[str, Any]:
    """Everything the page of one request shows to somebody."""
    kind, subject_id = request.subject_kind, request.subject_id
    return {
        "request": request,
        "name": reading.called(session, kind, subject_id, user=user),
        "told": reading.own_words(session, request, user=user),
        "safe": reading.safe_contact(session, request, user=user),
        "proposal": erasure.pending(session, request),
        "certificate": _certificate(session, request),
        "waiting": reading.waiting(session, request, user) if request.is_open else 0,
        "prepared": request.has(Step.PREPARED),
        "handed_out": request.is_handed_out,
        "decides": is_entrusted(session, kind, subject_id, user=user, to_decide=True),
        "checked": _is_checked(request),
        "hands_out": request.kind in HANDS_OUT,
        "erases": request.kind is RequestKind.ERASURE,
        "staff": names_of(session, {step.by for step in request.steps}),
        "words": words(),
        "today": today(),
    }


def say_why(error: Exception) -> str:
    """Why a step could not be taken."""
    if isinstance(error, erasure.ObstacleError):
        return " ".join(str(OBSTACLES[one]) for one in error.obstacles)
    if type(error) not in WHY:
        raise error
    return str(WHY[type(error)])


def _parts(names: labels.Names, read: disclosure.QueueEntry) -> list[tuple[str, str]]:
    table = read.entry.table_name
    return [
        (
            field_word(field.name, field.data_class),
            labels.in_words(table, field.name, value, names),
        )
        for field, value in read.parts
    ]


def _contents(names: labels.Names, read: disclosure.QueueEntry) -> str:
    return labels.in_words(read.entry.table_name, read.entry.field, read.value, names)


def _certificate(session: Session, request: SubjectRequest) -> ErasureCertificate | None:
    return session.scalars(
        select(ErasureCertificate).where(ErasureCertificate.request_id == request.id)
    ).first()


def _is_checked(request: SubjectRequest) -> bool:
    try:
        services.refuse_unchecked(request)
    except services.NotCheckedError:
        return False
    return True
