"""What a search tells about files that open to others: nothing, to whoever is bound."""

import io
import re
import uuid
from collections.abc import Callable

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.families.models import Household
from hearth.families.services import record_read
from hearth.incidents.models import AffectedPerson, Incident
from hearth.incidents.searching import Criteria, freeze
from hearth.shelter.models import House
from tests.factories.families import open_family, staff_id
from tests.factories.people import restriction
from tests.factories.rights import open_incident
from tests.factories.shelter import make_house, make_stay
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
FURTHER = (
    "There may be further people, whose files open to others only. "
    "The privacy officer sees them and tells them."
)
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def empty_house(session: Session) -> House:
    return make_house(session, "House One")


@pytest.fixture
def house(session: Session) -> House:
    return make_house(session, "House Two")


@pytest.fixture
def hidden(session: Session, house: House) -> Household:
    """A restricted family who sleeps in a house, and whose file the specialist opened."""
    family = open_family(session)
    make_stay(session, household=family, places=house.places)
    restriction(session, family)
    record_read(session, household_id=family.id, user_id=staff_id(session, Role.SPECIALIST))
    return family


def searched(session: Session, visitor: Visitor, **asked: object) -> Incident:
    incident = open_incident(session)
    sent = {"state": "any", "part": "whole"} | {name: str(one) for name, one in asked.items()}
    assert visitor.submit(f"/incidents/{incident.id}/search", sent).status_code == 303
    session.expire_all()
    return incident


def what_she_reads(visitor: Visitor, incident: Incident) -> list[str]:
    """The incident, its report on both kinds of paper and the list of incidents, without ids."""
    pages = [f"/incidents/{incident.id}", f"/incidents/{incident.id}/report", "/incidents/"]
    pdf = PdfReader(io.BytesIO(visitor.get(f"{pages[1]}.pdf").data))
    printed = " ".join(one.extract_text() for one in pdf.pages)
    texts = [visitor.get(page).text.partition("<main")[2] for page in pages]
    return [re.sub(r"\d\d:\d\d", "", IDS.sub("", text)) for text in (*texts, printed)]


def test_a_search_that_finds_a_hidden_family_reads_like_one_that_finds_nobody(
    session: Session, sign_in: SignIn, hidden: Household, house: House, empty_house: House
) -> None:
    director = sign_in(Role.DIRECTOR)
    seen = {"looked_by": staff_id(session, Role.SPECIALIST)}
    unseen = {"looked_by": staff_id(session, Role.HOUSE_STAFF)}

    for found, nothing in (({"house_id": house.id}, {"house_id": empty_house.id}), (seen, unseen)):
        incidents = [searched(session, director, **asked) for asked in (found, nothing)]
        read = [what_she_reads(director, one) for one in incidents]

        assert [len(one.searches) for one in incidents] == [1, 1]
        assert [one.searches[0].found for one in incidents] == [2, 0]
        assert FURTHER in read[0][0]
        assert read[0][:2] == read[1][:2]
        assert read[0][3] == read[1][3]
        assert hidden.case_number not in str(read)


def test_everybody_is_kept_whoever_searched_so_that_the_officer_tells_them(
    session: Session, sign_in: SignIn, hidden: Household, house: House
) -> None:
    incident = searched(session, sign_in(Role.DIRECTOR), house_id=house.id)

    kept = session.scalars(
        select(AffectedPerson.person_id).where(AffectedPerson.incident_id == incident.id)
    )
    page = sign_in(Role.PRIVACY_OFFICER).get(f"/incidents/{incident.id}").text

    assert set(kept) == {one.person_id for one in hidden.current_members}
    assert hidden.case_number in page
    assert "2 people" in page
    assert FURTHER not in page


def test_the_report_counts_those_whom_its_reader_may_see(
    session: Session, sign_in: SignIn, hidden: Household
) -> None:
    open_family(session)
    incident = open_incident(session)
    officer_id = staff_id(session, Role.PRIVACY_OFFICER)
    freeze(session, incident, Criteria(), by=officer_id)

    hers, whole = (
        what_she_reads(sign_in(role), incident)[1] for role in (Role.DIRECTOR, Role.PRIVACY_OFFICER)
    )

    assert (hers.count("1 person"), whole.count("2 people")) == (2, 2)
    assert "2 people" not in hers
    assert FURTHER in hers
    assert FURTHER not in whole


def test_that_nobody_is_hidden_is_not_told_either(session: Session, sign_in: SignIn) -> None:
    open_family(session)
    director = sign_in(Role.DIRECTOR)
    incident = searched(session, director)

    page, report, _list, printed = what_she_reads(director, incident)

    assert FURTHER in page
    assert FURTHER in report
    assert FURTHER in " ".join(printed.split())


def test_the_log_holds_no_number_of_people_whom_a_search_found(session: Session) -> None:
    incident, by = open_incident(session), staff_id(session, Role.PRIVACY_OFFICER)
    open_family(session)
    freeze(session, incident, Criteria(), by=by)
    session.commit()

    event = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "incident.people_found")
    ).one()

    assert event.facts == {}


def test_that_somebody_hidden_was_told_is_a_line_of_a_closed_file(
    session: Session, sign_in: SignIn, hidden: Household, house: House
) -> None:
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    incident = searched(session, director, house_id=house.id)
    person_id = hidden.current_members[0].person_id
    told = officer.submit(f"/incidents/{incident.id}/people/{person_id}", {"way": "in_person"})

    hers, whole = (
        who.get("/records/?action=incident.person_told").text.partition("<tbody")[2]
        for who in (director, officer)
    )
    book = openpyxl.load_workbook(io.BytesIO(director.get("/records/records.xlsx").data))
    taken = [row[3] for row in book.worksheets[0].iter_rows(values_only=True)]

    assert told.status_code == 303
    assert hidden.case_number in whole
    assert "<tr" not in hers
    assert not any("told" in str(said) for said in taken)
