from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hearth.indicators import Period
from hearth.service_delivery import services
from hearth.service_delivery.indicators import SERVICES_DELIVERED, households_served
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.services import (
    BeforeCaseError,
    NoRecipientError,
    NotAMemberError,
    NotYetDeliveredError,
    ServiceEndedError,
)
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.service_delivery import details, record_service, services_of

TOMORROW = TODAY + timedelta(days=1)


def test_a_service_is_for_those_who_received_it(session: Session) -> None:
    household = open_family(session)
    child = household.current_members[1]

    service = record_service(session, household, recipient_ids=[child.person_id])

    assert [recipient.person for recipient in service.recipients] == [child.person]
    assert services_of(session, household.id) == [service]


def test_what_has_not_happened_is_not_recorded(session: Session) -> None:
    household = open_family(session)

    with pytest.raises(NotYetDeliveredError):
        record_service(session, household, delivered_on=TOMORROW)


def test_nothing_is_recorded_before_the_case_was_opened(session: Session) -> None:
    household = open_family(session)
    before = household.episodes[0].opened_on - timedelta(days=1)

    with pytest.raises(BeforeCaseError):
        record_service(session, household, delivered_on=before)


def test_a_service_is_for_somebody(session: Session) -> None:
    household = open_family(session)

    with pytest.raises(NoRecipientError):
        record_service(session, household, recipient_ids=[])


def test_a_service_is_for_nobody_of_another_family(session: Session) -> None:
    household, other = open_family(session), open_family(session)

    with pytest.raises(NotAMemberError):
        record_service(session, household, recipient_ids=[other.current_members[0].person_id])


def test_a_correction_takes_the_place_of_the_wrong_entry_and_keeps_it(session: Session) -> None:
    household = open_family(session)
    wrong = record_service(session, household, minutes=45)

    right = services.correct_service(
        session,
        wrong,
        details(household, minutes=90),
        recorded_by=staff_id(session),
        today=TODAY,
    )

    assert services_of(session, household.id) == [right]
    assert (right.supersedes_id, wrong.minutes) == (wrong.id, 45)


def test_an_entry_is_corrected_or_cancelled_once(session: Session) -> None:
    household = open_family(session)
    service = record_service(session, household)
    services.cancel_service(session, service, note=None, cancelled_by=staff_id(session))

    with pytest.raises(ServiceEndedError):
        services.correct_service(
            session,
            service,
            details(household),
            recorded_by=staff_id(session),
            today=TODAY,
        )


def test_the_database_itself_refuses_a_service_of_next_week(session: Session) -> None:
    household = open_family(session)
    service = ServiceDelivery(
        household_id=household.id,
        kind=ServiceKind.FOOD,
        mode=ServiceMode.HOME,
        delivered_on=TODAY + timedelta(days=7),
        provided_by=staff_id(session),
        recorded_by=staff_id(session),
    )

    with pytest.raises(IntegrityError, match="not_tomorrow"), session.begin_nested():
        session.add(service)


def test_only_what_stands_is_counted(session: Session) -> None:
    served, cancelled = open_family(session), open_family(session)
    wrong = record_service(session, served, kind=ServiceKind.FOOD)
    services.correct_service(
        session,
        wrong,
        details(served, kind=ServiceKind.LEGAL),
        recorded_by=staff_id(session),
        today=TODAY,
    )
    never = record_service(session, cancelled)
    services.cancel_service(session, never, note="x", cancelled_by=staff_id(session))
    month = Period.month(TODAY.year, TODAY.month, "Europe/Moscow")

    assert SERVICES_DELIVERED.count(session, month) == {("legal",): 1}
    assert households_served(session, starts_on=TODAY, ends_on=TOMORROW) == {served.id}
    assert households_served(session, starts_on=TOMORROW, ends_on=TOMORROW) == set()
