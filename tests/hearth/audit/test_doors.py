"""Whoever opens or closes a door to families stands in the chain, with ids and codes alone."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.case_access import services as access
from hearth.families.access_models import RestrictionKind
from hearth.service_delivery import sealed
from hearth.shelter import workplaces
from hearth.staff import roles, teams
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_role
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house

REASON = "canary-reason"
Told = list[tuple[str, object, object]]


@pytest.fixture
def chain(session: Session) -> Iterator[Session]:
    """The session, whose events are written when the test commits."""
    session.commit()
    return session


def _told(session: Session, prefix: str) -> Told:
    session.commit()
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert REASON not in str([event.facts for event in events])
    return [(e.action, e.household_id, e.facts) for e in events if e.action.startswith(prefix)]


def test_grants_and_restrictions_are_recorded(chain: Session) -> None:
    family, director = open_family(chain), staff_id(chain, Role.DIRECTOR)
    reader, keeper = staff_id(chain, Role.SPECIALIST), staff_id(chain, Role.SUPERVISOR)
    given = access.give(
        chain, family, user_id=reader, reason=REASON, ends_at=None, granted_by=director
    )
    access.revoke(chain, given, revoked_by=director)
    held = access.restrict(
        chain,
        family,
        kind=RestrictionKind.THREATENED,
        keeper_ids=[keeper],
        reason=REASON,
        set_by=director,
    )
    access.lift(chain, held, lifted_by=keeper)

    told = _told(chain, "access.")

    assert told == [
        ("access.granted", family.id, {"user": str(reader), "kind": "grant"}),
        ("access.revoked", family.id, {"user": str(reader), "kind": "grant"}),
        ("access.granted", family.id, {"user": str(keeper), "kind": "grant"}),
        ("access.restricted", family.id, {"kind": "threatened"}),
        ("access.restriction-lifted", family.id, {"kind": "threatened"}),
    ]


def test_teams_are_recorded(chain: Session) -> None:
    administrator, worker = staff_id(chain, Role.ADMINISTRATOR), staff_id(chain)
    team = teams.form_team(chain, name=REASON, created_by=administrator)
    member = teams.join(chain, team, user_id=worker, set_by=administrator)
    teams.leave(chain, member, ended_by=administrator)

    told = _told(chain, "team.")

    assert [(action, facts) for action, _household, facts in told] == [
        ("team.formed", {}),
        ("team.joined", {"user": str(worker)}),
        ("team.left", {"user": str(worker)}),
    ]


def test_work_in_a_house_is_recorded(chain: Session) -> None:
    house, worker = make_house(chain, staffed=False), staff_id(chain, Role.HOUSE_STAFF)
    by = staff_id(chain, Role.ADMINISTRATOR)
    begun = workplaces.begin_work(chain, house_id=house.id, user_id=worker, set_by=by)
    workplaces.end_work(chain, begun, ended_by=by)

    told = _told(chain, "house.work")

    assert [(action, facts) for action, _household, facts in told] == [
        ("house.work-begun", {"user": str(worker)}),
        ("house.work-ended", {"user": str(worker)}),
    ]


def test_what_becomes_of_roles_is_recorded(chain: Session) -> None:
    administrator = as_role(chain, Role.ADMINISTRATOR)
    own = roles.derive_role(chain, name=REASON, base=Role.SUPERVISOR, actor=administrator)
    narrower = {"families.read": "own"}
    for rules in ({"cases.restrict": "withheld"}, narrower, narrower):
        role = roles.role_in_use(chain, own.code)
        assert role is not None
        roles.narrow(chain, role, rules, actor=administrator)
    user = chain.get_one(User, staff_id(chain))
    roles.hand_out(chain, user, [own.code], actor=administrator)

    told = _told(chain, "role.")

    assert [(action, facts) for action, _household, facts in told] == [
        ("role.derived", {"role": own.code, "base": "supervisor"}),
        ("role.narrowed", {"role": own.code, "rules": ["cases.restrict=withheld"]}),
        (
            "role.narrowed",
            {"role": own.code, "rules": ["cases.restrict=unbound", "families.read=own"]},
        ),
        ("role.handed-out", {"given": [own.code], "taken": ["social-worker"]}),
    ]


def test_readers_of_a_sealed_note_are_recorded(chain: Session) -> None:
    family, reader = open_family(chain), staff_id(chain, Role.SUPERVISOR)
    note = record_service(chain, family, note=REASON, sealed=True)
    sealed.let_read(chain, note, user_id=reader)
    sealed.take_back(chain, note, user_id=reader)
    sealed.take_back(chain, note, user_id=reader)

    told = _told(chain, "note.")

    assert told == [
        ("note.reader-added", family.id, {"user": str(reader)}),
        ("note.reader-removed", family.id, {"user": str(reader)}),
    ]
