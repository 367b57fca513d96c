"""What somebody did for a family opens its file to read, for a while, and never beyond a grant."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountEvent
from hearth.accounts.events import Happened
from hearth.accounts.permissions import Permission, Role
from hearth.families.access import is_visible, ways_in
from hearth.families.access_models import GrantKind
from hearth.families.models import Household
from hearth.families.reach import Way
from hearth.service_delivery import services
from hearth.service_delivery.models import ServiceDelivery
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import as_role, as_user, colleague, grant, restriction, team
from tests.factories.service_delivery import details, record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
P = Permission
VISIT = {"kind": "phone_call", "mode": "home", "delivered_on": TODAY.isoformat()}


@pytest.fixture
def family(session: Session) -> Household:
    """A family that a colleague accompanies whom no team joins to anybody."""
    return open_family(
        session,
        key_worker_id=colleague(session, Role.SOCIAL_WORKER).id,
        opened_on=TODAY - timedelta(days=300),
    )


def _record(visitor: Visitor, family: Household) -> int:
    mother = family.current_members[0].person_id
    path = f"/families/{family.id}/services/new"
    return visitor.submit(path, {**VISIT, "recipient_ids": [str(mother)]}).status_code


def _opened_again(session: Session, user_id: uuid.UUID, at: datetime) -> None:
    opened = AccountEvent(user_id=user_id, kind=Happened.OPENED, device="", happened_at=at)
    session.add(opened)
    session.flush()


def _sees(session: Session, family: Household, role: Role, permission: Permission) -> bool:
    return is_visible(session, family.id, user=as_role(session, role), permission=permission)


@pytest.mark.parametrize("role", [Role.SPECIALIST, Role.SOCIAL_WORKER])
@pytest.mark.parametrize("ending", ["ends_at", "revoked_at"])
def test_what_was_done_by_grant_opens_nothing_when_the_grant_is_over(
    role: Role, ending: str, session: Session, family: Household, sign_in: SignIn
) -> None:
    given = grant(session, family, staff_id(session, role))
    visitor = sign_in(role)

    recorded = _record(visitor, family)
    by = staff_id(session, Role.DIRECTOR) if ending == "revoked_at" else None
    with session.no_autoflush:
        given.revoked_by = by
        setattr(given, ending, datetime.now(UTC))
    session.flush()

    assert recorded == 303
    assert session.scalars(select(ServiceDelivery.through_grant)).all() == [True]
    assert visitor.get(f"/families/{family.id}").status_code == 404


def test_what_was_done_in_the_team_opens_the_file_for_reading_after_leaving_it(
    session: Session, family: Household, sign_in: SignIn
) -> None:
    key_worker = family.current_key_worker
    assert key_worker is not None
    together = team(session, staff_id(session), key_worker.id)
    visitor, path = sign_in(Role.SOCIAL_WORKER), f"/families/{family.id}"

    recorded = _record(visitor, family)
    mine = next(one for one in together.members if one.user_id == staff_id(session))
    mine.until_at, mine.ended_by = datetime.now(UTC), mine.set_by
    session.flush()

    assert recorded == 303
    assert session.scalars(select(ServiceDelivery.through_grant)).all() == [False]
    assert visitor.get(path).status_code == 200
    for page in ("close", "key-worker", "services/new", "admit", "members/new"):
        assert visitor.get(f"{path}/{page}").status_code == 404


@pytest.mark.parametrize(("days", "opens"), [(0, True), (90, True), (91, False)])
def test_it_opens_the_file_for_ninety_days(
    days: int, opens: bool, session: Session, family: Household
) -> None:
    by = staff_id(session, Role.SPECIALIST)

    record_service(session, family, provided_by=by, delivered_on=TODAY - timedelta(days=days))

    assert _sees(session, family, Role.SPECIALIST, P.FAMILIES_READ) is opens
    assert _sees(session, family, Role.SPECIALIST, P.SERVICES_WRITE) is False


def test_a_correction_never_makes_the_ninety_days_longer(
    session: Session, family: Household
) -> None:
    by = staff_id(session, Role.SPECIALIST)
    day = TODAY - timedelta(days=92)
    old = record_service(session, family, provided_by=by, delivered_on=day)

    first = services.correct_service(
        session, old, details(family, delivered_on=TODAY), recorded_by=by, today=TODAY
    )
    second = services.correct_service(
        session, first, details(family, delivered_on=TODAY), recorded_by=by, today=TODAY
    )

    assert (second.delivered_on, second.opens_from) == (TODAY, day)
    assert _sees(session, family, Role.SPECIALIST, P.FAMILIES_READ) is False


def test_a_correction_stays_what_was_done_by_grant(session: Session, family: Household) -> None:
    by = staff_id(session, Role.SPECIALIST)
    old = record_service(session, family, provided_by=by, through_grant=True)

    new = services.correct_service(session, old, details(family), recorded_by=by, today=TODAY)

    assert new.through_grant is True


def test_whoever_may_still_read_corrects_her_own_entries_and_no_other(
    session: Session, family: Household, sign_in: SignIn
) -> None:
    mine = record_service(session, family, provided_by=staff_id(session))
    others = record_service(session, family, provided_by=staff_id(session, Role.SUPERVISOR))
    visitor, path = sign_in(Role.SOCIAL_WORKER), f"/families/{family.id}/services"

    file = visitor.get(f"/families/{family.id}").text

    assert visitor.get(f"{path}/{mine.id}/correct").status_code == 200
    assert visitor.get(f"{path}/{mine.id}/cancel").status_code == 200
    assert visitor.get(f"{path}/{others.id}/correct").status_code == 404
    assert f"{path}/{mine.id}/correct" in file
    assert f"{path}/{others.id}/correct" not in file


def test_an_emergency_look_is_no_way_to_an_entry_of_long_ago(
    session: Session, family: Household, sign_in: SignIn
) -> None:
    me, now = staff_id(session), datetime.now(UTC)
    day = TODAY - timedelta(days=200)
    mine = record_service(session, family, provided_by=me, delivered_on=day)
    soon = now + timedelta(minutes=60)
    grant(session, family, me, kind=GrantKind.BREAK_GLASS, granted_by=None, ends_at=soon)
    visitor = sign_in(Role.SOCIAL_WORKER)

    answer = visitor.get(f"/families/{family.id}/services/{mine.id}/correct")

    assert visitor.get(f"/families/{family.id}").status_code == 200
    assert answer.status_code == 404


def test_a_restriction_closes_what_was_served(session: Session, family: Household) -> None:
    record_service(session, family, provided_by=staff_id(session))
    restriction(session, family)

    assert _sees(session, family, Role.SOCIAL_WORKER, P.FAMILIES_READ) is False


def test_every_way_into_a_file_is_told(session: Session, family: Household) -> None:
    key_worker = family.current_key_worker
    assert key_worker is not None
    mate, served = colleague(session, Role.SOCIAL_WORKER), colleague(session, Role.SPECIALIST)
    team(session, mate.id, key_worker.id)
    record_service(session, family, provided_by=served.id)
    specialist = staff_id(session, Role.SPECIALIST)
    grant(session, family, specialist)
    asked = [key_worker.id, mate.id, served.id, specialist, staff_id(session, Role.DIRECTOR)]
    users = [as_user(session, one) for one in [*asked, staff_id(session)]]

    ways = ways_in(session, family.id, users, P.FAMILIES_READ)
    restriction(session, family)
    left = ways_in(session, family.id, users, P.FAMILIES_READ)

    assert ways == {
        key_worker.id: {Way.ACCOMPANIES, Way.TEAM},
        mate.id: {Way.TEAM},
        served.id: {Way.SERVED},
        specialist: {Way.GRANT},
        staff_id(session, Role.DIRECTOR): {Way.ORGANISATION},
    }
    assert left == {specialist: {Way.GRANT}}


@pytest.mark.parametrize(("hours", "opens"), [(1, True), (-1, False)])
def test_what_was_served_counts_only_since_the_account_was_opened_again(
    hours: int, opens: bool, session: Session, family: Household
) -> None:
    by = staff_id(session, Role.SPECIALIST)
    old = record_service(session, family, provided_by=by)

    _opened_again(session, by, old.recorded_at - timedelta(hours=hours))

    assert _sees(session, family, Role.SPECIALIST, P.FAMILIES_READ) is opens


def test_a_correction_by_a_colleague_gives_back_nothing_that_was_served_before(
    session: Session, family: Household
) -> None:
    by = staff_id(session, Role.SPECIALIST)
    old = record_service(session, family, provided_by=by)
    _opened_again(session, by, old.recorded_at)

    new = services.correct_service(
        session, old, details(family), recorded_by=staff_id(session), today=TODAY
    )
    new.recorded_at = old.recorded_at + timedelta(hours=1)
    session.flush()

    assert new.provided_by == by
    assert _sees(session, family, Role.SPECIALIST, P.FAMILIES_READ) is False
