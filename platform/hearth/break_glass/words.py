"""What reasons and outcomes are called."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.break_glass.vocabulary import Outcome, Reason

REASONS: dict[Reason, LazyString] = {
    Reason.DANGER: _l("Somebody is in danger"),
    Reason.MEDICAL: _l("Medical emergency"),
    Reason.CALL: _l("The family calls or stands at the door"),
    Reason.COVER: _l("The colleague who accompanies the family cannot be reached"),
    Reason.AUTHORITY: _l("Police or an authority asks at once"),
    Reason.OTHER: _l("Something else"),
}
OUTCOMES: dict[Outcome, LazyString] = {
    Outcome.JUSTIFIED: _l("Justified"),
    Outcome.NOT_JUSTIFIED: _l("Not justified"),
}
