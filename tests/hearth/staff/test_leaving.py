"""What opened families to somebody ends with her account, and comes back with nobody's click."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import HouseWorker, TeamMember
from hearth.audit.models import AuditEvent
from hearth.case_access.keepers import files_without_keeper
from hearth.case_access.services import active_grants, ended_grants
from hearth.families.models import KeyWorker
from hearth.service_delivery import sealed
from hearth.service_delivery.models import NoteGrant
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import as_user, colleague, grant, restriction, team, works_in
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
ENDINGS = ("access.revoked", "house.work-ended", "team.left")


@pytest.fixture
def vera(session: Session) -> User:
    return colleague(session, Role.SOCIAL_WORKER, name="Vera Example")


def _save(administrator: Visitor, user: User, *, works_here: bool) -> int:
    answers = {
        "name": user.name,
        "roles": [user.roles[0]],
        "locale": "en",
        "works_here": "true" if works_here else "false",
    }
    return administrator.submit(f"/colleagues/{user.id}", answers).status_code


def test_a_closed_account_ends_what_opened_families_and_opening_it_gives_none_back(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    household = open_family(session)
    given = grant(session, household, vera.id)
    until = grant(session, household, vera.id, ends_at=datetime.now(UTC) + timedelta(days=1))
    team(session, vera.id, staff_id(session))
    works_in(session, vera.id, make_house(session, staffed=False))
    administrator = sign_in(Role.ADMINISTRATOR)

    closed = _save(administrator, vera, works_here=False)
    opened = _save(administrator, vera, works_here=True)

    session.expire_all()
    known, me = as_user(session, vera.id), staff_id(session, Role.ADMINISTRATOR)
    assert (closed, opened) == (303, 303)
    assert (known.teams, known.houses) == (frozenset(), frozenset())
    assert active_grants(session, household.id) == []
    assert given.revoked_by == until.revoked_by == me
    assert len(ended_grants(session, household.id)) == 2
    ended: list[TeamMember | HouseWorker] = [
        session.scalars(select(TeamMember).where(TeamMember.user_id == vera.id)).one(),
        session.scalars(select(HouseWorker).where(HouseWorker.user_id == vera.id)).one(),
    ]
    assert {one.ended_by for one in ended} == {me}
    assert None not in {one.until_at for one in ended}
    session.commit()
    done = select(AuditEvent.action).where(AuditEvent.action.in_(ENDINGS))
    assert sorted(session.scalars(done)) == sorted([*ENDINGS, "access.revoked"])


def test_an_account_closed_in_an_earlier_release_is_opened_without_them(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    household = open_family(session)
    grant(session, household, vera.id)
    vera.disabled_at = datetime.now(UTC)
    session.flush()

    _save(sign_in(Role.ADMINISTRATOR), vera, works_here=True)

    session.expire_all()
    assert session.get_one(User, vera.id).disabled_at is None
    assert active_grants(session, household.id) == []


def test_what_others_hold_is_left_alone(session: Session, vera: User, sign_in: SignIn) -> None:
    household, other = open_family(session), staff_id(session, Role.SPECIALIST)
    grant(session, household, other)
    shared = team(session, vera.id, other)

    _save(sign_in(Role.ADMINISTRATOR), vera, works_here=False)

    session.expire_all()
    assert [one.user_id for one in active_grants(session, household.id)] == [other]
    assert [one.user_id for one in shared.members if one.until_at is None] == [other]


def test_the_last_keeper_of_a_restricted_case_leaves_it_to_whoever_names_another(
    session: Session, sign_in: SignIn
) -> None:
    keeper = colleague(session, Role.SUPERVISOR, name="Vera Example")
    household = open_family(session)
    restriction(session, household)
    grant(session, household, keeper.id)

    _save(sign_in(Role.ADMINISTRATOR), keeper, works_here=False)

    session.expire_all()
    officer = as_user(session, staff_id(session, Role.PRIVACY_OFFICER))
    assert active_grants(session, household.id) == []
    lost = files_without_keeper(session, user=officer)
    assert [one.household.id for one in lost] == [household.id]


def test_a_closed_account_accompanies_nobody_and_reads_no_sealed_note_when_it_is_opened(
    session: Session, vera: User, sign_in: SignIn, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    hers, owner = open_family(session, key_worker_id=vera.id), staff_id(session, Role.SPECIALIST)
    note = record_service(session, hers, provided_by=owner, note="SEALED", sealed=True)
    sealed.let_read(session, note, user_id=vera.id)
    administrator = sign_in(Role.ADMINISTRATOR)

    _save(administrator, vera, works_here=False)
    _save(administrator, vera, works_here=True)

    session.expire_all()
    assert enter(vera.id).get(f"/families/{hers.id}").status_code == 404
    assert hers.current_key_worker is None
    assert [one.until_on for one in hers.key_workers] == [TODAY]
    assert sealed.readers(session, note) == []
    session.commit()
    told = select(AuditEvent).where(AuditEvent.household_id == hers.id)
    ended = [
        (one.action, one.subject_id, one.actor_id, one.facts["user"])
        for one in session.scalars(told)
        if one.action in {"family.key_worker_ended", "note.reader-removed"}
    ]
    by, whose = staff_id(session, Role.ADMINISTRATOR), str(vera.id)
    assert sorted(ended) == [
        ("family.key_worker_ended", hers.id, by, whose),
        ("note.reader-removed", note.id, by, whose),
    ]


def test_opening_ends_what_an_earlier_release_left_open(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    hers = open_family(session, key_worker_id=vera.id)
    note = record_service(session, hers, note="SEALED", sealed=True)
    sealed.let_read(session, note, user_id=vera.id)
    vera.disabled_at = datetime.now(UTC)
    session.flush()

    _save(sign_in(Role.ADMINISTRATOR), vera, works_here=True)

    session.expire_all()
    left = select(KeyWorker.id).where(KeyWorker.user_id == vera.id, KeyWorker.until_on.is_(None))
    read = select(NoteGrant.id).where(NoteGrant.user_id == vera.id, NoteGrant.until_at.is_(None))
    assert session.scalars(left).all() == []
    assert session.scalars(read).all() == []


def test_before_an_account_is_closed_it_is_said_how_many_families_wait_for_somebody(
    session: Session, vera: User, sign_in: SignIn
) -> None:
    administrator, path = sign_in(Role.ADMINISTRATOR), f"/colleagues/{vera.id}"
    none = administrator.get(path).text
    families = [open_family(session, key_worker_id=vera.id) for _ in range(2)]

    page = administrator.get(path).text

    assert "accompanies" not in none
    assert "accompanies 2 families" in page
    assert all(one.case_number not in page for one in families)
