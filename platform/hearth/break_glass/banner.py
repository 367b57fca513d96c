"""What every page of a case says while somebody looks at it in an emergency."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import g, request

from hearth.accounts.permissions import Permission
from hearth.break_glass.services import running_look
from hearth.web.request import session

# The names in an address by which a page belongs to one family.
OF_A_CASE = frozenset({"household_id", "stay_id", "referral_id", "person_id", "service_id"})


@dataclass(frozen=True)
class Banner:
    """Which case is open, until when, and how many minutes are left."""

    case_number: str
    ends_at: datetime
    minutes: int


def look_banner() -> Banner | None:
    """The banner of this page, if a look of this person runs and the page is about a family."""
    user = g.get("user")
    if user is None or not user.may(Permission.BREAK_GLASS):
        return None
    if not OF_A_CASE & (request.view_args or {}).keys() or "session" not in g:
        return None
    look = running_look(session, user.id)
    household_id = (request.view_args or {}).get("household_id")
    if look is None or (household_id is not None and household_id != look.household_id):
        return None
    left = look.ends_at - datetime.now(UTC)
    return Banner(look.household.case_number, look.ends_at, -int(-left.total_seconds() // 60))
