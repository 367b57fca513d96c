"""Whoever opens or closes a door to families stands in the chain, with ids and codes alone."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.case_access import services as access
from hearth.families.access_models import RestrictionKind
from hearth.service_delivery import note_readers
from hearth.shelter import workplaces
from hearth.staff import roles, teams
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_role
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house

REASON = "canary-reason"
Told = list[tuple[str, object, object]]


def _told(session: Session, prefix: str) -> Told:
    session.commit()
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert REASON not in str([event.facts for event in events])
    return [(e.action, e.household_id, e.facts) for e in events if e.action.startswith(prefix)]


def test_grants_and_restrictions_are_recorded(session: Session) -> None:
    family, director = open_family(session), staff_id(session, Role.DIRECTOR)
    reader, keeper = staff_id(session, Role.SPECIALIST), staff_id(session, Role.SUPERVISOR)
    given = access.give(
        session, family, user_id=reader, reason=REASON, ends_at=None, granted_by=director
    )
    access.revoke(session, given, revoked_by=director)
    held = access.restrict(
        session,
        family,
        kind=RestrictionKind.THREATENED,
        keeper_ids=[keeper],
        reason=REASON,
        set_by=director,
    )
    access.lift(session, held, lifted_by=keeper)

    told = _told(session, "access.")

    assert told == [
        ("access.granted", family.id, {"user": str(reader), "kind": "grant"}),
        ("access.revoked", family.id, {"user": str(reader), "kind": "grant"}),
        ("access.granted", family.id, {"user": str(keeper), "kind": "grant"}),
        ("access.restricted", family.id, {"kind": "threatened"}),
        ("access.restriction-lifted", family.id, {"kind": "threatened"}),
    ]


def test_teams_are_recorded(session: Session) -> None:
    administrator, worker = as_role(session, Role.ADMINISTRATOR), staff_id(session)
    team = teams.form_team(session, name=REASON, created_by=administrator.id)
    member = teams.join(session, team, user_id=worker, actor=administrator)
    teams.leave(session, member, actor=administrator)

    told = _told(session, "team.")

    assert [(action, facts) for action, _household, facts in told] == [
        ("team.formed", {}),
        ("team.joined", {"user": str(worker)}),
        ("team.left", {"user": str(worker)}),
    ]


def test_work_in_a_house_is_recorded(session: Session) -> None:
    house, worker = make_house(session, staffed=False), staff_id(session, Role.HOUSE_STAFF)
    administrator = as_role(session, Role.ADMINISTRATOR)
    begun = workplaces.begin_work(session, house_id=house.id, user_id=worker, actor=administrator)
    workplaces.end_work(session, begun, actor=administrator)

    told = _told(session, "house.work")

    assert [(action, facts) for action, _household, facts in told] == [
        ("house.work-begun", {"user": str(worker)}),
        ("house.work-ended", {"user": str(worker)}),
    ]


def test_what_becomes_of_roles_is_recorded(session: Session) -> None:
    administrator = as_role(session, Role.ADMINISTRATOR)
    own = roles.derive_role(session, name=REASON, base=Role.SUPERVISOR, actor=administrator)
    narrower = {"families.read": "own"}
    for rules in ({"cases.restrict": "withheld"}, narrower, narrower):
        role = roles.role_in_use(session, own.code)
        assert role is not None
        roles.narrow(session, role, rules, actor=administrator)
    user = session.get_one(User, staff_id(session))
    roles.hand_out(session, user, [own.code], actor=administrator)

    told = _told(session, "role.")

    assert [(action, facts) for action, _household, facts in told] == [
        ("role.derived", {"role": own.code, "base": "supervisor"}),
        ("role.narrowed", {"role": own.code, "rules": ["cases.restrict=withheld"]}),
        (
            "role.narrowed",
            {"role": own.code, "rules": ["cases.restrict=unbound", "families.read=own"]},
        ),
        ("role.handed-out", {"given": [own.code], "taken": ["social-worker"]}),
    ]


def test_readers_of_a_sealed_note_are_recorded(session: Session) -> None:
    family, reader = open_family(session), staff_id(session, Role.SUPERVISOR)
    note = record_service(session, family, note=REASON, sealed=True)
    note_readers.let_read(session, note, user_id=reader)
    note_readers.take_back(session, note, user_id=reader)
    note_readers.take_back(session, note, user_id=reader)

    told = _told(session, "note.")

    assert told == [
        ("note.reader-added", family.id, {"user": str(reader)}),
        ("note.reader-removed", family.id, {"user": str(reader)}),
    ]
