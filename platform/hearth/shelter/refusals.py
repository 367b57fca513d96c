"""Why a decision about a stay may be impossible, with what a person needs to choose otherwise."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from hearth.shelter.models import Place, StayPlace


@dataclass(frozen=True)
class PlaceName:
    """A place as people call it, still known when the transaction that read it is undone."""

    id: uuid.UUID
    name: str
    house: str

    @classmethod
    def of(cls, place: Place) -> "PlaceName":
        """What to call a place."""
        return cls(place.id, place.name, place.house.name)


class StayError(ValueError):
    """A decision about a stay is not possible; the subclass says why."""


class DateProblem(StrEnum):
    """What is wrong with a day."""

    IN_THE_FUTURE = "in_the_future"
    BEFORE_ADMISSION = "before_admission"
    NOT_AFTER_ADMISSION = "not_after_admission"
    NOT_AFTER_MOVE = "not_after_move"
    TOO_FAR_AHEAD = "too_far_ahead"
    NOT_HERE_THEN = "not_here_then"
    NO_NIGHTS_LEFT = "no_nights_left"
    LATER_THAN_BEFORE = "later_than_before"
    CHANGED_LATER = "changed_later"


class StayDatesError(StayError):
    """A day does not fit the stay; `field` names the argument that carried it."""

    def __init__(self, field: str, problem: DateProblem) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class AlreadyInShelterError(StayError):
    """The household is in a house of ours and has not left."""


class StayEndedError(StayError):
    """The family has left, so nothing can be agreed about its stay any more."""


class NobodyAdmittedError(StayError):
    """No member of the household was given a place."""


class SeveralHousesError(StayError):
    """The places of one admission lie in different houses."""


class UnknownPlaceError(StayError):
    """A place was asked for that does not exist."""


class HousesOfHerOwnError(StayError):
    """A guest would bring the family to a house in which she works, and see it from then on."""


class NotInHouseholdError(StayError):
    """Somebody was to be admitted who does not belong to the household."""


class SamePlaceTwiceError(StayError):
    """Two persons of one admission were given the same place."""

    def __init__(self, place: Place) -> None:
        super().__init__("the place was given twice")
        self.place = PlaceName.of(place)


class PlaceClosedError(StayError):
    """The place is not open on every night asked for."""

    def __init__(self, place: Place) -> None:
        super().__init__("the place is closed")
        self.place = PlaceName.of(place)


class PlaceTakenError(StayError):
    """Somebody sleeps there; `ends_on` is None while nobody knows until when."""

    def __init__(self, place: Place, taken: StayPlace, *, lingers: bool = False) -> None:
        super().__init__("the place is taken")
        self.place = PlaceName.of(place)
        self.stay_in_house = (taken.stay_id, taken.house_id)
        self.starts_on = taken.starts_on
        self.ends_on = None if lingers else taken.ends_on


class PersonElsewhereError(StayError):
    """The person sleeps in another place on some of the nights asked for."""

    def __init__(self, elsewhere: StayPlace) -> None:
        super().__init__("the person sleeps elsewhere")
        self.person_id = elsewhere.person_id
        self.stay_in_house = (elsewhere.stay_id, elsewhere.house_id)
        self.starts_on = elsewhere.starts_on
        self.ends_on = elsewhere.ends_on
