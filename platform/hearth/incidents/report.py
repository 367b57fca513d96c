"""The report for the authority: the facts that the law asks for, in its order."""

from flask_babel import gettext as _
from flask_babel import ngettext

from hearth.data_register.paper import Paper, Section
from hearth.data_register.words import cited
from hearth.incidents.models import EntryKind, Incident
from hearth.incidents.people import Tally
from hearth.incidents.services import Clock, clocks
from hearth.incidents.words import ENTRIES, FURTHER, KINDS
from hearth.web.formatting import format_datetime
from tenants.legal import LegalProfile


def authority_report(
    incident: Incident, tally: Tally, *, profile: LegalProfile, contact: str
) -> Paper:
    """What GDPR art. 33(3) and 152-FZ art. 21(3.1) ask for; names nobody who is concerned."""
    return Paper(
        title=_("Notice of an incident with personal data"),
        intro=_(
            "To %(authority)s, after %(article)s.",
            authority=cited(profile.notices.authority),
            article=cited(profile.notices.article),
        ),
        sections=[
            Section(heading=_("What happened"), pairs=_nature(incident)),
            Section(
                heading=_("Who is concerned"),
                sentences=() if tally.is_whole else [str(FURTHER)],
                pairs=_concerned(tally),
            ),
            _written(incident, EntryKind.FACT, EntryKind.CORRECTION),
            _written(incident, EntryKind.CONSEQUENCE),
            _written(incident, EntryKind.MEASURE),
            Section(heading=_("Who can be asked"), sentences=[contact]),
            Section(heading=_("Notices"), pairs=_notices(incident, profile)),
        ],
        note=_("Made on %(moment)s.", moment=format_datetime(incident.opened_at)),
    )


def _nature(incident: Incident) -> list[tuple[str, str]]:
    return [
        (_("Kind"), str(KINDS[incident.kind])),
        (_("In short"), incident.summary),
        (_("Where"), incident.systems),
        (_("We became aware of it on"), format_datetime(incident.aware_at)),
        (_("High risk for the people"), _("yes") if incident.high_risk else _("no")),
    ]


def _concerned(tally: Tally) -> list[tuple[str, str]]:
    return [
        (_("Mothers and other adults"), _people(tally.adults)),
        (_("Children"), _people(tally.children)),
        (_("Families"), str(tally.families)),
        (_("Told so far"), _people(tally.told)),
    ]


def _people(count: int) -> str:
    return str(ngettext("%(num)s person", "%(num)s people", count))


def _written(incident: Incident, *kinds: EntryKind) -> Section:
    sentences = [
        f"{format_datetime(entry.happened_at)}: {entry.text}"
        for entry in incident.entries
        if entry.kind in kinds
    ]
    return Section(heading=str(ENTRIES[kinds[0]]), sentences=sentences or [_("Not known yet.")])


def _notices(incident: Incident, profile: LegalProfile) -> list[tuple[str, str]]:
    return [
        (str(ENTRIES[clock.kind]), _given(clock)) for clock in clocks(incident, profile.notices)
    ]


def _given(clock: Clock) -> str:
    due, done = format_datetime(clock.due_at), format_datetime(clock.done_at)
    if not done:
        return str(_("due by %(due)s, not given yet", due=due))
    return str(_("due by %(due)s, given on %(done)s", due=due, done=done))
