"""The closed list of indicators that cross the border; what nobody asks for is not published."""

from hearth.aggregates.families_served import FAMILIES_SERVED
from hearth.giving.indicators import GIFTS_RECEIVED
from hearth.indicators import Indicator
from hearth.shelter.indicators import BED_NIGHTS

PUBLISHED: tuple[Indicator, ...] = (FAMILIES_SERVED, BED_NIGHTS, GIFTS_RECEIVED)
