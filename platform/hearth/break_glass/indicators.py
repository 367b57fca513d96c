"""What emergency looks offer to the organisation's own figures; never published."""

from collections.abc import Mapping
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.break_glass.models import GlassLook
from hearth.indicators import Cell, Indicator, Period, PeriodRule, SdcClass


def _count(session: Session, period: Period) -> Mapping[Cell, int]:
    # Not by reason: why a single file was opened is told to whoever reads it there.
    number = session.scalar(
        select(func.count(GlassLook.id)).where(
            GlassLook.opened_at >= period.starts_at, GlassLook.opened_at < period.ends_at
        )
    )
    return {(): number} if number else {}


BREAK_GLASS_USES = Indicator(
    id="break_glass_uses",
    version=2,
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
    dimensions=(),
    count=_count,
)

INDICATORS = (BREAK_GLASS_USES,)
