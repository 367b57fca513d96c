"""What a human said to a notice, in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.retention.models import Answer

ANSWERS: dict[Answer, LazyString] = {
    Answer.KEEP: _l("Keep it"),
    Answer.LET_GO: _l("Let it go"),
}
