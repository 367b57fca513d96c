from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.families.models import Household
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.vocabulary import ServiceKind
from tests.factories.families import TODAY, open_family
from tests.factories.service_delivery import record_service, services_of
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
NOBODY = "018f0000-0000-7000-8000-000000000000"


@pytest.fixture
def household(session: Session) -> Household:
    return open_family(session)


def visit(household: Household, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "home_visit",
        "delivered_on": TODAY.isoformat(),
        "began_at": "14:30",
        "minutes": "60",
        "mode": "home",
        "recipient_ids": [str(member.person_id) for member in household.current_members],
        "note": "Test note",
    } | changes


def test_a_service_is_recorded_and_stands_in_the_file(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    visitor = sign_in("social-worker")

    answer = visitor.submit(f"/families/{household.id}/services/new", visit(household))

    (service,) = services_of(session, household.id)
    assert answer.location == f"/families/{household.id}"
    assert service.began_at == time(14, 30)
    assert len(service.recipients) == 2
    assert "Test note" in visitor.get(answer.location).text


def test_the_form_begins_with_today_and_the_mother(household: Household, sign_in: SignIn) -> None:
    page = sign_in("social-worker").get(f"/families/{household.id}/services/new").text

    mother = household.current_members[0].person_id
    assert f'value="{TODAY.isoformat()}"' in page
    assert f'value="{mother}"' in page
    assert page.count("checked") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": ""},
        {"kind": "magic"},
        {"delivered_on": (TODAY + timedelta(days=2)).isoformat()},
        {"delivered_on": (TODAY - timedelta(days=900)).isoformat()},
        {"minutes": "0"},
        {"minutes": "1441"},
        {"began_at": "25:99"},
        {"recipient_ids": []},
        {"recipient_ids": [NOBODY]},
        {"recipient_ids": ["1"]},
        {"note": "x" * 1001},
    ],
)
def test_what_cannot_be_is_not_recorded(
    session: Session, household: Household, sign_in: SignIn, changes: dict[str, Any]
) -> None:
    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/services/new", visit(household, **changes)
    )

    assert answer.status_code == 422
    assert session.scalar(select(func.count()).select_from(ServiceDelivery)) == 0


def test_a_service_is_corrected(session: Session, household: Household, sign_in: SignIn) -> None:
    wrong = record_service(session, household)

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/services/{wrong.id}/correct", visit(household, kind="legal")
    )

    session.expire_all()
    (right,) = services_of(session, household.id)
    assert answer.status_code == 303
    assert (right.kind, right.supersedes_id) == (ServiceKind.LEGAL, wrong.id)
    assert wrong.kind is ServiceKind.HOME_VISIT


def test_a_service_that_never_happened_is_cancelled(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    service = record_service(session, household)

    answer = sign_in("social-worker").submit(
        f"/families/{household.id}/services/{service.id}/cancel", {"note": "Not at home"}
    )

    session.expire_all()
    assert answer.status_code == 303
    assert service.cancelling_note == "Not at home"
    assert services_of(session, household.id) == []


def test_who_may_not_write_services_records_none(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    service = record_service(session, household)
    visitor = sign_in("director")
    path = f"/families/{household.id}/services"

    answers = [
        visitor.get(f"{path}/{rest}").status_code
        for rest in ("new", f"{service.id}/correct", f"{service.id}/cancel")
    ]

    assert answers == [403, 403, 403]


def test_another_organisations_services_are_not_found(
    pskov_session: Session, sign_in: SignIn
) -> None:
    theirs = open_family(pskov_session)
    service = record_service(pskov_session, theirs)
    visitor = sign_in("social-worker", site="spb")
    path = f"/families/{theirs.id}/services"

    answers = [
        visitor.get(f"{path}/{rest}").status_code
        for rest in ("new", f"{service.id}/correct", f"{service.id}/cancel")
    ]

    assert answers == [404, 404, 404]


def test_a_service_is_not_found_under_another_family(
    session: Session, household: Household, sign_in: SignIn
) -> None:
    service = record_service(session, household)
    other = open_family(session)

    page = sign_in("social-worker").get(f"/families/{other.id}/services/{service.id}/correct")

    assert page.status_code == 404


@pytest.mark.parametrize("key", ["1", "new-one", NOBODY])
def test_a_missing_or_impossible_service_is_not_found(
    household: Household, sign_in: SignIn, key: str
) -> None:
    page = sign_in("social-worker").get(f"/families/{household.id}/services/{key}/cancel")

    assert page.status_code == 404


def test_a_wrong_method_is_refused(household: Household, sign_in: SignIn) -> None:
    answer = sign_in("social-worker").delete(f"/families/{household.id}/services/new")

    assert answer.status_code == 405
