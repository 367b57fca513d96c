"""What the services offer to figures: how many there were, and which families were served."""

import uuid
from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from hearth.indicators import Cell, Dimension, Indicator, Period, PeriodRule, SdcClass, Value
from hearth.service_delivery.models import ServiceDelivery
from hearth.service_delivery.vocabulary import ServiceKind
from hearth.service_delivery.words import SERVICE_KINDS

KIND = Dimension(
    name="service_kind",
    label=_l("Kind of help"),
    values=tuple(Value(kind.value, SERVICE_KINDS[kind]) for kind in ServiceKind),
)


def households_served(session: Session, *, starts_on: date, ends_on: date) -> set[uuid.UUID]:
    """The households with at least one service on a day from the first to before the last."""
    return set(
        session.scalars(
            select(ServiceDelivery.household_id)
            .distinct()
            .where(_stands_and_lies_between(starts_on, ends_on))
        )
    )


def _count_services(session: Session, period: Period) -> Mapping[Cell, int]:
    rows = session.execute(
        select(ServiceDelivery.kind, func.count())
        .where(_stands_and_lies_between(period.starts_on, period.ends_on))
        .group_by(ServiceDelivery.kind)
    )
    return {(kind.value,): number for kind, number in rows}


def _stands_and_lies_between(starts_on: date, ends_on: date) -> ColumnElement[bool]:
    return and_(
        ServiceDelivery.delivered_on >= starts_on,
        ServiceDelivery.delivered_on < ends_on,
        ServiceDelivery.superseded_at.is_(None),
        ServiceDelivery.cancelled_at.is_(None),
    )


SERVICES_DELIVERED = Indicator(
    id="services_delivered",
    version=1,
    effective_from=date(2014, 1, 1),
    label=_l("Services delivered"),
    definition=_l(
        "How many times something was done for a family in the month, by the kind of help. One"
        " visit to a mother with three children counts once."
    ),
    unit=_l("services"),
    sdc_class=SdcClass.OPERATIONS,
    period_rule=PeriodRule.FLOW,
    additive=True,
    dimensions=(KIND,),
    count=_count_services,
)

INDICATORS = (SERVICES_DELIVERED,)
