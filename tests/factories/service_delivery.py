"""Services for tests."""

import uuid
from typing import Any

from sqlalchemy.orm import Session

from hearth.families.models import Household
from hearth.service_delivery import services
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.services import ServiceDetails
from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode
from tests.factories.families import TODAY, staff_id


def details(household: Household, **changes: Any) -> ServiceDetails:
    known: dict[str, Any] = {
        "kind": ServiceKind.HOME_VISIT,
        "mode": ServiceMode.HOME,
        "delivered_on": TODAY,
        "minutes": 45,
        "recipient_ids": [member.person_id for member in household.current_members],
    }
    return ServiceDetails(**known | changes)


def record_service(session: Session, household: Household, **changes: Any) -> ServiceDelivery:
    worker = changes.pop("provided_by", None) or staff_id(session)
    through_grant = changes.pop("through_grant", False)
    return services.record_service(
        session,
        household,
        details(household, **changes),
        provided_by=worker,
        recorded_by=worker,
        today=TODAY,
        through_grant=through_grant,
    )


def services_of(session: Session, household_id: uuid.UUID) -> list[ServiceDelivery]:
    """What stands in a family's file and was not cancelled, the latest first."""
    entries = services.entries_of(session, household_id)
    return [one for one in entries if one.cancelled_at is None]
