"""What emergency looks offer to the organisation's own figures; never published."""

from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.break_glass.models import GlassLook
from hearth.break_glass.vocabulary import Reason
from hearth.break_glass.words import REASONS
from hearth.indicators import Cell, Dimension, Indicator, Period, PeriodRule, SdcClass, Value

REASON = Dimension(
    name="reason",
    label=_l("Why it could not wait"),
    values=tuple(Value(reason.value, REASONS[reason]) for reason in Reason),
)


def _count(session: Session, period: Period) -> Mapping[Cell, int]:
    rows = session.execute(
        select(GlassLook.reason, func.count())
        .where(GlassLook.opened_at >= period.starts_at, GlassLook.opened_at < period.ends_at)
        .group_by(GlassLook.reason)
    )
    return {(reason.value,): number for reason, number in rows}


BREAK_GLASS_USES = Indicator(
    id="break_glass_uses",
    version=1,
    effective_from=date(2014, 1, 1),
    label=_l("Emergency looks"),
    definition=_l(
        "How many times in the month a colleague opened a case that was closed to her, in an"
        " emergency and with a reason. Each of them is reviewed by somebody else."
    ),
    unit=_l("looks"),
    sdc_class=SdcClass.OPERATIONS,
    period_rule=PeriodRule.FLOW,
    additive=True,
    dimensions=(REASON,),
    count=_count,
)

INDICATORS = (BREAK_GLASS_USES,)
