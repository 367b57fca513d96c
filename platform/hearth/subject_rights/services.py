"""Takes requests, follows their steps and keeps their clock."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.data_records import SubjectKind
from hearth.service_delivery.note_readers import end_with_request
from hearth.subject_rights.belonging import is_alone
from hearth.subject_rights.models import RequestStep, SubjectRequest
from hearth.subject_rights.subjects import Subject, is_hidden
from hearth.subject_rights.vocabulary import CLOSING, Asker, RequestKind, Step
from hearth.trail import Fact
from tenants.legal import LegalProfile

# What has a name of its own in the organisation's records; every other step is one.
RECORDED_AS = {
    Step.RECEIVED: "request.taken",
    Step.EXPORTED: "request.released",
    Step.ERASURE_ASKED: "erasure.asked",
    Step.ERASURE_REFUSED: "erasure.refused",
}


class RequestError(ValueError):
    """A step that cannot be taken now."""


class ClosedError(RequestError):
    """The request was answered before."""


class NotCheckedError(RequestError):
    """Nobody has made sure yet who asks, or that the answer brings nobody into danger."""


class ExtendedBeforeError(RequestError):
    """The time for the answer was extended once already."""


def take_request(
    session: Session,
    subject: Subject,
    *,
    kind: RequestKind,
    asked_by: Asker,
    asker_name: str | None,
    received_on: date,
    whole_family: bool,
    wish: str | None,
    received_by: uuid.UUID,
    profile: LegalProfile,
) -> SubjectRequest:
    """Record a request; its clock runs from the day it came.

    A look at who asks is needed for every child, whenever somebody asks for somebody else, and for
    everybody in whose family there is or was anybody else.
    """
    request = SubjectRequest(
        kind=kind,
        subject_kind=subject.kind,
        subject_id=subject.id,
        household_id=subject.household_id,
        asked_by=asked_by,
        asker_name=asker_name,
        received_on=received_on,
        due_on=profile.answers[kind.value].after(received_on),
        needs_safeguarding=whole_family
        or asked_by is not Asker.SELF
        or _has_others(session, subject),
        whole_family=whole_family,
        wish=wish,
        received_by=received_by,
    )
    session.add(request)
    session.flush()
    _add(session, request, Step.RECEIVED, by=received_by)
    return request


def take_step(
    session: Session,
    request: SubjectRequest,
    step: Step,
    *,
    by: uuid.UUID,
    note: str | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> None:
    """Add a dated step; one that ends the request stops its clock, and what was opened for it.

    :raises ClosedError: the request has ended.
    """
    lock(session, request)
    _add(session, request, step, by=by, note=note, facts=facts)
    if step in CLOSING:
        request.closed_at = datetime.now(UTC)
        request.outcome = step
        session.flush()
        if request.household_id is not None:
            end_with_request(session, request.household_id, by=by)


def extend(
    session: Session, request: SubjectRequest, *, by: uuid.UUID, note: str, profile: LegalProfile
) -> None:
    """Take the longer time that the law grants once, with a reason that is told to the requester.

    :raises ExtendedBeforeError: it was taken before.
    """
    lock(session, request)
    if request.has(Step.EXTENDED):
        raise ExtendedBeforeError
    request.due_on = profile.extension.after(request.due_on)
    _add(session, request, Step.EXTENDED, by=by, note=note)


def refuse_unchecked(request: SubjectRequest) -> None:
    """Let nobody answer before it is known who asks and that it is safe.

    :raises NotCheckedError: the latest word on one of the two is missing or is a no.
    """
    known = request.last_of(Step.IDENTITY_CONFIRMED, Step.IDENTITY_DOUBTFUL)
    if known is None or known.step is Step.IDENTITY_DOUBTFUL:
        raise NotCheckedError
    if not request.needs_safeguarding:
        return
    safe = request.last_of(Step.SAFE, Step.UNSAFE)
    if safe is None or safe.step is Step.UNSAFE:
        raise NotCheckedError


def lock(session: Session, request: SubjectRequest) -> None:
    """Let steps of one request be taken one after the other.

    :raises ClosedError: the request has ended.
    """
    session.flush()
    session.refresh(request, with_for_update=True)
    session.expire(request, ["steps"])
    if not request.is_open:
        raise ClosedError


def get_request(session: Session, request_id: uuid.UUID) -> SubjectRequest | None:
    """One request with its steps, or None."""
    return session.scalars(
        select(SubjectRequest)
        .where(SubjectRequest.id == request_id)
        .options(selectinload(SubjectRequest.steps))
    ).one_or_none()


def open_requests(
    session: Session, subject_ids: Collection[uuid.UUID] | None = None
) -> Sequence[SubjectRequest]:
    """Requests that wait for an answer, of some subjects or of all, the most pressing first."""
    wanted = select(SubjectRequest).where(SubjectRequest.closed_at.is_(None))
    if subject_ids is not None:
        wanted = wanted.where(SubjectRequest.subject_id.in_(subject_ids))
    return session.scalars(wanted.order_by(SubjectRequest.due_on, SubjectRequest.id)).all()


def answered_requests(
    session: Session, *, user: SignedIn, limit: int = 50
) -> Sequence[SubjectRequest]:
    """The requests that ended last, of those that are entrusted to somebody."""
    # A list cut before it is sifted would tell by its length how many are hidden.
    hidden = is_hidden(
        SubjectRequest.subject_kind,
        SubjectRequest.subject_id,
        user=user,
        permission=Permission.SUBJECT_RIGHTS,
    )
    ended = select(SubjectRequest).where(SubjectRequest.closed_at.is_not(None), ~hidden)
    newest = ended.order_by(SubjectRequest.closed_at.desc()).limit(limit)
    return session.scalars(newest).all()


def record(
    session: Session,
    request: SubjectRequest,
    action: str,
    *,
    by: uuid.UUID | None,
    facts: Mapping[str, Fact],
) -> None:
    """Record something about a request in the organisation's records."""
    known = {"kind": request.kind.value, "about": request.subject_kind.value}
    audit.record(
        session,
        action=action,
        subject_type="subject_request",
        subject_id=request.id,
        actor_id=by,
        household_id=request.household_id,
        facts={**known, **facts},
    )


def _has_others(session: Session, subject: Subject) -> bool:
    if subject.kind is SubjectKind.PERSON:
        return subject.is_child or not is_alone(session, subject.id)
    return subject.kind is SubjectKind.HOUSEHOLD


def _add(
    session: Session,
    request: SubjectRequest,
    step: Step,
    *,
    by: uuid.UUID,
    note: str | None = None,
    facts: Mapping[str, Fact] | None = None,
) -> None:
    session.add(RequestStep(request_id=request.id, step=step, note=note, by=by))
    session.flush()
    action = RECORDED_AS.get(step, "request.step")
    record(session, request, action, by=by, facts={"step": step.value, **(facts or {})})
    session.expire(request, ["steps"])
