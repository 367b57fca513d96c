"""What may be published at all: the smallest count, and how much of it one giver or family is."""

from collections.abc import Sequence
from enum import IntEnum

LARGEST_DONOR_PERCENT = 70
TWO_LARGEST_DONORS_PERCENT = 90


class Base(IntEnum):
    """To what small counts are rounded, by audience."""

    FEDERATION = 5
    PUBLIC = 10


def is_of_enough_families(by_family: Sequence[int], *, base: Base) -> bool:
    """Whether a count tells of no single family: the same rule as for amounts and donors."""
    return publishable_amount(len(by_family), by_family, base=base) is not None


def publishable_amount(count: int, by_donor: Sequence[int], *, base: Base) -> int | None:
    """Return a cell's exact amount, or nothing if it could tell what one donor gave.

    It needs as many gifts as the base, and neither may the largest donor hold more than 70 % nor
    the two largest more than 90 % of what moved (refunds count by their size).
    """
    sizes = sorted((abs(amount) for amount in by_donor), reverse=True)
    moved = sum(sizes)
    if count < base or moved == 0:
        return None
    if sizes[0] * 100 > moved * LARGEST_DONOR_PERCENT:
        return None
    if sum(sizes[:2]) * 100 > moved * TWO_LARGEST_DONORS_PERCENT:
        return None
    return sum(by_donor)
