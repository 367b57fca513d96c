"""The pages "ends soon" and "legal holds"."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.data_records import DataGroup, SubjectKind
from hearth.families.models import Household
from hearth.intake import services as intake
from hearth.retention.models import Answer, RetentionNotice
from hearth.subject_rights.models import LegalHold
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, grant, narrowed, restriction
from tests.factories.rights import give_notice, hold
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
LATER = (TODAY + timedelta(days=200)).isoformat()


def test_a_file_is_kept_with_a_reason_and_an_end(sign_in: MakeVisitor, session: Session) -> None:
    notice = give_notice(session, open_family(session))
    officer = sign_in(Role.PRIVACY_OFFICER)

    officer.submit(
        f"/data-protection/ends-soon/{notice.id}",
        {"answer": "keep", "keep_until": LATER, "reason": "A claim is running."},
    )
    page = officer.get("/data-protection/ends-soon/")

    session.expire_all()
    assert notice.answer is Answer.KEEP
    assert "A claim is running." in page.text


@pytest.mark.parametrize(
    "sent", [{"answer": "keep"}, {"answer": "keep", "keep_until": LATER}, {"answer": "keep",
     "keep_until": "2020-01-01", "reason": "Too late"}, {}],
)  # fmt: skip
def test_nothing_is_kept_without_a_reason_and_an_end(
    sign_in: MakeVisitor, session: Session, sent: dict[str, str]
) -> None:
    notice = give_notice(session, open_family(session))

    answer = sign_in(Role.PRIVACY_OFFICER).submit(f"/data-protection/ends-soon/{notice.id}", sent)

    session.expire_all()
    assert answer.status_code == 422
    assert notice.answer is None


def test_one_lets_it_go_and_another_says_so_too(sign_in: MakeVisitor, session: Session) -> None:
    notice = give_notice(session, open_family(session))
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    path = f"/data-protection/ends-soon/{notice.id}"

    first = officer.submit(path, {"answer": "let_go"})
    waits = officer.get("/data-protection/ends-soon/")
    alone = officer.submit(path, {"answer": "let_go"})
    second = director.submit(path, {"answer": "let_go"})

    session.expire_all()
    assert (first.status_code, alone.status_code, second.status_code) == (303, 422, 303)
    assert "Waits for a second person" in waits.text
    assert "Somebody else has to decide" in alone.text
    assert notice.approved_by == staff_id(session, Role.DIRECTOR)


def test_letting_go_asks_for_a_fresh_proof(sign_in: MakeVisitor, session: Session) -> None:
    notice = give_notice(session, open_family(session))
    path = f"/data-protection/ends-soon/{notice.id}"

    answer = sign_in(Role.DIRECTOR, fresh=False).get(path)

    assert answer.location == f"/confirm?next={path}"


def test_a_hold_is_set_by_number_shown_and_lifted(sign_in: MakeVisitor, session: Session) -> None:
    family = open_family(session)
    give_notice(session, family)
    director = sign_in(Role.DIRECTOR)

    director.submit(
        "/data-protection/holds/new",
        {"number": family.case_number, "reason": "The court asked for the file."},
    )
    held = session.scalars(select(LegalHold)).one()
    shown = director.get("/data-protection/holds/")
    ends = director.get("/data-protection/ends-soon/")
    lifted = director.submit(f"/data-protection/holds/{held.id}/lift", {"note": "It is over."})
    again = director.submit(f"/data-protection/holds/{held.id}/lift", {"note": "It is over."})

    assert "The court asked for the file." in shown.text
    assert "Legal hold" in ends.text.partition("<tbody")[2]
    assert (lifted.status_code, again.status_code) == (303, 422)
    assert "No hold stands" in director.get("/data-protection/holds/").text


def test_a_number_that_nobody_has_holds_nobody(sign_in: MakeVisitor, session: Session) -> None:
    hold(session, open_family(session))

    answer = sign_in(Role.DIRECTOR).submit(
        "/data-protection/holds/new", {"number": "x", "reason": "Because of this"}
    )

    assert answer.status_code == 422
    assert len(session.scalars(select(LegalHold)).all()) == 1


FURTHER = "There may be further entries, of files that open to others only."


def hidden_family(session: Session) -> Household:
    family = open_family(session)
    restriction(session, family)
    return family


def referral_notice(session: Session, family: Household) -> RetentionNotice:
    """A notice about a request for help that was accepted for this family afterwards."""
    referral = take_referral(session, mother_name="Kanareika")
    notice = give_notice(session, family)
    notice.subject_kind, notice.subject_id = SubjectKind.REFERRAL, referral.id
    notice.data_group = DataGroup.REFERRALS
    intake.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session), today=TODAY
    )
    return notice


def test_a_file_that_opens_to_others_is_no_line_of_what_ends(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = hidden_family(session)
    notice = give_notice(session, family)
    path = "/data-protection/ends-soon/"
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)

    hers, theirs = director.get(path).text, officer.get(path).text
    answers = [who.get(f"{path}{notice.id}").status_code for who in (director, officer)]

    assert FURTHER in hers
    assert family.case_number not in hers
    assert str(notice.id) not in hers
    assert FURTHER not in theirs
    assert family.case_number in theirs
    assert answers == [404, 200]


def test_a_request_for_help_of_such_a_family_is_not_named(
    sign_in: MakeVisitor, session: Session
) -> None:
    notice = referral_notice(session, hidden_family(session))
    path = "/data-protection/ends-soon/"
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)

    hers = director.get(path).text
    answers = [who.get(f"{path}{notice.id}") for who in (director, officer)]

    assert FURTHER in hers
    assert "Kanareika" not in hers
    assert [answer.status_code for answer in answers] == [404, 200]
    assert "Kanareika" in officer.get(path).text


def test_why_such_a_file_is_kept_longer_is_not_told(sign_in: MakeVisitor, session: Session) -> None:
    notice = give_notice(session, hidden_family(session))
    sign_in(Role.PRIVACY_OFFICER).submit(
        f"/data-protection/ends-soon/{notice.id}",
        {"answer": "keep", "keep_until": LATER, "reason": "Kanareika's claim is running."},
    )

    page = sign_in(Role.DIRECTOR).get("/data-protection/ends-soon/").text

    assert "Kanareika" not in page
    assert FURTHER in page


def test_a_hold_on_such_a_file_is_neither_shown_nor_lifted_nor_set(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = hidden_family(session)
    held = hold(session, family, reason="Kanareika's court asked.")
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    path = f"/data-protection/holds/{held.id}/lift"

    pages = [who.get("/data-protection/holds/").text for who in (director, officer)]
    answers = [who.get(path).status_code for who in (director, officer)]
    sent = {"number": family.case_number, "reason": "The court asked for the file."}
    again = director.submit("/data-protection/holds/new", sent)
    unknown = director.submit("/data-protection/holds/new", {**sent, "number": "1999-0001"})

    assert FURTHER in pages[0]
    assert "Kanareika" not in pages[0]
    assert family.case_number not in pages[0]
    assert family.case_number in pages[1]
    assert answers == [404, 200]
    assert (again.status_code, unknown.status_code) == (422, 422)
    assert len(session.scalars(select(LegalHold)).all()) == 1


def test_whom_the_file_was_opened_to_by_name_decides_about_it(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = hidden_family(session)
    notice, held = give_notice(session, family), hold(session, family)
    grant(session, family, staff_id(session, Role.DIRECTOR))
    director = sign_in(Role.DIRECTOR)

    answers = [
        director.get(f"/data-protection/ends-soon/{notice.id}").status_code,
        director.get(f"/data-protection/holds/{held.id}/lift").status_code,
    ]

    assert answers == [200, 200]
    assert family.case_number in director.get("/data-protection/ends-soon/").text


def test_why_something_is_held_is_for_those_who_read_words(
    session: Session, enter: Callable[[uuid.UUID], Visitor], sign_in: MakeVisitor
) -> None:
    hold(session, open_family(session), reason="Her brother went to court.")
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "field:free_text")).id)
    path = "/data-protection/holds/"

    hers, the_directors = board.get(path).text, sign_in(Role.DIRECTOR).get(path).text

    assert "went to court" not in hers
    assert "went to court" in the_directors


def test_ends_soon_names_nobody_to_whoever_reads_no_names(
    session: Session, enter: Callable[[uuid.UUID], Visitor], sign_in: MakeVisitor
) -> None:
    referral = take_referral(session, mother_name="Kanareika")
    notice = give_notice(session, open_family(session))
    notice.data_group, notice.subject_kind = DataGroup.REFERRALS, SubjectKind.REFERRAL
    notice.subject_id = referral.id
    session.flush()
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, "field:identity")).id)
    paths = ["/data-protection/ends-soon/", f"/data-protection/ends-soon/{notice.id}"]

    hers = [board.get(path).text for path in paths]
    the_officers = [sign_in(Role.PRIVACY_OFFICER).get(path).text for path in paths]

    assert all("Kanareika" not in page and "does not read" in page for page in hers)
    assert all("Kanareika" in page for page in the_officers)


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM, Scope.HOUSE, None])
def test_why_a_call_is_kept_is_for_those_who_find_that_call(
    session: Session,
    enter: Callable[[uuid.UUID], Visitor],
    sign_in: MakeVisitor,
    scope: Scope | None,
) -> None:
    kept = referral_notice(session, hidden_family(session))
    kept.subject_id = take_referral(session, received_by=staff_id(session, Role.DUTY_OPERATOR)).id
    kept.answer, kept.keep_until = Answer.KEEP, TODAY + timedelta(days=90)
    kept.reason, path = "Zinaida's claim is running.", "/data-protection/ends-soon/"
    session.flush()
    reads = Permission.REFERRALS_READ
    withheld, scopes = ([], {reads: scope}) if scope else ([reads.value], {})
    board = enter(colleague(session, narrowed(session, Role.DIRECTOR, *withheld, scopes=scopes)).id)

    hers, answer = board.get(path).text, board.get(f"{path}{kept.id}")
    the_others = [sign_in(role).get(path).text for role in (Role.DIRECTOR, Role.PRIVACY_OFFICER)]

    assert "Zinaida" not in hers
    assert FURTHER in hers
    assert answer.status_code == 404
    assert all("Zinaida" in page for page in the_others)


def test_why_a_call_of_her_own_is_kept_is_told_to_whoever_reads_her_own(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    scopes = {Permission.REFERRALS_READ: Scope.OWN}
    taker = colleague(session, narrowed(session, Role.DIRECTOR, scopes=scopes)).id
    kept = referral_notice(session, hidden_family(session))
    kept.subject_id = take_referral(session, received_by=taker).id
    kept.answer, kept.keep_until = Answer.KEEP, TODAY + timedelta(days=90)
    kept.reason = "Zinaida's claim is running."
    session.flush()

    page = enter(taker).get("/data-protection/ends-soon/").text

    assert "Zinaida" in page
