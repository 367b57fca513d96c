"""Two people who give away the same place at the same moment."""

import uuid
from collections.abc import Callable, Sequence

import pytest

from hearth.shelter import services
from hearth.shelter.models import Place, Stay
from hearth.shelter.refusals import AlreadyInShelterError, PlaceTakenError, StayError
from tenants.context import tenant_session
from tenants.registry import OrgRef
from tests.factories.shelter import TODAY, make_family, make_house, make_stay, some_user_id
from tests.support.at_once import at_once

ROUNDS = 4


def _admission(
    org: OrgRef, household_id: uuid.UUID, persons: Sequence[uuid.UUID], places: Sequence[uuid.UUID]
) -> Callable[[], object]:
    def admit() -> object:
        with tenant_session(org) as session:
            stay = services.admit_family(
                session,
                household_id=household_id,
                places=dict(zip(persons, places, strict=True)),
                admitted_on=TODAY,
                planned_until=TODAY.replace(month=5),
                recorded_by=some_user_id(session),
                today=TODAY,
            )
            return stay.id

    return admit


def _families(
    org: OrgRef, number: int
) -> tuple[list[uuid.UUID], list[tuple[uuid.UUID, list[uuid.UUID]]]]:
    with tenant_session(org) as session:
        house = make_house(session, f"House {number}")
        families = [make_family(session) for _ in range(2)]
        return [place.id for place in house.places], [
            (family.id, [member.person_id for member in family.current_members])
            for family in families
        ]


def test_only_one_of_two_families_gets_the_places_and_the_other_is_told(
    committing_org: OrgRef,
) -> None:
    for number in range(ROUNDS):
        places, ((first, mothers), (second, others)) = _families(committing_org, number)

        outcomes = at_once(
            _admission(committing_org, first, mothers, places),
            # The other way round: without an order of locking this would be a deadlock.
            _admission(committing_org, second, others, places[::-1]),
        )

        assert {type(outcome) for outcome in outcomes} == {uuid.UUID, PlaceTakenError}


def test_one_family_is_not_admitted_twice_at_once(committing_org: OrgRef) -> None:
    places, ((family, persons), _) = _families(committing_org, 1)
    mother = persons[:1]

    outcomes = at_once(
        _admission(committing_org, family, mother, places[:1]),
        _admission(committing_org, family, mother, places[1:]),
    )

    assert {type(outcome) for outcome in outcomes} == {uuid.UUID, AlreadyInShelterError}


def test_a_longer_stay_and_a_new_family_do_not_get_the_same_night(committing_org: OrgRef) -> None:
    with tenant_session(committing_org) as session:
        place = make_house(session).places[0]
        stay_id = make_stay(session, places=[place], planned_until=TODAY.replace(day=20)).id
        place_id = place.id

    outcomes = at_once(
        _extension(committing_org, stay_id),
        _admission_on_the_day_after(committing_org, place_id),
    )

    assert sorted(isinstance(outcome, StayError) for outcome in outcomes) == [False, True]


def _extension(org: OrgRef, stay_id: uuid.UUID) -> Callable[[], object]:
    def extend() -> object:
        with tenant_session(org) as session:
            stay = session.get(Stay, stay_id)
            assert stay is not None
            return services.extend_stay(
                session,
                stay,
                until=TODAY.replace(day=30),
                recorded_by=some_user_id(session),
                today=TODAY,
            ).id

    return extend


def _admission_on_the_day_after(org: OrgRef, place_id: uuid.UUID) -> Callable[[], object]:
    def admit() -> object:
        with tenant_session(org) as session:
            place = session.get(Place, place_id)
            later = TODAY.replace(day=20)
            return make_stay(session, places=[place], admitted_on=later, today=later).id

    return admit


def test_the_refusal_names_the_place_and_the_days(committing_org: OrgRef) -> None:
    places, ((first, mothers), (second, others)) = _families(committing_org, 1)
    _admission(committing_org, first, mothers, places)()

    with pytest.raises(PlaceTakenError) as refusal:
        _admission(committing_org, second, others, places)()

    assert (refusal.value.starts_on, refusal.value.ends_on) == (TODAY, TODAY.replace(month=5))
    assert refusal.value.place.name in {"Bed 1", "Bed 2"}
