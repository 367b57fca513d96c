"""Rows of the tables that no address leads to, so that a canary can be planted in them, too."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from hearth.accounts import api_tokens
from hearth.accounts.factor_models import Passkey
from hearth.accounts.permissions import Permission, Role
from hearth.break_glass import services as break_glass
from hearth.break_glass.models import GlassLook
from hearth.break_glass.vocabulary import Outcome
from hearth.families.membership import PersonDetails, correct_person
from hearth.families.models import Person
from hearth.incidents import services as incidents
from hearth.incidents.models import EntryKind, Incident, PersonNotice, Way
from hearth.shelter import services as shelter
from hearth.shelter.models import Stay
from tests.factories.families import TODAY, staff_id


def fill_the_rest(session: Session, ids: Mapping[str, str]) -> None:
    """A key, a passkey, a correction, a move, a review, an incident's entry and its notice."""
    director = staff_id(session, Role.DIRECTOR)
    api_tokens.make_token(
        session,
        user_id=director,
        name="our website",
        scopes=[Permission.NUMBERS_READ],
        own=[Permission.NUMBERS_READ, Permission.TOKENS_USE],
        days=30,
        host="spb.hearth.test",
    )
    session.add(
        Passkey(
            user_id=director, credential_id=b"a device", public_key=b"", sign_count=0, name="phone"
        )
    )
    person = session.get_one(Person, uuid.UUID(ids["person_id"]))
    details = replace(PersonDetails.of(person), given_name="Test-Other")
    correct_person(session, person, details, corrected_by=director, today=TODAY)
    stay = session.get_one(Stay, uuid.UUID(ids["stay_id"]))
    shelter.move(
        session,
        stay,
        person_id=person.id,
        place_id=uuid.UUID(ids["place_id"]),
        moved_on=TODAY,
        recorded_by=director,
        today=TODAY,
        note="a quieter room",
    )
    _incident(session, session.get_one(Incident, uuid.UUID(ids["incident_id"])), person, director)
    look = session.get_one(GlassLook, uuid.UUID(ids["look_id"]))
    break_glass.review(
        session, look, outcome=Outcome.JUSTIFIED, note="She was right.", reviewed_by=director
    )


def _incident(session: Session, incident: Incident, person: Person, by: uuid.UUID) -> None:
    incidents.add_entry(
        session,
        incident,
        kind=EntryKind.MEASURE,
        text="The folder was found.",
        happened_at=datetime.now(UTC),
        by=by,
    )
    session.add(
        PersonNotice(
            incident_id=incident.id, person_id=person.id, way=Way.IN_PERSON, note="told", told_by=by
        )
    )
    session.flush()
