"""The words under which people see the codes of the families' files."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from hearth.accounts.redaction import Sees
from hearth.data_classes import FieldClass
from hearth.families.births import Birth, BirthPrecision
from hearth.families.errors import DateProblem
from hearth.families.vocabulary import ClosingReason, LeavingReason, MemberRole, Need, Sex
from hearth.sealing.markers import UnreadableRecord
from hearth.web.formatting import format_date, format_month

SEXES: Mapping[Sex, LazyString] = {
    Sex.FEMALE: _l("Female"),
    Sex.MALE: _l("Male"),
    Sex.UNKNOWN: _l("Not recorded"),
}
MEMBER_ROLES: Mapping[MemberRole, LazyString] = {
    MemberRole.MOTHER: _l("Mother"),
    MemberRole.CARER: _l("Carer"),
    MemberRole.PARTNER: _l("Partner"),
    MemberRole.OTHER: _l("Somebody else"),
    MemberRole.CHILD: _l("Child"),
}
NEEDS: Mapping[Need, LazyString] = {
    Need.HOUSING: _l("A safe place to live"),
    Need.MATERIAL: _l("Food, clothes and other things"),
    Need.PSYCHOLOGICAL: _l("Moral and psychological support"),
    Need.PARENTING: _l("Help with bringing up the children"),
    Need.LEGAL: _l("Legal help"),
    Need.MEDICAL: _l("Medical help"),
    Need.SCHOOLING_WORK: _l("School, training or work"),
}
CLOSING_REASONS: Mapping[ClosingReason, LazyString] = {
    ClosingReason.GOALS_MET: _l("The family manages on its own"),
    ClosingReason.OWN_WISH: _l("The family wishes to end it"),
    ClosingReason.MOVED_AWAY: _l("The family moved away"),
    ClosingReason.HANDED_OVER: _l("Another organisation has taken over"),
    ClosingReason.LOST_CONTACT: _l("We lost contact"),
    ClosingReason.CHILDREN_ELSEWHERE: _l("The children no longer live with their mother"),
    ClosingReason.DEATH: _l("Somebody died"),
    ClosingReason.OPENED_BY_MISTAKE: _l("The file was opened by mistake"),
}
LEAVING_REASONS: Mapping[LeavingReason, LazyString] = {
    LeavingReason.MOVED_OUT: _l("Moved out"),
    LeavingReason.TO_RELATIVES: _l("Lives with relatives"),
    LeavingReason.TAKEN_INTO_CARE: _l("Was taken into care"),
    LeavingReason.HOSPITAL: _l("Is in hospital for long"),
    LeavingReason.DEATH: _l("Died"),
    LeavingReason.ADDED_BY_MISTAKE: _l("Was added by mistake"),
    LeavingReason.OTHER: _l("Another reason"),
}


def age(birth: Birth, today: date) -> str:
    """An age as people say it: in months under two years, then in years; or when it is expected."""
    if birth.on is None:
        return ""
    if birth.is_expected:
        return str(_("expected on %(date)s", date=format_date(birth.on)))
    months = birth.months_on(today) or 0
    if months == 0 and birth.precision is not BirthPrecision.YEAR:
        return str(_("under one month"))
    if months < 24 and birth.precision is not BirthPrecision.YEAR:
        return str(ngettext("%(num)s month", "%(num)s months", months))
    return str(ngettext("%(num)s year", "%(num)s years", months // 12))


def birth_date(birth: Birth) -> str:
    """A date of birth as exactly as it is known."""
    if birth.precision is BirthPrecision.MONTH:
        return format_month(birth.on)
    if birth.on and birth.precision is BirthPrecision.YEAR:
        return str(birth.on.year)
    return format_date(birth.on)


def former_person(before: Mapping[str, Any], *, sees: Sees) -> list[tuple[str, str | None]]:
    """What a correction replaced, as labels and values, as far as the reader sees them."""
    if isinstance(before, UnreadableRecord):
        return [(_("What stood there"), before.text)]
    shown = _SHOWN_BEFORE if sees(FieldClass.IDENTITY) else ("given_name",)
    names = (before[part] for part in shown)
    facts: list[tuple[str, str | None]] = [
        (_("Name"), " ".join(name for name in names if name)),
        (_("Is it safe to call?"), str(SAFE_TO_CALL[before["safe_to_call"]])),
    ]
    if sees(FieldClass.IDENTITY):
        born = before["born_on"]
        birth = Birth(
            date.fromisoformat(born) if born else None, BirthPrecision(before["birth_precision"])
        )
        facts[1:1] = [
            (_("Date of birth"), birth_date(birth)),
            (_("Sex"), str(SEXES[Sex(before["sex"])])),
        ]
    if sees(FieldClass.CONTACT):
        facts[-1:-1] = [(_("Telephone"), before["phone"])]
        facts.append((_("How to reach this person safely"), before["contact_note"]))
    return facts


_SHOWN_BEFORE = ("given_name", "patronymic", "family_name")
SAFE_TO_CALL: Mapping[bool | None, LazyString] = {
    True: _l("Yes, this number is safe"),
    False: _l("No, never call"),
    None: _l("Not asked yet – do not call"),
}


def date_problem(problem: DateProblem) -> str:
    """What is wrong with a day, as a whole sentence."""
    return str(_DATE_PROBLEMS[problem])


_DATE_PROBLEMS: Mapping[DateProblem, LazyString] = {
    DateProblem.IN_THE_FUTURE: _l("This day is still to come. Enter today or a day before it."),
    DateProblem.BEFORE_OPENING: _l("The case was opened after this day. Enter a later one."),
    DateProblem.BEFORE_CLOSING: _l("The case was still open on this day. Enter a later one."),
    DateProblem.BEFORE_JOINING: _l("This lies before the day of joining. Enter a later day."),
    DateProblem.BEFORE_KEY_WORKER: _l(
        "The present key worker began after this day. Enter a later one."
    ),
}
