"""Somebody lets a colleague in at the moment in which somebody else closes the file."""

import time

from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.case_access import services
from hearth.families.access_models import RestrictionKind
from hearth.families.models import Household
from tenants.context import tenant_session
from tenants.registry import OrgRef
from tests.factories.families import open_family
from tests.factories.people import as_user, colleague
from tests.support.at_once import at_once


def test_what_is_being_closed_is_opened_to_nobody_meanwhile(committing_org: OrgRef) -> None:
    with tenant_session(committing_org) as session:
        household_id = open_family(session).id
        restricting, asking, keeper = (
            colleague(session, role).id for role in (Role.SUPERVISOR, Role.DIRECTOR, Role.DIRECTOR)
        )

    def find(session: Session) -> Household | None:
        user, through = as_user(session, asking), Permission.CASES_RESTRICT
        return services.hold_household(session, household_id, user=user, permission=through)

    def close() -> object:
        with tenant_session(committing_org) as session:
            services.restrict(
                session,
                session.get_one(Household, household_id),
                kind=RestrictionKind.THREATENED,
                keeper_ids=[keeper],
                reason="he works here",
                set_by=restricting,
            )
            time.sleep(0.4)
        return "closed"

    def open_meanwhile() -> object:
        time.sleep(0.1)
        with tenant_session(committing_org) as session:
            return "open" if find(session) else "closed to her"

    with tenant_session(committing_org) as session:
        was_open = find(session) is not None
    outcomes = at_once(close, open_meanwhile)

    assert was_open
    assert outcomes == ["closed", "closed to her"]
    with tenant_session(committing_org) as session:
        grants = services.active_grants(session, household_id)
        assert [one.user_id for one in grants] == [keeper]
