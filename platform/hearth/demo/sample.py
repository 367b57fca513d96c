"""Fills an organisation with three years of made-up work, the same for the same seed and day."""

import datetime
from collections.abc import Callable
from random import Random

from sqlalchemy import func, select

from hearth.demo.sample_access import write_access
from hearth.demo.sample_casework import write_families
from hearth.demo.sample_gifts import write_gifts
from hearth.demo.sample_plan import plan_families
from hearth.demo.sample_profiles import profile_of
from hearth.demo.sample_staff import FEDERATION, has_staff, write_staff
from hearth.demo.sample_work import Casework
from hearth.families.models import Household
from tenants.context import shared_session, tenant_session
from tenants.registry import OrgRef

SEED = 2014

Report = Callable[[int, int], None]
"""Told how much of how much is done."""


def fill(org: OrgRef, *, seed: int = SEED, today: datetime.date, report: Report) -> bool:
    """Write the sample data in one transaction; False when the organisation has families."""
    with tenant_session(org) as session:
        if session.scalar(select(func.count()).select_from(Household)):
            return False
        # Each part has its own dice, so that a change in one leaves the others as they were.
        casework, giving = dice(seed, org.slug, "families"), dice(seed, org.slug, "gifts")
        profile = profile_of(org.slug)
        plans = plan_families(casework, profile, today)
        advance = _counter(report, len(plans))
        staff = write_staff(session, org.slug, org.staff_locale)
        work = Casework(session, org, casework, profile, staff, today)
        write_families(work, plans, advance)
        write_access(session, staff)
        write_gifts(session, org, giving, profile, today)
    return True


def fill_federation(*, locale: str = "en") -> bool:
    """Write the federation's sample accounts; False when they are there."""
    with shared_session() as session:
        if has_staff(session, FEDERATION):
            return False
        write_staff(session, FEDERATION, locale)
    return True


def dice(*parts: object) -> Random:
    """Chance that falls the same way each time for the same parts."""
    return Random(":".join(str(part) for part in parts))  # noqa: S311


def _counter(report: Report, total: int) -> Callable[[], None]:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        report(done, total)

    return advance
