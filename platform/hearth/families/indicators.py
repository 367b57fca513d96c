"""What the families' files offer to figures: who was open in a period, and the primary need."""

import uuid
from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hearth.families.models import CaseEpisode, HouseholdNeed
from hearth.families.vocabulary import ClosingReason, Need
from hearth.families.words import NEEDS
from hearth.indicators import (
    UNKNOWN,
    Cell,
    Dimension,
    Indicator,
    Period,
    PeriodRule,
    SdcClass,
    Value,
)

PRIMARY_NEED = Dimension(
    name="primary_need",
    label=_l("What the family came for first of all"),
    values=(
        *(Value(need.value, NEEDS[need]) for need in Need),
        Value(UNKNOWN, _l("Not known")),
    ),
)


def primary_needs(session: Session, *, on: date) -> Mapping[uuid.UUID, Need]:
    """Each household's primary need in the episode that ran on a day or, between two, before it."""
    rows = session.execute(
        select(CaseEpisode.household_id, HouseholdNeed.need)
        .ext(distinct_on(CaseEpisode.household_id))
        .outerjoin(
            HouseholdNeed,
            (HouseholdNeed.episode_id == CaseEpisode.id) & HouseholdNeed.is_primary,
        )
        .where(CaseEpisode.opened_on <= on)
        .order_by(CaseEpisode.household_id, CaseEpisode.opened_on.desc(), CaseEpisode.id.desc())
    )
    return {household_id: need for household_id, need in rows if need is not None}


def _count_opened(session: Session, period: Period) -> Mapping[Cell, int]:
    return _count_by_need(
        session, CaseEpisode.opened_on >= period.starts_on, CaseEpisode.opened_on < period.ends_on
    )


def _count_open(session: Session, period: Period) -> Mapping[Cell, int]:
    return _count_by_need(
        session,
        CaseEpisode.opened_on < period.ends_on,
        or_(CaseEpisode.closed_on.is_(None), CaseEpisode.closed_on >= period.ends_on),
    )


def _count_by_need(session: Session, *which: ColumnElement[bool]) -> Mapping[Cell, int]:
    rows = session.execute(
        select(HouseholdNeed.need, func.count())
        .select_from(CaseEpisode)
        .outerjoin(
            HouseholdNeed,
            (HouseholdNeed.episode_id == CaseEpisode.id) & HouseholdNeed.is_primary,
        )
        .where(*which, CaseEpisode.closing_reason.is_distinct_from(ClosingReason.OPENED_BY_MISTAKE))
        .group_by(HouseholdNeed.need)
    )
    return {(need.value if need else UNKNOWN,): number for need, number in rows}


CASES_OPENED = Indicator(
    id="cases_opened",
    version=1,
    effective_from=date(2014, 1, 1),
    label=_l("Cases opened"),
    definition=_l(
        "How many times a family's case was opened or opened anew in the month. A family that"
        " returns counts each time it returns; a file opened by mistake does not count."
    ),
    unit=_l("cases"),
    sdc_class=SdcClass.PERSONS,
    period_rule=PeriodRule.FLOW,
    additive=True,
    dimensions=(PRIMARY_NEED,),
    count=_count_opened,
)

OPEN_CASES = Indicator(
    id="open_cases",
    version=1,
    effective_from=date(2014, 1, 1),
    label=_l("Open cases"),
    definition=_l(
        "Families whose case is open at midnight at the end of the last day, whether or not"
        " something was done for them of late. A file opened by mistake does not count."
    ),
    unit=_l("cases"),
    sdc_class=SdcClass.PERSONS,
    period_rule=PeriodRule.STOCK,
    additive=False,
    dimensions=(PRIMARY_NEED,),
    count=_count_open,
)

INDICATORS = (CASES_OPENED, OPEN_CASES)
