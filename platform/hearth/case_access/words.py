"""The words under which people see why a file is restricted, and why it opens to somebody."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.families.access_models import GrantKind, RestrictionKind
from hearth.families.reach import Way

WAYS: Mapping[Way, LazyString] = {
    Way.ACCOMPANIES: _l("Accompanies the family"),
    Way.TEAM: _l("Belongs to the team of whoever accompanies it"),
    Way.NOBODY: _l("Leads the team of whoever accompanied it last"),
    Way.SERVED: _l("Did something for it in the last three months, and reads"),
    Way.HOUSE: _l("Works in the house where it lives"),
    Way.ORGANISATION: _l("Has every family by her role"),
    Way.GRANT: _l("Was let in by name"),
    Way.EMERGENCY: _l("Looks in an emergency, and reads"),
}
KINDS: Mapping[RestrictionKind, LazyString] = {
    RestrictionKind.STAFF_RELATIVE: _l("A colleague knows this family privately"),
    RestrictionKind.THREATENED: _l("Somebody threatens this family"),
}
GRANT_KINDS: Mapping[GrantKind, LazyString] = {
    GrantKind.GRANT: _l("Was let in by name"),
    GrantKind.BREAK_GLASS: _l("Emergency look"),
}
