"""Why somebody looked is told to whoever reads such words in the file, and to the officer."""

import io
import re
import uuid
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.break_glass import services
from hearth.break_glass.models import GlassLook
from hearth.break_glass.vocabulary import Reason
from hearth.families.models import Household
from tests.factories.break_glass import EXPLANATION, make_look
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_user, colleague, grant, narrowed
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
Enter = Callable[[uuid.UUID], Visitor]
WHY = "The family calls or stands at the door"
FURTHER = "There may be further entries, of files that open to others only."
WHO_READS = "What was written about this look is read by the privacy officer"
NOTE = "Test-Mother was really there."


def open_look(session: Session, household: Household) -> GlassLook:
    """A look of a colleague who does not accompany a family that is not restricted."""
    looker = as_user(session, colleague(session, Role.SOCIAL_WORKER, name="Test Looker").id)
    number, told = household.case_number, EXPLANATION
    return services.open_case(
        session, looker, case_number=number, reason=Reason.CALL, explanation=told
    )


def pages(visitor: Visitor, look: GlassLook) -> tuple[str, str]:
    return visitor.get("/looks/").text, visitor.get(f"/looks/{look.id}").text


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DIRECTOR])
def test_of_a_file_that_opens_to_others_nobody_bound_reads_why(
    session: Session, sign_in: SignIn, role: Role
) -> None:
    look = make_look(session, open_family(session))
    reviewer = sign_in(role)

    before = pages(reviewer, look)
    grant(session, look.household, staff_id(session, role))
    let_in = pages(reviewer, look)

    assert not any(WHY in page or EXPLANATION in page for page in before)
    assert all("Test specialist" in page for page in before)
    assert all(WHY in page for page in let_in)
    assert EXPLANATION in let_in[1]
    assert WHO_READS in before[1]
    assert WHO_READS not in let_in[1]


def test_the_officer_reads_why_a_restricted_file_was_opened(
    session: Session, sign_in: SignIn
) -> None:
    look = make_look(session, open_family(session))

    listed, review = pages(sign_in(Role.PRIVACY_OFFICER), look)

    assert WHY in listed
    assert WHY in review
    assert EXPLANATION in review


@pytest.mark.parametrize("withheld", ["field:free_text", "families.read"])
def test_what_was_taken_from_a_role_is_not_given_back_by_a_review(
    session: Session, enter: Enter, withheld: str
) -> None:
    look = open_look(session, open_family(session))
    whole = enter(colleague(session, Role.DIRECTOR).id)
    narrow = enter(colleague(session, narrowed(session, Role.DIRECTOR, withheld)).id)

    hers, others = pages(whole, look), pages(narrow, look)

    assert WHY in hers[0]
    assert EXPLANATION in hers[1]
    assert not any(WHY in page or EXPLANATION in page for page in others)
    assert all("Test Looker" in page for page in others)


def test_a_supervisor_reads_why_in_the_files_of_her_own_teams_alone(
    session: Session, sign_in: SignIn
) -> None:
    hers = open_look(
        session, open_family(session, key_worker_id=staff_id(session, Role.SUPERVISOR))
    )
    others = open_look(session, open_family(session))
    supervisor = sign_in(Role.SUPERVISOR)

    told = [supervisor.get(f"/looks/{look.id}").text for look in (hers, others)]

    assert [EXPLANATION in page for page in told] == [True, False]


def test_what_a_review_found_is_told_like_why_somebody_looked(
    session: Session, sign_in: SignIn
) -> None:
    look = make_look(session, open_family(session))
    supervisor, director = sign_in(Role.SUPERVISOR), sign_in(Role.DIRECTOR)
    path = f"/looks/{look.id}"

    supervisor.submit(path, {"outcome": "justified", "note": NOTE})
    told = [one.get(path).text for one in (supervisor, director, sign_in(Role.PRIVACY_OFFICER))]

    assert [NOTE in page for page in told] == [True, False, True]
    assert all("Test supervisor" in page for page in told)


def test_the_forms_ask_for_no_names_and_no_addresses(session: Session, sign_in: SignIn) -> None:
    look = open_look(session, open_family(session))

    asked = [
        sign_in(Role.SOCIAL_WORKER).get("/break-glass/").text,
        sign_in(Role.DIRECTOR).get(f"/looks/{look.id}").text,
    ]

    assert "no names and no addresses" in asked[0]
    assert "No names and no addresses" in asked[1]


def reasons(visitor: Visitor) -> str:
    """The table of reasons on the month's report, and what is said beneath it."""
    told = visitor.get("/looks/report").text.partition("By reason")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", told.partition("By colleague")[0]).split())


def test_the_month_counts_why_only_of_files_that_are_read(
    session: Session, sign_in: SignIn
) -> None:
    make_look(session, open_family(session))
    open_look(session, open_family(session))
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)

    told = {one: reasons(one) for one in (director, officer)}
    taken = io.BytesIO(director.get("/looks/report.xlsx").data)

    rows = openpyxl.load_workbook(taken).worksheets[0].iter_rows(values_only=True)
    assert f"{WHY} 1" in told[director]
    assert f"{WHY} 2" in told[officer]
    assert (FURTHER in told[director], FURTHER in told[officer]) == (True, False)
    assert {row[0]: row[1] for row in rows}[WHY] == 1
