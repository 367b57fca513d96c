"""What somebody reads of a request: the officer all of it, everybody else what she reads elsewhere.

A role that reads no health in a file reads none in the redaction queue of that file, nor in what is
handed out of it. Whoever reads all of an entry decides about giving it out.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.redaction import Sees
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.data_records import SubjectKind
from hearth.data_register.registry import table_named
from hearth.families.access import is_bound
from hearth.families.facing import eyes_in_files
from hearth.families.models import Household, Person
from hearth.families.seen import SeenPerson, see_person
from hearth.families.telling import told_through
from hearth.intake.seen import find_referral, see_referral
from hearth.subject_rights import disclosure
from hearth.subject_rights.disclosure import QueueEntry
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.subjects import Subject, subject_of
from hearth.subject_rights.vocabulary import Decision

MINE = Permission.SUBJECT_RIGHTS
NAME_NOT_READ = _l("A name that your role does not read")
# A sealed note opens by its owner's word; what is a colleague's own is in no family's file.
ELSEWHERE = frozenset({FieldClass.SEALED_NOTE, FieldClass.STAFF, FieldClass.TECHNICAL})


class NotReadError(ValueError):
    """Whoever gives something out reads it; this is of a kind that her role does not read."""


def eyes_on(session: Session, household_id: uuid.UUID | None, *, user: SignedIn) -> Sees | None:
    """What somebody reads of a family, or of somebody without one; None where nothing at all."""
    if not is_bound(user) or (household_id is None and Role.PRIVACY_OFFICER in user.roles):
        return lambda _field_class: True
    if household_id is None:
        own: Sees | None = user.eyes(MINE)
    else:
        own = eyes_in_files(session, [household_id], user=user).get(household_id)
    return own and _with_elsewhere(own)


def queue_read_by(session: Session, request: SubjectRequest, user: SignedIn) -> list[QueueEntry]:
    """The queue as somebody reads it: without what is of a kind she does not read."""
    sees = _eyes(session, request, user)
    return [_cover(one, sees) for one in disclosure.queue_read_by(session, request, user.id)]


def entry_read_by(
    session: Session, request: SubjectRequest, entry: Disclosure, user: SignedIn
) -> QueueEntry:
    """One entry as somebody reads it."""
    read = disclosure.entry_read_by(session, request, entry, user.id)
    return _cover(read, _eyes(session, request, user))


def decide(
    session: Session,
    request: SubjectRequest,
    entry: Disclosure,
    *,
    decision: Decision,
    user: SignedIn,
    read_mark: str = "",
) -> None:
    """Release an entry or keep it back.

    :raises NotReadError: she would give out what she does not read.
    :raises RequestError: the request has ended.
    :raises ChangedError: what the page showed to her stands there no longer.
    :raises SealedNoteError: it is a sealed note that its owner has not opened to her.
    """
    if decision is Decision.RELEASE and entry_read_by(session, request, entry, user).is_covered:
        raise NotReadError
    disclosure.decide(session, request, entry, decision=decision, by=user.id, read_mark=read_mark)


def hand_out(session: Session, request: SubjectRequest, *, user: SignedIn) -> list[Told]:
    """What the requester may have, once, by the hand of somebody who reads all of it.

    :raises NotReadError: something in it is of a kind that she does not read.
    :raises ChangedError: something was changed or sealed after it was released.
    :raises StillToReadError: something may tell of others and nobody has decided about it.
    :raises ShownBeforeError: it was handed out, and nobody asked for it anew.
    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    sees = _eyes(session, request, user)
    for told in disclosure.given(session, request):
        if not all(sees(field.data_class) for field in told.values):
            raise NotReadError
    return disclosure.hand_out(session, request, by=user.id)


def called(session: Session, kind: SubjectKind, subject_id: uuid.UUID, *, user: SignedIn) -> str:
    """How somebody is called, as far as it is read elsewhere; empty where nobody knows."""
    subject = subject_of(session, kind, subject_id)
    return as_read(session, [subject], user=user)[0].name if subject else ""


def as_read(session: Session, subjects: Iterable[Subject], *, user: SignedIn) -> list[Subject]:
    """These subjects, called what somebody reads of their names elsewhere."""
    return [replace(one, name=_name(session, one, user)) for one in subjects]


def reads_words(
    session: Session, kind: SubjectKind, subject_id: uuid.UUID, *, user: SignedIn
) -> bool:
    """Whether somebody reads what a human wrote about this subject, as why it is kept longer."""
    subject = subject_of(session, kind, subject_id)
    sees = eyes_on(session, subject.household_id if subject else None, user=user)
    return sees is not None and sees(FieldClass.FREE_TEXT)


def safe_contact(session: Session, request: SubjectRequest, *, user: SignedIn) -> SeenPerson | None:
    """How the family is reached without harm: by the mother's or carer's rules, whoever asks."""
    if request.household_id is None:
        return None
    through = told_through(session.get_one(Household, request.household_id).members)
    sees = eyes_on(session, request.household_id, user=user)
    return see_person(through, sees) if through and sees else None


def own_words(session: Session, request: SubjectRequest, *, user: SignedIn) -> dict[str, Any]:
    """Who asked and in which words, and what was written at each step, as far as it is read."""
    sees = _eyes(session, request, user)
    return {
        "asker_name": request.asker_name if sees(FieldClass.IDENTITY) else None,
        "wish": request.wish if sees(FieldClass.FREE_TEXT) else None,
        "reads_notes": sees(FieldClass.FREE_TEXT),
    }


def _eyes(session: Session, request: SubjectRequest, user: SignedIn) -> Sees:
    sees = eyes_on(session, request.household_id, user=user)
    return sees or (lambda _field_class: False)


def _with_elsewhere(own: Sees) -> Sees:
    return lambda field_class: field_class in ELSEWHERE or own(field_class)


def _cover(read: QueueEntry, sees: Sees) -> QueueEntry:
    if read.is_row:
        parts = tuple(part for part in read.parts if sees(part[0].data_class))
        hidden = len(parts) < len(read.parts)
        covered = replace(read, contents="", parts=parts, paper=None, is_covered=True)
        return covered if hidden else read
    if read.is_closed or _is_read(read.entry, sees):
        return read
    return QueueEntry(entry=read.entry, contents="", is_covered=True)


def _is_read(entry: Disclosure, sees: Sees) -> bool:
    table = table_named(entry.table_name)
    fields: Sequence[Any] = table.fields if table else ()
    return all(sees(field.data_class) for field in fields if field.name == entry.field)


def _name(session: Session, subject: Subject, user: SignedIn) -> str:
    if not is_bound(user):
        return subject.name
    match subject.kind:
        case SubjectKind.PERSON:
            sees = eyes_on(session, subject.household_id, user=user)
            known = session.get_one(Person, subject.id)
            return see_person(known, sees).full_name if sees else str(NAME_NOT_READ)
        case SubjectKind.REFERRAL:
            through = Permission.REFERRALS_READ
            referral = find_referral(session, subject.id, user=user, permission=through)
            name = see_referral(referral, user).mother_name if referral else ""
            return name or str(NAME_NOT_READ)
        case SubjectKind.DONOR:
            return subject.name if user.may(Permission.GIFTS_READ) else str(NAME_NOT_READ)
    return subject.name
