"""Of stays and referrals the log and who looked tell those alone to whom the file shows them."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.families.models import Household
from hearth.intake import services as intake
from hearth.shelter.services import admit_family
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed, works_in
from tests.factories.shelter import make_house
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
Made = Callable[[Session], tuple[Role | str, ...]]
ADMITTED, ACCEPTED = "A family was admitted", "A referral was accepted"
WORKER = "Lamp Worker"


def without(*withheld: str, **scopes: Scope) -> Made:
    """A director from whom these were taken, or narrowed."""
    narrower = {Permission[one]: scope for one, scope in scopes.items()}
    return lambda session: (narrowed(session, Role.DIRECTOR, *withheld, scopes=narrower),)


def specialist_and_officer(_session: Session) -> tuple[Role | str, ...]:
    return Role.SPECIALIST, Role.PRIVACY_OFFICER


def reads_stays_through_a_house(session: Session) -> tuple[Role | str, ...]:
    return narrowed(session, Role.DIRECTOR, "shelter.read"), Role.HOUSE_STAFF


@pytest.fixture
def housekeeper(session: Session) -> uuid.UUID:
    return colleague(session, Role.HOUSE_STAFF, name=WORKER).id


@pytest.fixture
def family(session: Session, housekeeper: uuid.UUID, enter: Enter) -> Household:
    """A family that came by a call and sleeps in a house, whose staff admitted it and looked."""
    household, house = open_family(session), make_house(session)
    intake.accept_for_known_family(
        session, take_referral(session), household, decided_by=staff_id(session), today=TODAY
    )
    works_in(session, housekeeper, house)
    stay = admit_family(
        session,
        household_id=household.id,
        places={household.current_members[0].person_id: house.places[0].id},
        admitted_on=TODAY - timedelta(days=1),
        planned_until=TODAY + timedelta(days=9),
        recorded_by=housekeeper,
        today=TODAY,
    )
    session.commit()
    for page in ("/shelter/", f"/shelter/stays/{stay.id}"):
        assert enter(housekeeper).get(page).status_code == 200
    return household


def reader(session: Session, made: Made, family: Household) -> uuid.UUID:
    """Somebody with these roles, who accompanies the family besides."""
    user = colleague(session, *made(session), name="Test Reader")
    family.key_workers[0].user_id = user.id
    session.commit()
    return user.id


def rows(page: str) -> str:
    return page.partition("<tbody")[2]


NO_STAYS = [
    specialist_and_officer,
    reads_stays_through_a_house,
    without("shelter.read"),
    without("field:location"),
]


@pytest.mark.parametrize("made", NO_STAYS)
def test_whoever_reads_no_stay_in_the_file_finds_none_in_the_log(
    session: Session, enter: Enter, family: Household, housekeeper: uuid.UUID, made: Made
) -> None:
    visitor = enter(reader(session, made, family))
    queries = (
        *("", f"?case_number={family.case_number}"),
        *("?action=stay.admitted", f"?user_id={housekeeper}"),
    )

    hers = [rows(visitor.get(f"/records/{query}").text) for query in queries]

    for page in hers:
        assert ADMITTED not in page
        assert WORKER not in page
    assert "Something happened in a file that opens to others" in hers[0]
    assert "A case was opened" in hers[1]
    assert "Something happened" not in "".join(hers[1:])


@pytest.mark.parametrize("made", NO_STAYS)
def test_whoever_reads_no_stay_in_the_file_learns_of_nobody_who_looked_at_it(
    session: Session, enter: Enter, family: Household, made: Made
) -> None:
    visitor = enter(reader(session, made, family))

    looks = visitor.get(f"/records/families/{family.id}?lists=true")
    file = visitor.get(f"/families/{family.id}")

    assert (looks.status_code, file.status_code) == (200, 200)
    assert WORKER not in rows(looks.text)
    assert "Who looked" in file.text
    assert WORKER not in file.text


@pytest.mark.parametrize("made", [without(), without(SHELTER_READ=Scope.TEAM)])
def test_whoever_reads_stays_and_referrals_in_the_file_is_told_of_them(
    session: Session, enter: Enter, family: Household, made: Made
) -> None:
    visitor = enter(reader(session, made, family))

    told = rows(visitor.get(f"/records/?case_number={family.case_number}").text)
    found = rows(visitor.get("/records/?action=stay.admitted").text)
    looks = rows(visitor.get(f"/records/families/{family.id}?lists=true").text)
    file = visitor.get(f"/families/{family.id}").text

    assert ADMITTED in told
    assert ACCEPTED in told
    assert ADMITTED in found
    assert "A stay in a house" in looks
    assert "Who is in the houses tonight" in looks
    assert WORKER in file


def test_the_officer_is_told_of_every_stay(
    session: Session, sign_in: Callable[..., Visitor], family: Household
) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER)

    told = rows(officer.get(f"/records/?case_number={family.case_number}").text)
    looks = rows(officer.get(f"/records/families/{family.id}?lists=true").text)

    assert ADMITTED in told
    assert WORKER in looks


@pytest.mark.parametrize("made", [without("referrals.read"), specialist_and_officer])
def test_whoever_reads_no_referrals_finds_none_in_the_log(
    session: Session, enter: Enter, family: Household, made: Made
) -> None:
    take_referral(session)
    visitor = enter(reader(session, made, family))
    queries = ("", f"?case_number={family.case_number}", "?action=referral.taken")

    hers = [rows(visitor.get(f"/records/{query}").text) for query in queries]

    for page in hers:
        assert ACCEPTED not in page
        assert "A referral was taken down" not in page
        assert "/records/referrals/" not in page
