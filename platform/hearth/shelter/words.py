"""The words under which people see houses, places and what happens to a stay."""

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from hearth.shelter.models import ChangeKind, Destination, EndReason, HouseKind, PlaceKind
from hearth.shelter.refusals import (
    AlreadyInShelterError,
    DateProblem,
    HousesOfHerOwnError,
    NobodyAdmittedError,
    NotInHouseholdError,
    PersonElsewhereError,
    PlaceClosedError,
    PlaceTakenError,
    SamePlaceTwiceError,
    SeveralHousesError,
    StayDatesError,
    StayEndedError,
    StayError,
)
from hearth.web.formatting import format_date

HOUSE_KINDS: Mapping[HouseKind, LazyString] = {
    HouseKind.CRISIS_FLAT: _l("Crisis flat"),
    HouseKind.SHELTER: _l("Shelter"),
    HouseKind.FAMILY_HOUSE: _l("Family house"),
}
PLACE_KINDS: Mapping[PlaceKind, LazyString] = {
    PlaceKind.BED: _l("Bed"),
    PlaceKind.COT: _l("Cot"),
}
DESTINATIONS: Mapping[Destination, LazyString] = {
    Destination.OWN_HOME: _l("A home of their own"),
    Destination.RENTED_HOME: _l("A rented home"),
    Destination.FAMILY_OR_FRIENDS: _l("Relatives or friends, safely"),
    Destination.SUPPORTED_HOUSING: _l("Another house with support"),
    Destination.INSTITUTION: _l("A hospital or another institution"),
    Destination.UNSAFE_HOME: _l("Back to a home that is not safe"),
    Destination.UNKNOWN: _l("We do not know"),
}
END_REASONS: Mapping[EndReason, LazyString] = {
    EndReason.AS_AGREED: _l("The stay ended as agreed"),
    EndReason.OWN_WISH: _l("The family wished to leave"),
    EndReason.OTHER_HELP: _l("Another organisation gives shelter now"),
    EndReason.HOUSE_RULES: _l("The rules of the house were broken"),
    EndReason.LEFT_WITHOUT_WORD: _l("The family left without a word"),
    EndReason.ENTERED_BY_MISTAKE: _l("The stay was entered by mistake"),
}
CHANGE_KINDS: Mapping[ChangeKind, LazyString] = {
    ChangeKind.ADMITTED: _l("Admitted"),
    ChangeKind.EXTENDED: _l("Stays longer"),
    ChangeKind.SHORTENED: _l("Leaves earlier"),
    ChangeKind.MOVED: _l("Moved"),
    ChangeKind.ENDED: _l("Left"),
    ChangeKind.CORRECTED: _l("The end of the stay was corrected"),
}
_DATE_PROBLEMS: Mapping[DateProblem, LazyString] = {
    DateProblem.IN_THE_FUTURE: _l("This day is still to come. Enter today or a day before it."),
    DateProblem.BEFORE_ADMISSION: _l("This is before the family was admitted."),
    DateProblem.NOT_AFTER_ADMISSION: _l("Enter a day after the day of admission."),
    DateProblem.NOT_AFTER_MOVE: _l(
        "Somebody moved to another house on this day or later. Enter a day after the move, or"
        " correct the move first."
    ),
    DateProblem.TOO_FAR_AHEAD: _l("Enter a day within five years of the day of admission."),
    DateProblem.NOT_HERE_THEN: _l("This person does not sleep in the house on this day."),
    DateProblem.NO_NIGHTS_LEFT: _l(
        "This stay has no nights left to make longer. Admit the family anew instead."
    ),
    DateProblem.LATER_THAN_BEFORE: _l(
        "Whoever accompanies the family can correct its day of leaving to a later one."
    ),
    DateProblem.CHANGED_LATER: _l(
        "Where this person sleeps was changed after this day. Enter the day of that change, or a"
        " later one."
    ),
}


def refusal(error: StayError) -> str:
    """Say in the reader's language why a decision is not possible and what helps."""
    return str(_reason(error))


def _reason(error: StayError) -> Any:
    match error:
        case PlaceTakenError():
            return _place_taken(error)
        case PersonElsewhereError():
            return _(
                "One of them sleeps in another place from %(start)s to %(end)s."
                " Check the days, or end that stay first.",
                start=format_date(error.starts_on),
                end=format_date(error.ends_on),
            )
        case PlaceClosedError():
            return _(
                "%(place)s in %(house)s is not open on all of these days.",
                place=error.place.name,
                house=error.place.house,
            )
        case SamePlaceTwiceError():
            return _(
                "%(place)s was chosen for two people. A baby may share a bed instead.",
                place=error.place.name,
            )
        case StayDatesError():
            return _DATE_PROBLEMS[error.problem]
    return _plain_refusal(error)


def refusal_without_days(error: PlaceTakenError | PersonElsewhereError) -> str:
    """Say that nights are taken to whoever may not know when a family comes or leaves."""
    if isinstance(error, PersonElsewhereError):
        return str(
            _("One of them sleeps in another place on some of these days. Choose other days.")
        )
    place, house = error.place.name, error.place.house
    return str(
        _(
            "%(place)s in %(house)s is taken on some of these days. Choose another place or other"
            " days.",
            place=place,
            house=house,
        )
    )


def _place_taken(error: PlaceTakenError) -> Any:
    place, house = error.place.name, error.place.house
    if error.ends_on is None:
        return _(
            "%(place)s in %(house)s is still taken: a family was to leave and has not been signed"
            " out. End or extend that stay first.",
            place=place,
            house=house,
        )
    return _(
        "%(place)s in %(house)s is taken from %(start)s to %(end)s."
        " Choose another place or other days.",
        place=place,
        house=house,
        start=format_date(error.starts_on),
        end=format_date(error.ends_on),
    )


def _plain_refusal(error: StayError) -> Any:
    match error:
        case AlreadyInShelterError():
            return _("This family is already in one of our houses.")
        case StayEndedError():
            return _("This family has left. A stay that has ended can only be corrected.")
        case NobodyAdmittedError():
            return _("Choose a place for at least one of the family.")
        case SeveralHousesError():
            return _("Choose places in one house for the whole family.")
        case HousesOfHerOwnError():
            return _(
                "You work in this house and would see the family there for longer than its file is"
                " open to you. Ask a colleague who accompanies the family to do it."
            )
        case NotInHouseholdError():
            return _("Somebody here does not belong to the family any more. Check its members.")
    return _("This place no longer exists. Choose another one.")
