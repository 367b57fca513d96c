"""Referrals for tests, clearly made up."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from hearth.families.vocabulary import Need
from hearth.intake import services
from hearth.intake.models import Referral
from hearth.intake.services import ReferralDetails
from hearth.intake.vocabulary import Channel, Source, Urgency
from tests.factories.families import staff_id


def take_referral(
    session: Session, received_by: uuid.UUID | None = None, **changes: Any
) -> Referral:
    known: dict[str, Any] = {
        "source": Source.HOSPITAL,
        "channel": Channel.PHONE,
        "urgency": Urgency.WITHIN_72_HOURS,
        "mother_name": "Test-Mother Testova",
        "children_count": 2,
        "needs": [Need.HOUSING],
        "referrer_body": "Test Hospital No. 0",
    }
    return services.take_referral(
        session,
        ReferralDetails(**known | changes),
        received_at=datetime.now(UTC),
        received_by=received_by or staff_id(session),
    )
