"""The words under which people see why a file is restricted."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.families.access_models import RestrictionKind

KINDS: Mapping[RestrictionKind, LazyString] = {
    RestrictionKind.STAFF_RELATIVE: _l("A colleague knows this family privately"),
    RestrictionKind.THREATENED: _l("Somebody threatens this family"),
}
