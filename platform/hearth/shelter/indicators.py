"""What the houses can be counted by: bed nights, and the families who had them."""

import datetime
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from hearth.indicators import (
    Cell,
    Dimension,
    Indicator,
    Period,
    PeriodRule,
    SdcClass,
    Value,
)
from hearth.shelter.models import HouseKind
from hearth.shelter.occupancy import nights_in
from hearth.shelter.words import HOUSE_KINDS

HOUSE_KIND = Dimension(
    "house_kind",
    _l("Kind of house"),
    tuple(Value(kind.value, HOUSE_KINDS[kind]) for kind in HouseKind),
)


def households_sheltered(
    session: Session, *, starts_on: datetime.date, ends_on: datetime.date
) -> set[uuid.UUID]:
    """The households with at least one night from the first day to before the last."""
    return {nights.household_id for nights in nights_in(session, starts_on, ends_on)}


def _count_bed_nights(session: Session, period: Period) -> Mapping[Cell, int]:
    counts: Counter[Cell] = Counter()
    for nights in nights_in(session, period.starts_on, period.ends_on):
        counts[(nights.house_kind.value,)] += nights.count
    return counts


def _bed_nights_by_family(session: Session, period: Period) -> Mapping[Cell, Sequence[int]]:
    counts: dict[Cell, Counter[uuid.UUID]] = {}
    for nights in nights_in(session, period.starts_on, period.ends_on):
        counts.setdefault((nights.house_kind.value,), Counter())[nights.household_id] += (
            nights.count
        )
    return {cell: list(families.values()) for cell, families in counts.items()}


BED_NIGHTS = Indicator(
    id="bed_nights",
    version=1,
    effective_from=datetime.date(2014, 1, 1),
    label=_l("Bed nights"),
    definition=_l(
        "Every night of every person asleep in one of our houses at midnight, from the night of"
        " arrival to the night before leaving. A baby in its mother's bed counts as a person. What"
        " the federation sees says none where fewer than five families slept in a month, or one of"
        " them for the most part."
    ),
    unit=_l("nights"),
    sdc_class=SdcClass.OPERATIONS,
    period_rule=PeriodRule.FLOW,
    additive=True,
    dimensions=(HOUSE_KIND,),
    count=_count_bed_nights,
    contributions=_bed_nights_by_family,
)
INDICATORS = (BED_NIGHTS,)
