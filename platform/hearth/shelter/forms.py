"""The forms about a stay, filled in as far as the house knows, and why one was refused."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.families.knowing import known_in
from hearth.families.models import Household
from hearth.families.seen import see_known
from hearth.shelter.ends import Houses
from hearth.shelter.models import Stay
from hearth.shelter.place_closing import ClosingTooEarlyError, SleptInUnseenError
from hearth.shelter.refusals import (
    PersonElsewhereError,
    PlaceClosedError,
    PlaceTakenError,
    SamePlaceTwiceError,
    StayDatesError,
    StayError,
)
from hearth.shelter.schemas import (
    SLEEPS,
    EndSchema,
    ExtendSchema,
    MoveSchema,
    admission_schema,
    move_choices,
)
from hearth.shelter.seen import SeenStay, seen_offers, with_known_days
from hearth.shelter.words import refusal, refusal_without_days
from hearth.web.formatting import format_date
from hearth.web.forms import Form

USUAL_NIGHTS = 90
Sent = Mapping[str, Any] | None


def admission_form(
    session: Session, household: Household, sent: Sent, today: datetime.date, user: SignedIn
) -> Form:
    """The form that admits a family, with the places as they are tonight."""
    offers = seen_offers(session, today, user=user)
    guideline = next((o.place.house.guideline_nights for o in offers if o.is_free), None)
    nights = datetime.timedelta(days=guideline or USUAL_NIGHTS)
    born = [m.person for m in household.current_members if not m.person.birth.is_expected]
    eyes, known = user.eyes(Permission.SHELTER_WRITE), known_in(session, [household.id], user=user)
    persons = [see_known(one, eyes, known.about(household.id, one.id)) for one in born]
    return Form(
        admission_schema(persons, offers),
        sent,
        {"admitted_on": today, "planned_until": today + nights},
    )


def extension_form(stay: Stay, sent: Sent) -> Form:
    """The form that agrees a new day of leaving."""
    return Form(ExtendSchema(), sent, {"until": stay.planned_until})


def move_form(
    session: Session, sent: Sent, today: datetime.date, houses: Houses, user: SignedIn
) -> Form:
    """The form that gives one person another place, in these houses or in any."""
    every = seen_offers(session, today, user=user)
    offers = [one for one in every if houses is None or one.place.house_id in houses]
    return Form(MoveSchema(), sent, {"moved_on": today}, choices={"place": move_choices(offers)})


def departure_form(shown: SeenStay, sent: Sent, today: datetime.date, *, notes: bool) -> Form:
    """The form that ends a stay; for one that has ended, with what the reader sees of the end.

    Who may not know why it ended corrects the day alone: she is not asked for the rest.
    """
    stay = shown.stay
    known = {
        "ended_on": stay.ended_on or today,
        "reason": shown.end_reason,
        "destination": shown.destination,
        "note": stay.departure_note if notes else None,
    }
    untold = () if stay.is_open or shown.knows_end else ("reason", "destination")
    return Form(EndSchema(exclude=untold), sent, known)


def decided(
    session: Session, form: Form, decide: Callable[[Any], Stay], user: SignedIn
) -> Stay | None:
    """Do what a valid form asks for; None when it is not valid, or was refused and says why."""
    if not form.validate():
        return None
    try:
        return decide(form.loaded)
    except StayError as error:
        # At a person's place, at the day, or above the form: where the refusal can be mended.
        form.add_error(_field_of(form, error), _why(session, error, user))
        return None


def _why(session: Session, error: StayError, user: SignedIn) -> str:
    """Why a decision was refused, without the days of a family that the reader may not see."""
    if isinstance(error, PlaceTakenError | PersonElsewhereError):
        taken = error.stay_in_house
        if taken not in with_known_days(session, {taken}, user=user):
            return refusal_without_days(error)
    return refusal(error)


def why_not_closed(error: ClosingTooEarlyError | SleptInUnseenError) -> str:
    """Why a place cannot be closed on a day."""
    if isinstance(error, SleptInUnseenError):
        return str(
            _("Somebody sleeps here whose stay you do not see. Close the place once it is free.")
        )
    day = format_date(error.free_on)
    return str(_("It can be closed from %(day)s at the earliest.", day=day))


def _field_of(form: Form, error: StayError) -> str | None:
    match error:
        case PlaceTakenError() | PlaceClosedError() | SamePlaceTwiceError():
            place_id = str(error.place.id)
            chosen = (bound.name for bound in form if bound.values == [place_id])
            return next(chosen, "until" if "until" in form else None)
        case PersonElsewhereError():
            return f"{SLEEPS}{error.person_id.hex}"
        case StayDatesError():
            return error.field if error.field in form else "until"
    return None
