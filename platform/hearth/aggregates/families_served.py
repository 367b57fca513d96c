"""Counts families served, which no single feature can: each sees a part of a family's help."""

import datetime
from collections import Counter
from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from hearth.families.indicators import PRIMARY_NEED, primary_needs
from hearth.indicators import (
    UNKNOWN,
    Cell,
    Indicator,
    Period,
    PeriodRule,
    SdcClass,
)
from hearth.service_delivery.indicators import households_served
from hearth.shelter.indicators import households_sheltered


def _count_families(session: Session, period: Period) -> Mapping[Cell, int]:
    days = {"starts_on": period.starts_on, "ends_on": period.ends_on}
    families = households_served(session, **days) | households_sheltered(session, **days)
    needs = primary_needs(session, on=period.ends_on - datetime.timedelta(days=1))
    counts: Counter[Cell] = Counter()
    for household_id in families:
        need = needs.get(household_id)
        counts[(need.value if need else UNKNOWN,)] += 1
    return counts


FAMILIES_SERVED = Indicator(
    id="families_served",
    version=1,
    effective_from=datetime.date(2014, 1, 1),
    label=_l("Families served"),
    definition=_l(
        "Families with at least one service, one issue of aid or one night in a house in the"
        " month. Each family counts once in its organisation, under what it came for first of all"
        " on the last day of the month. A family helped by two organisations counts at both."
    ),
    unit=_l("families"),
    sdc_class=SdcClass.PERSONS,
    period_rule=PeriodRule.ACTIVE,
    additive=False,
    dimensions=(PRIMARY_NEED,),
    count=_count_families,
)
