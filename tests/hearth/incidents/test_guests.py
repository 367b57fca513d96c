"""Whoever was let into a file until a day ticks off nobody of it as told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.incidents import searching
from hearth.incidents.models import PersonNotice
from hearth.incidents.searching import Criteria
from tests.factories.families import open_family, staff_id
from tests.factories.people import grant, restriction
from tests.factories.rights import open_incident
from tests.support.visitors import Visitor


@pytest.mark.parametrize(("for_good", "answered"), [(False, 404), (True, 303)])
def test_only_whoever_was_let_in_for_good_ticks_off_that_somebody_was_told(
    session: Session, sign_in: Callable[..., Visitor], *, for_good: bool, answered: int
) -> None:
    family, incident = open_family(session), open_incident(session)
    searching.freeze(session, incident, Criteria(), by=staff_id(session, Role.PRIVACY_OFFICER))
    restriction(session, family)
    ends_at = None if for_good else datetime.now(UTC) + timedelta(hours=1)
    grant(session, family, staff_id(session, Role.DIRECTOR), ends_at=ends_at)
    person_id = family.current_members[0].person_id
    director, here = sign_in(Role.DIRECTOR), f"/incidents/{incident.id}/people/{person_id}"

    shown = director.get(here)
    answer = director.submit(here, {"way": "in_person"}, page=f"/incidents/{incident.id}/entry")

    assert shown.status_code == 200
    assert ("Tick it off" in shown.text) is for_good
    assert answer.status_code == answered
    assert bool(session.scalars(select(PersonNotice)).all()) is for_good
