"""The codes of incidents in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.incidents.models import EntryKind, IncidentKind, Way

KINDS: dict[IncidentKind, LazyString] = {
    IncidentKind.SEEN: _l("Somebody saw what was not for her or him"),
    IncidentKind.SENT_WRONG: _l("Something was sent to the wrong address"),
    IncidentKind.LOST: _l("Paper or a device was lost"),
    IncidentKind.STOLEN: _l("Paper or a device was stolen"),
    IncidentKind.BROKEN_INTO: _l("Somebody broke into the service or an account"),
    IncidentKind.CHANGED: _l("Data were changed or erased without right"),
    IncidentKind.UNAVAILABLE: _l("Data could not be reached for a time"),
    IncidentKind.OTHER: _l("Something else"),
}
ENTRIES: dict[EntryKind, LazyString] = {
    EntryKind.FACT: _l("What happened"),
    EntryKind.CORRECTION: _l("Correction of an earlier entry"),
    EntryKind.CONSEQUENCE: _l("What it may lead to"),
    EntryKind.MEASURE: _l("What was done against it"),
    EntryKind.AUTHORITY_FIRST: _l("First notice to the authority"),
    EntryKind.AUTHORITY_RESULT: _l("Result told to the authority"),
    EntryKind.LESSONS: _l("What we learned"),
}
WAYS: dict[Way, LazyString] = {
    Way.IN_PERSON: _l("In person"),
    Way.CALL: _l("By telephone"),
    Way.LETTER: _l("By a neutral letter"),
    Way.BY_KEY_WORKER: _l("By whoever accompanies the family"),
    Way.NOT_TOLD: _l("Not told, because it would bring danger"),
}
# It stands wherever somebody is shown no more than what opens to her, whether or not there is more.
FURTHER = _l(
    "There may be further people, whose files open to others only. "
    "The privacy officer sees them and tells them."
)
CODES = {EntryKind: ENTRIES, IncidentKind: KINDS, Way: WAYS}
