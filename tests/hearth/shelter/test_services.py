"""Decisions about a stay: admission, a new agreed day, another place, departure."""

import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.shelter import services
from hearth.shelter.models import ChangeKind, Destination, EndReason, PlaceKind, Stay, StayChange
from hearth.shelter.refusals import (
    AlreadyInShelterError,
    DateProblem,
    NobodyAdmittedError,
    NotInHouseholdError,
    PersonElsewhereError,
    PlaceClosedError,
    PlaceTakenError,
    SamePlaceTwiceError,
    SeveralHousesError,
    StayDatesError,
    StayEndedError,
)
from tests.factories.shelter import TODAY, make_family, make_house, make_stay, some_user_id


def _days(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


def _extend(
    session: Session, stay: Stay, until: datetime.date, today: datetime.date = TODAY
) -> Stay:
    return services.extend_stay(
        session, stay, until=until, recorded_by=some_user_id(session), today=today
    )


def _end(
    session: Session, stay: Stay, on: datetime.date, today: datetime.date | None = None
) -> Stay:
    return services.end_stay(
        session,
        stay,
        ended_on=on,
        reason=EndReason.AS_AGREED,
        destination=Destination.RENTED_HOME,
        recorded_by=some_user_id(session),
        today=today or on,
    )


def _spans(session: Session, stay: Stay) -> list[tuple[str | None, datetime.date, datetime.date]]:
    session.expire_all()
    return sorted(
        (row.place.name if row.place else None, row.starts_on, row.ends_on)
        for row in stay.stay_places
    )


def _kinds(session: Session, stay: Stay) -> list[ChangeKind]:
    chosen = select(StayChange.kind).where(StayChange.stay_id == stay.id).order_by(StayChange.id)
    return list(session.scalars(chosen))


def test_a_baby_may_share_its_mothers_bed(session: Session) -> None:
    house = make_house(session)

    stay = make_stay(session, places=[house.places[0], None])

    assert {row.place_id for row in stay.stay_places} == {house.places[0].id, None}
    assert stay.house_id == house.id


def test_open_stays_begin_with_the_one_that_ends_first(session: Session) -> None:
    house = make_house(session)
    later = make_stay(session, places=[house.places[0]], planned_until=_days(60))
    sooner = make_stay(session, places=[house.places[1]], planned_until=_days(6))

    stays = services.open_stays(session)

    assert [stay.id for stay in stays] == [sooner.id, later.id]


def test_a_family_has_one_open_stay(session: Session) -> None:
    house = make_house(session)
    family = make_family(session, children=0)
    make_stay(session, household=family, places=[house.places[0]])

    with pytest.raises(AlreadyInShelterError):
        make_stay(session, household=family, places=[house.places[1]])

    assert len(services.stays_of(session, family.id)) == 1


def test_a_taken_place_is_refused_with_its_days(session: Session) -> None:
    house = make_house(session)
    first = make_stay(session, places=[house.places[0]])

    with pytest.raises(PlaceTakenError) as refusal:
        make_stay(session, places=[house.places[0]], admitted_on=TODAY)

    assert (refusal.value.starts_on, refusal.value.ends_on) == (TODAY, first.planned_until)
    assert (refusal.value.place.name, refusal.value.place.house) == ("Bed 1", "Lamp House")


def test_a_family_whose_day_has_passed_still_sleeps_in_its_place(session: Session) -> None:
    house = make_house(session)
    make_stay(session, places=[house.places[0]], planned_until=_days(5))

    with pytest.raises(PlaceTakenError) as refusal:
        make_stay(session, places=[house.places[0]], admitted_on=_days(8), today=_days(8))

    assert refusal.value.ends_on is None


def test_somebody_who_slept_elsewhere_that_night_is_refused(session: Session) -> None:
    house = make_house(session)
    family = make_family(session, children=0)
    stay = make_stay(session, household=family, places=[house.places[0]])
    _end(session, stay, _days(10))

    with pytest.raises(PersonElsewhereError) as refusal:
        make_stay(
            session,
            household=family,
            places=[house.places[1]],
            admitted_on=_days(3),
            today=_days(10),
        )

    assert (refusal.value.starts_on, refusal.value.ends_on) == (TODAY, _days(10))


def test_one_place_is_not_given_to_two_of_a_family(session: Session) -> None:
    house = make_house(session)

    with pytest.raises(SamePlaceTwiceError):
        make_stay(session, places=[house.places[0], house.places[0]])


def test_a_family_is_admitted_to_one_house(session: Session) -> None:
    house, other = make_house(session), make_house(session, "Garden House")

    with pytest.raises(SeveralHousesError):
        make_stay(session, places=[house.places[0], other.places[0]])


def test_a_family_in_which_nobody_has_a_place_is_not_admitted(session: Session) -> None:
    make_house(session)

    with pytest.raises(NobodyAdmittedError):
        make_stay(session, places=[None, None])


def test_a_stranger_is_not_admitted_with_a_family(session: Session) -> None:
    house = make_house(session)
    family, stranger = make_family(session), make_family(session)

    with pytest.raises(NotInHouseholdError):
        services.admit_family(
            session,
            household_id=family.id,
            places={stranger.current_members[0].person_id: house.places[0].id},
            admitted_on=TODAY,
            planned_until=_days(3),
            recorded_by=some_user_id(session),
            today=TODAY,
        )


@pytest.mark.parametrize(
    ("admitted_on", "planned_until", "problem"),
    [
        (_days(1), _days(9), DateProblem.IN_THE_FUTURE),
        (TODAY, TODAY, DateProblem.NOT_AFTER_ADMISSION),
        (TODAY, _days(-1), DateProblem.NOT_AFTER_ADMISSION),
        (TODAY, _days(4000), DateProblem.TOO_FAR_AHEAD),
        (TODAY, datetime.date.max, DateProblem.TOO_FAR_AHEAD),
    ],
)
def test_days_that_do_not_fit_are_refused(
    session: Session,
    admitted_on: datetime.date,
    planned_until: datetime.date,
    problem: DateProblem,
) -> None:
    house = make_house(session)

    with pytest.raises(StayDatesError) as refusal:
        make_stay(
            session,
            places=[house.places[0]],
            admitted_on=admitted_on,
            planned_until=planned_until,
        )

    assert refusal.value.problem is problem


def test_a_place_that_is_closed_is_refused(session: Session) -> None:
    house = make_house(session)
    house.places[0].open_to = _days(10)

    with pytest.raises(PlaceClosedError):
        make_stay(session, places=[house.places[0]])


def test_a_longer_stay_keeps_the_place_and_is_written_down(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    _extend(session, stay, _days(45))

    assert _spans(session, stay) == [("Bed 1", TODAY, _days(45))]
    assert _kinds(session, stay) == [ChangeKind.ADMITTED, ChangeKind.EXTENDED]


def test_a_shorter_stay_frees_the_place(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    _extend(session, stay, _days(5))

    assert _spans(session, stay) == [("Bed 1", TODAY, _days(5))]
    assert _kinds(session, stay)[-1] is ChangeKind.SHORTENED


def test_a_stay_is_not_extended_into_the_next_familys_nights(session: Session) -> None:
    house = make_house(session)
    later = make_stay(session, places=[house.places[0]], admitted_on=_days(9), today=_days(9))
    earlier = make_stay(
        session,
        places=[house.places[0]],
        admitted_on=_days(4),
        planned_until=_days(9),
        today=_days(4),
    )

    with pytest.raises(PlaceTakenError) as refusal:
        _extend(session, earlier, _days(10), today=_days(8))

    assert refusal.value.starts_on == later.admitted_on


def test_a_family_that_left_cannot_stay_longer(session: Session) -> None:
    house = make_house(session)
    stay = _end(session, make_stay(session, places=[house.places[0]]), _days(3))

    with pytest.raises(StayEndedError):
        _extend(session, stay, _days(45))


def test_leaving_early_frees_the_place_from_that_day(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0], None])

    _end(session, stay, _days(3))
    following = make_stay(session, places=[house.places[0]], admitted_on=_days(3), today=_days(3))

    assert _spans(session, following) == [("Bed 1", _days(3), _days(33))]
    assert stay.nights(_days(20)) == 3


def test_leaving_late_counts_the_nights_that_were_slept(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]], planned_until=_days(3))

    _end(session, stay, _days(6))

    assert _spans(session, stay) == [("Bed 1", TODAY, _days(6))]


def test_a_stay_entered_by_mistake_has_no_nights_but_leaves_its_record(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    _end(session, stay, TODAY)

    assert _spans(session, stay) == []
    assert _kinds(session, stay) == [ChangeKind.ADMITTED, ChangeKind.ENDED]


def test_the_end_of_a_stay_is_corrected_beside_what_was_recorded(session: Session) -> None:
    house = make_house(session)
    stay = _end(session, make_stay(session, places=[house.places[0]]), _days(3))

    _end(session, stay, _days(5))

    assert _spans(session, stay) == [("Bed 1", TODAY, _days(5))]
    assert _kinds(session, stay)[1:] == [ChangeKind.ENDED, ChangeKind.CORRECTED]


def test_a_correction_does_not_take_nights_from_the_next_family(session: Session) -> None:
    house = make_house(session)
    stay = _end(session, make_stay(session, places=[house.places[0]]), _days(3))
    make_stay(session, places=[house.places[0]], admitted_on=_days(3), today=_days(3))

    with pytest.raises(PlaceTakenError) as refusal:
        _end(session, stay, _days(5))

    assert refusal.value.starts_on == _days(3)


@pytest.mark.parametrize(
    ("on", "problem"),
    [(_days(-1), DateProblem.BEFORE_ADMISSION), (_days(9), DateProblem.IN_THE_FUTURE)],
)
def test_nobody_leaves_before_coming_or_after_today(
    session: Session, on: datetime.date, problem: DateProblem
) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    with pytest.raises(StayDatesError) as refusal:
        _end(session, stay, on, today=_days(8))

    assert refusal.value.problem is problem


def test_a_move_splits_the_nights(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0]])

    services.move(
        session,
        stay,
        person_id=stay.stay_places[0].person_id,
        place_id=house.places[1].id,
        moved_on=_days(4),
        recorded_by=some_user_id(session),
        today=_days(4),
    )

    assert _spans(session, stay) == [
        ("Bed 1", TODAY, _days(4)),
        ("Bed 2", _days(4), stay.planned_until),
    ]
    assert _kinds(session, stay)[-1] is ChangeKind.MOVED


def test_a_move_into_the_place_of_a_sister_is_refused(session: Session) -> None:
    house = make_house(session)
    stay = make_stay(session, places=[house.places[0], house.places[1]])

    with pytest.raises(PlaceTakenError):
        services.move(
            session,
            stay,
            person_id=stay.stay_places[0].person_id,
            place_id=stay.stay_places[1].place_id,
            moved_on=TODAY,
            recorded_by=some_user_id(session),
            today=TODAY,
        )

    assert [start for _name, start, _until in _spans(session, stay)] == [TODAY, TODAY]


def test_a_cot_is_a_place_like_a_bed(session: Session) -> None:
    house = make_house(session)
    house.places[1].kind = PlaceKind.COT

    stay = make_stay(session, places=house.places)

    assert len(_spans(session, stay)) == 2
