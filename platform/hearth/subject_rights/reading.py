"""What somebody reads of a request: the officer all of it, everybody else what she reads elsewhere.

A role that reads no health in a file reads none in the redaction queue of that file, nor in what is
handed out of it. Whoever reads all of an entry decides about giving it out.
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.data_records import SubjectKind
from hearth.data_register.registry import DataField, table_named
from hearth.families.access import is_bound
from hearth.families.besides import closed_besides
from hearth.families.knowing import Knowledge, known_in
from hearth.families.models import Household, Person
from hearth.families.seen import SeenPerson, see_known, see_person
from hearth.families.telling import told_through
from hearth.files.models import ASKED_BY_A_PAPER
from hearth.intake.seen import find_referral, see_referral
from hearth.subject_rights import correction, disclosure
from hearth.subject_rights.disclosure import QueueEntry
from hearth.subject_rights.erasure_plan import Preview
from hearth.subject_rights.eyes import Eyes, eyes_on, tables_told, told_counts
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.subjects import Subject, families_of, is_entrusted, subject_of
from hearth.subject_rights.vocabulary import Decision

NAME_NOT_READ = _l("A name that your role does not read")


class NotReadError(ValueError):
    """Whoever gives something out reads it; this is of a kind that her role does not read."""


class NotWholeError(NotReadError):
    """Whoever hands out a file is told by the family's of every part that it may have."""


class NotCorrectedError(NotReadError):
    """Whoever corrects something reads it; this is of a kind that her role does not read."""


def queue_read_by(session: Session, request: SubjectRequest, user: SignedIn) -> list[QueueEntry]:
    """The queue as somebody reads it: without what is of a kind she does not read.

    An entry of a part that the file does not show her is not named either.
    """
    read = disclosure.queue_read_by(session, request, user.id)
    eyes = _eyes(session, request, user, {one.household_id for one in read})
    told = _tables(session, request, user)
    return [_cover(one, eyes) for one in read if told(one.entry.table_name)]


def waiting(session: Session, request: SubjectRequest, user: SignedIn) -> int:
    """How many entries of the queue that somebody reads have to be read before it goes out."""
    told, read = _tables(session, request, user), disclosure.queue(session, request)
    return sum(one.waits for one in read if told(one.entry.table_name))


def find_entry(
    session: Session, request: SubjectRequest, entry_id: uuid.UUID, user: SignedIn
) -> Disclosure | None:
    """One entry of the queue that somebody reads, or None."""
    entry = disclosure.entry_of(session, request, entry_id)
    told = _tables(session, request, user)
    return entry if entry is not None and told(entry.table_name) else None


def entry_read_by(
    session: Session, request: SubjectRequest, entry: Disclosure, user: SignedIn
) -> QueueEntry:
    """One entry as somebody reads it."""
    read = disclosure.entry_read_by(session, request, entry, user.id)
    return _cover(read, _eyes(session, request, user, {read.household_id}))


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

    Whom a family's file tells of no stays or no referrals hands out nothing, whether there are any
    or not: what is refused because of a row would tell her of it.

    :raises NotWholeError: the file of a family leaves out a part for her.
    :raises NotReadError: something in it is of a kind that she does not read.
    :raises ChangedError: something was changed or sealed after it was released.
    :raises StillToReadError: something may tell of others and nobody has decided about it.
    :raises SealedNoteError: a sealed note is in it that its owner has not opened to her.
    :raises ShownBeforeError: it was handed out, and nobody asked for it anew.
    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    homes = families_of(session, request.subject_kind, request.subject_id)
    if closed_besides(session, homes, user=user):
        raise NotWholeError
    given = disclosure.given(session, request)
    eyes = _eyes(session, request, user, {told.household_id for told in given})
    for told in given:
        at, table = told.household_id, told.table.table.name
        if not all(eyes.read(at, told.asked_for(one), table) for one in told.values):
            raise NotReadError
    return disclosure.hand_out(session, request, by=user.id)


def correct(
    session: Session,
    request: SubjectRequest,
    *,
    field: str,
    value: str,
    note: str,
    user: SignedIn,
    today: date,
) -> None:
    """Write what is right, by the hand of somebody who reads it in every file of that person.

    :raises NotCorrectedError: it is of a kind that she does not read.
    :raises RequestError: the request is not for that, ended, or was not checked by two people.
    """
    data_class = correction.class_of(field)
    if data_class is None or not _eyes(session, request, user).read(None, {data_class}):
        raise NotCorrectedError
    correction.correct(
        session, request, field=field, value=value, note=note, by=user.id, today=today
    )


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
    return eyes_on(session, kind, subject_id, user=user).read(None, {FieldClass.FREE_TEXT})


def safe_contact(session: Session, request: SubjectRequest, *, user: SignedIn) -> SeenPerson | None:
    """How the family is reached without harm: by the mother's or carer's rules, whoever asks.

    Of one who has another family, too, whoever is bound is told what this one's file tells of her,
    and nothing where she does not have both.
    """
    home = request.household_id
    if home is None:
        return None
    through = told_through(session.get_one(Household, home).members)
    sees = _eyes(session, request, user, {home}).on(home)
    if through is None or sees is None:
        return None
    if not is_entrusted(session, SubjectKind.PERSON, through.id, user=user):
        return None
    known = known_in(session, [home], user=user) if is_bound(user) else Knowledge()
    return see_known(through, sees, known.about(home, through.id))


def own_words(session: Session, request: SubjectRequest, *, user: SignedIn) -> dict[str, Any]:
    """Who asked and in which words, and what was written at each step, as far as it is read."""
    eyes = _eyes(session, request, user)
    reads_words = eyes.read(None, {FieldClass.FREE_TEXT})
    return {
        "asker_name": request.asker_name if eyes.read(None, {FieldClass.IDENTITY}) else None,
        "wish": request.wish if reads_words else None,
        "reads_notes": reads_words,
    }


def what_goes(
    session: Session, request: SubjectRequest, plan: Preview, *, user: SignedIn
) -> dict[str, int]:
    """How much of each kind an erasure would take, without what the file does not show her."""
    about = [(request.subject_kind, request.subject_id)]
    return told_counts(session, plan.goes, about, user=user)


def _tables(session: Session, request: SubjectRequest, user: SignedIn) -> Callable[[str], bool]:
    return tables_told(session, [(request.subject_kind, request.subject_id)], user=user)


def _eyes(
    session: Session,
    request: SubjectRequest,
    user: SignedIn,
    rows_of: Collection[uuid.UUID | None] = (),
) -> Eyes:
    kind, subject_id = request.subject_kind, request.subject_id
    return eyes_on(session, kind, subject_id, user=user, rows_of=rows_of)


def _cover(read: QueueEntry, eyes: Eyes) -> QueueEntry:
    at, table = read.household_id, read.entry.table_name
    if read.is_row:
        parts = tuple(one for one in read.parts if eyes.read(at, _asked_by(read, one[0]), table))
        if len(parts) < len(read.parts):
            return replace(read, contents="", parts=parts, paper=None, is_covered=True)
    elif not (read.is_closed or eyes.read(at, _asked_by_entry(read), table)):
        return QueueEntry(entry=read.entry, contents="", is_covered=True)
    if read.paper and not eyes.read(at, ASKED_BY_A_PAPER):
        return replace(read, paper=replace(read.paper, opens=False))
    return read


def _asked_by(read: QueueEntry, field: DataField) -> frozenset[FieldClass]:
    return (read.asks or {}).get(field.name, frozenset({field.data_class}))


def _asked_by_entry(read: QueueEntry) -> frozenset[FieldClass]:
    table = table_named(read.entry.table_name)
    fields: Sequence[DataField] = table.fields if table else ()
    asked = (_asked_by(read, one) for one in fields if one.name == read.entry.field)
    return frozenset[FieldClass]().union(*asked)


def _name(session: Session, subject: Subject, user: SignedIn) -> str:
    if not is_bound(user):
        return subject.name
    match subject.kind:
        case SubjectKind.PERSON:
            sees = eyes_on(session, subject.kind, subject.id, user=user).on(None)
            known = session.get_one(Person, subject.id)
            return see_person(known, sees).full_name if sees else str(NAME_NOT_READ)
        case SubjectKind.REFERRAL:
            through = Permission.REFERRALS_READ
            referral = find_referral(session, subject.id, user=user, permission=through)
            name = see_referral(session, referral, user).mother_name if referral else ""
            return name or str(NAME_NOT_READ)
        case SubjectKind.DONOR:
            return subject.name if user.may(Permission.GIFTS_READ) else str(NAME_NOT_READ)
    return subject.name
