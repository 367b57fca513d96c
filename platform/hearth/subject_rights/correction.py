"""Acting on a request: putting something right, and stopping what somebody objects to."""

import uuid
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from hearth.data_classes import FieldClass
from hearth.data_records import SubjectKind
from hearth.data_register.registry import table_named
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Person
from hearth.giving.models import Donor
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.services import RequestError, lock, refuse_unchecked, take_step
from hearth.subject_rights.vocabulary import Step


class NotAPersonError(RequestError):
    """Only what is recorded about a person in a family's file is corrected here."""


class OnePersonError(RequestError):
    """Whoever made sure who asks does not, alone, change how somebody is reached."""


def class_of(field: str) -> FieldClass | None:
    """Of what kind something is that can be corrected about a person."""
    people = table_named(Person.__tablename__)
    fields = people.fields if people else ()
    return next((one.data_class for one in fields if one.name == field), None)


def correct(
    session: Session,
    request: SubjectRequest,
    *,
    field: str,
    value: str,
    note: str,
    by: uuid.UUID,
    today: date,
) -> None:
    """Write what is right; what stood there before is kept beside it as a fact of its own.

    :raises NotAPersonError: the request is about nobody in a family's file.
    :raises OnePersonError: it says how somebody is reached, by whoever alone made sure who asks.
    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    lock(session, request)
    refuse_unchecked(request)
    if request.subject_kind is not SubjectKind.PERSON:
        raise NotAPersonError
    if class_of(field) is FieldClass.CONTACT and _confirmed_by(request) == by:
        raise OnePersonError
    found = session.get_one(Person, request.subject_id)
    empty: str | None = "" if field in {"given_name", "family_name"} else None
    details = replace(PersonDetails.of(found), **{field: value or empty})  # type: ignore[arg-type]
    correct_person(
        session,
        found,
        details,
        corrected_by=by,
        today=today,
        household_id=request.household_id,
    )
    take_step(session, request, Step.CORRECTED, by=by, note=note)


def stop_uses(session: Session, request: SubjectRequest, *, note: str, by: uuid.UUID) -> None:
    """Stop what somebody objects to; a donor gets no more news from this moment.

    :raises RequestError: the request ended, or nobody has checked who asks.
    """
    lock(session, request)
    refuse_unchecked(request)
    if request.subject_kind is SubjectKind.DONOR:
        session.get_one(Donor, request.subject_id).news_wanted_at = None
    take_step(session, request, Step.RESTRICTED, by=by, note=note)


def _confirmed_by(request: SubjectRequest) -> uuid.UUID | None:
    confirmed = request.last_of(Step.IDENTITY_CONFIRMED)
    return confirmed.by if confirmed else None
