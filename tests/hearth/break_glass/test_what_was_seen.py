"""The review shows everything that was seen, and no number that a reviewer need not know."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.break_glass import shown
from hearth.break_glass.models import GlassLook
from hearth.families.models import Household
from tests.factories.break_glass import make_look
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_role, grant
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
RELOADED = 104


@pytest.fixture
def look(session: Session) -> GlassLook:
    return make_look(session, open_family(session))


def officer(session: Session) -> SignedIn:
    return as_role(session, Role.PRIVACY_OFFICER)


def see(session: Session, look: GlassLook, purpose: str, *, times: int = 1) -> None:
    for _ in range(times):
        audit.record_read(
            session,
            household_id=look.household_id,
            person_ids=[one.person_id for one in look.household.members],
            user_id=look.user_id,
            purpose=purpose,
        )


def list_with(session: Session, look: GlassLook, household: Household, purpose: str) -> None:
    shown = [household.current_members[0].person_id]
    audit.record_read(session, person_ids=shown, user_id=look.user_id, purpose=purpose, number=7)


def test_reloading_pushes_nothing_out_of_the_review(session: Session, look: GlassLook) -> None:
    see(session, look, "documents", times=2)
    see(session, look, "file", times=RELOADED)

    seen = {
        (one.purpose, one.of_file): one
        for one in shown.seen_during(session, look, user=officer(session))
    }

    times = {key: one.times for key, one in seen.items()}
    assert times == {("documents", True): 2, ("file", True): RELOADED}
    documents, file = seen["documents", True], seen["file", True]
    assert documents.first_at < documents.last_at < file.first_at < file.last_at
    page, total = shown.reads_during(session, look, user=officer(session), limit=25, offset=100)
    assert total == RELOADED + 2
    assert [one.purpose for one in page] == ["file"] * 4 + ["documents"] * 2


def test_lists_that_named_one_of_the_family_count_and_others_do_not(
    session: Session, look: GlassLook
) -> None:
    other = open_family(session)
    see(session, look, "file")
    list_with(session, look, look.household, "tonight")
    list_with(session, look, look.household, "search")
    list_with(session, look, other, "list")

    seen = shown.seen_during(session, look, user=officer(session))

    assert sorted((one.purpose, one.of_file, one.times) for one in seen) == [
        ("file", True, 1),
        ("search", False, 1),
        ("tonight", False, 1),
    ]


def test_what_others_saw_and_what_came_after_does_not_count(
    session: Session, look: GlassLook
) -> None:
    audit.record_read(
        session,
        household_id=look.household_id,
        user_id=staff_id(session, Role.DIRECTOR),
        purpose="file",
    )
    with time_machine.travel(look.ends_at + timedelta(seconds=1), tick=False):
        see(session, look, "file")

    seen = shown.seen_during(session, look, user=officer(session))

    assert seen == []


def test_the_review_says_it_in_words_and_pages_the_rest(
    sign_in: SignIn, session: Session, look: GlassLook
) -> None:
    see(session, look, "documents", times=2)
    see(session, look, "file", times=RELOADED)
    list_with(session, look, look.household, "tonight")
    officer = sign_in(Role.PRIVACY_OFFICER)

    first = officer.get(f"/looks/{look.id}").text
    last = officer.get(f"/looks/{look.id}?page=5").text

    for page in (first, last):
        assert "107 looks in all" in page
        assert "A list, or another file, that named one of the family" in page
        assert "Who is in the houses tonight" in page
    each_first, each_last = (page.partition("Each look")[2] for page in (first, last))
    assert "documents" not in each_first
    assert each_last.count("documents") == 2


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DIRECTOR])
def test_a_bound_reviewer_reads_no_number_of_a_file_that_opens_to_others(
    sign_in: SignIn, session: Session, look: GlassLook, role: Role
) -> None:
    number = look.household.case_number
    bound, officer = sign_in(role), sign_in(Role.PRIVACY_OFFICER)
    paths = ("/looks/", f"/looks/{look.id}")

    hers = [bound.get(path).text for path in paths]
    theirs = [officer.get(path).text for path in paths]
    grant(session, look.household, staff_id(session, role))
    let_in = [bound.get(path).text for path in paths]

    for page in hers:
        assert number not in page
        assert "A file that opens to others" in page
        assert "Test specialist" in page
    for page in (*theirs, *let_in):
        assert number in page
        assert "A file that opens to others" not in page


def test_a_bound_reviewer_still_reviews_it(
    sign_in: SignIn, session: Session, look: GlassLook
) -> None:
    answers = {"outcome": "justified", "note": "Rightly opened."}

    answer = sign_in(Role.DIRECTOR).submit(f"/looks/{look.id}", answers)

    assert answer.status_code == 303
    session.refresh(look)
    assert look.review is not None
