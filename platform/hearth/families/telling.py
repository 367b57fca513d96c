"""Through whom a child is told of something, and who tells for a family as a whole."""

from collections.abc import Iterable

from hearth.families.models import HouseholdMember, Person
from hearth.families.vocabulary import CARING


def told_through(members: Iterable[HouseholdMember]) -> Person | None:
    """The mother or carer who belongs to a family now; without one, the key worker has to tell.

    A partner is not asked for the children: nobody knows from the file whether he is safe.
    """
    caring = [one for one in members if one.is_current and one.role in CARING]
    first = min(caring, key=HouseholdMember.order_of_mention, default=None)
    return first.person if first else None
