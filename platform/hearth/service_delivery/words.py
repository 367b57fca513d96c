"""The words under which people see the codes of services."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from hearth.service_delivery.vocabulary import ServiceKind, ServiceMode

SERVICE_KINDS: Mapping[ServiceKind, LazyString] = {
    ServiceKind.CONVERSATION: _l("Conversation"),
    ServiceKind.HOME_VISIT: _l("Home visit"),
    ServiceKind.PHONE_CALL: _l("Telephone call"),
    ServiceKind.PSYCHOLOGICAL: _l("Session with a psychologist"),
    ServiceKind.LEGAL: _l("Legal help"),
    ServiceKind.MEDICAL: _l("Medical help"),
    ServiceKind.PARENTING_LESSON: _l("Lesson for parents"),
    ServiceKind.ACCOMPANIMENT: _l("Accompanied to an authority"),
    ServiceKind.SCHOOLING_WORK: _l("Help with school, training or work"),
    ServiceKind.CHILDCARE: _l("Looking after the children"),
    ServiceKind.FOOD: _l("Food"),
    ServiceKind.MATERIAL_AID: _l("Clothes and other things"),
    ServiceKind.OTHER: _l("Something else"),
}
SERVICE_MODES: Mapping[ServiceMode, LazyString] = {
    ServiceMode.ON_SITE: _l("With us"),
    ServiceMode.HOME: _l("At the family's home"),
    ServiceMode.REMOTE: _l("From a distance"),
    ServiceMode.ELSEWHERE: _l("Somewhere else"),
}


def kind_in_words(kind: ServiceKind | None) -> str:
    """What was done, or that something was, for whoever does not read of what kind."""
    return str(SERVICE_KINDS[kind] if kind else _("A service"))
