"""Who looked, and the log: searched, paged, printed and taken along by those it is entrusted to."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.audit.signing import SignedHead, is_genuine, trusted_keys
from hearth.families import services as families
from hearth.families.models import Household
from hearth.families.vocabulary import ClosingReason
from hearth.service_delivery.vocabulary import ServiceKind
from tenants.context import runtime
from tests.factories.families import TODAY, open_family, staff_id
from tests.factories.people import grant, restriction
from tests.factories.service_delivery import record_service
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


def test_the_key_worker_sees_who_looked(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    sign_in(Role.DIRECTOR).get(f"/families/{household.id}")
    worker = sign_in(Role.SOCIAL_WORKER)

    file = worker.get(f"/families/{household.id}").text
    page = worker.get(f"/families/{household.id}/who-looked")

    assert f"/families/{household.id}/who-looked" in file
    assert page.status_code == 200
    assert "Test director" in page.text
    assert "file" in page.text


def test_a_colleague_who_does_not_accompany_them_does_not(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session, key_worker_id=staff_id(session, Role.SUPERVISOR))
    worker = sign_in(Role.SOCIAL_WORKER)

    file = worker.get(f"/families/{household.id}")
    page = worker.get(f"/families/{household.id}/who-looked")

    assert "Who looked" not in file.text
    assert page.status_code == 404


def test_the_privacy_officer_sees_who_looked_and_no_name_of_the_family(
    session: Session, sign_in: SignIn
) -> None:
    household = open_family(session)
    sign_in(Role.SOCIAL_WORKER).get(f"/families/{household.id}")

    page = sign_in(Role.PRIVACY_OFFICER).get(f"/records/families/{household.id}").text

    assert household.case_number in page
    assert "Test social-worker" in page
    assert "Test-Mother" not in page


def test_two_colleagues_of_one_name_are_told_apart(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    session.execute(update(User).values(name="Anna Test"))
    session.commit()
    for role in (Role.SOCIAL_WORKER, Role.DIRECTOR):
        sign_in(role).get(f"/families/{household.id}")
    officer = sign_in(Role.PRIVACY_OFFICER)

    looks = officer.get(f"/records/families/{household.id}").text.partition("<tbody")[2]
    log = officer.get("/records/").text
    taken = officer.get("/records/records.xlsx?action=family.opened")

    mails = [f"{role}@spb.example.org" for role in ("social-worker", "director")]
    book = openpyxl.load_workbook(io.BytesIO(taken.data))
    (line,) = list(book.worksheets[0].iter_rows(values_only=True))[1:]
    assert all(mail in looks for mail in mails)
    assert all(f"Anna Test ({mail})" in log.partition("<tbody")[0] for mail in mails)
    assert "Anna Test (social-worker@spb.example.org)" in log.partition("<tbody")[2]
    assert line[2] == "Anna Test (social-worker@spb.example.org)"


def test_looks_are_searched_by_colleague_day_and_kind(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    worker, director = sign_in(Role.SOCIAL_WORKER), sign_in(Role.DIRECTOR)
    worker.get("/families/")
    director.get(f"/families/{household.id}")
    path = f"/records/families/{household.id}"
    worker_id = staff_id(session)

    def cells(query: str) -> str:
        return director.get(f"{path}?{query}").text.partition("<tbody")[2]

    assert "Test director" in cells("")
    assert "Test social-worker" not in cells("")
    assert "A list of families" in cells("lists=true")
    assert "Test director" not in cells(f"user_id={worker_id}&lists=true")
    assert "Test director" not in cells(f"since={TODAY.replace(year=TODAY.year + 1)}")
    assert director.get(f"{path}?since=2026-02-02&until=2026-01-01").status_code == 422
    assert "Test director" in director.get(f"{path}?print=yes").text


def test_every_page_about_a_family_is_a_look(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    member = household.current_members[1]
    worker = sign_in(Role.SOCIAL_WORKER)
    base = f"/families/{household.id}"
    for path in (
        base,
        f"{base}/close",
        f"{base}/members/new",
        f"{base}/members/{member.id}/correct",
        f"{base}/members/{member.id}/leave",
        f"{base}/members/{member.id}/history",
        f"{base}/key-worker",
        f"{base}/services/new",
        f"{base}/admit",
    ):
        before = _times(session, household.id)

        assert worker.get(path).status_code == 200

        assert _times(session, household.id) == before + 1, path


def _times(session: Session, household_id: object) -> int:
    from hearth.audit.services import ReadQuery, find_reads  # noqa: PLC0415

    return find_reads(session, ReadQuery(household_id=household_id), limit=1)[1]  # type: ignore[arg-type]


def test_the_log_is_searched(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    other = open_family(session)
    session.commit()
    officer = sign_in(Role.PRIVACY_OFFICER)

    def rows(query: str) -> int:
        return officer.get(f"/records/?{query}").text.partition("<tbody")[2].count("<tr")

    assert rows("") == 6
    assert rows("action=family.opened") == 2
    assert rows(f"case_number={household.case_number}") == 3
    assert rows(f"case_number={other.case_number}&action=member.joined") == 2
    assert rows("case_number=1999-0001") == 0
    assert rows(f"user_id={staff_id(session)}") == 6
    assert rows("until=2020-01-01") == 0
    assert officer.get("/records/?action=nonsense").status_code == 422


def test_the_log_holds_no_names(session: Session, sign_in: SignIn) -> None:
    open_family(session)
    session.commit()

    page = sign_in(Role.PRIVACY_OFFICER).get("/records/").text

    assert "Test-Mother" not in page
    assert "Testova" not in page


def test_the_log_is_taken_along_and_that_is_recorded(session: Session, sign_in: SignIn) -> None:
    open_family(session)
    session.commit()

    taken = sign_in(Role.PRIVACY_OFFICER).get("/records/records.xlsx?action=family.opened")

    sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
    lines = list(sheet.iter_rows(values_only=True))
    newest = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc())).first()
    assert len(lines) == 2
    assert lines[1][3] == "A case was opened"
    assert newest is not None
    assert (newest.action, newest.facts) == (
        "records.exported",
        {"filters": ["action"], "number": 1},
    )


def test_the_head_on_paper_is_signed(session: Session, sign_in: SignIn) -> None:
    officer = sign_in(Role.PRIVACY_OFFICER)
    empty = officer.get("/records/head").text
    open_family(session)
    session.commit()

    page = officer.get("/records/head").text

    line = page.partition("<code>")[2].partition("</code>")[0].replace("&#34;", '"')
    head = SignedHead.from_line(line)
    assert "Nothing has been recorded yet" in empty
    assert head.seq == 3
    assert is_genuine(head, trusted_keys(runtime().settings))


def test_others_do_not_read_the_records(sign_in: SignIn, session: Session) -> None:
    household = open_family(session)
    families.record_read(session, household_id=household.id, user_id=staff_id(session))

    for role in (Role.SOCIAL_WORKER, Role.ADMINISTRATOR, Role.BOOKKEEPER):
        visitor = sign_in(role)
        for path in ("/records/", "/records/records.xlsx", f"/records/families/{household.id}"):
            assert visitor.get(path).status_code == 403


CLOSED_TO_HER = "Something happened in a file that opens to others"


def hidden_family(session: Session) -> Household:
    """A family under restriction, of whom the log tells a lawyer's help and how the case ended."""
    household = open_family(session)
    record_service(session, household, kind=ServiceKind.LEGAL)
    families.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note=None,
        closed_by=staff_id(session),
        today=TODAY,
    )
    restriction(session, household)
    session.commit()
    return household


def test_the_log_tells_nothing_of_a_file_that_opens_to_others(
    session: Session, sign_in: SignIn
) -> None:
    household = hidden_family(session)
    director = sign_in(Role.DIRECTOR)

    page = director.get("/records/").text.partition("<tbody")[2]
    sheet = openpyxl.load_workbook(io.BytesIO(director.get("/records/records.xlsx").data))
    taken = str(list(sheet.worksheets[0].iter_rows(min_row=2, values_only=True)))

    for text in (page, taken):
        assert text.count(CLOSED_TO_HER) == 5
        for telling in (
            household.case_number,
            str(household.id),
            "A case was closed",
            "kind:",
            "Kind:",
            "Reason:",
            "Role:",
            "Test social-worker",
        ):
            assert telling not in text


def test_no_search_of_the_log_singles_out_what_happened_in_such_a_file(
    session: Session, sign_in: SignIn
) -> None:
    household, other = hidden_family(session), open_family(session)
    session.commit()
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)

    def rows(visitor: Visitor, query: str) -> int:
        return visitor.get(f"/records/?{query}").text.partition("<tbody")[2].count("<tr")

    asked = {
        "": (8, 8),
        f"since={TODAY}": (8, 8),
        f"case_number={household.case_number}": (5, 0),
        f"case_number={other.case_number}": (3, 3),
        "action=family.closed": (1, 0),
        "action=family.opened": (2, 1),
        f"user_id={staff_id(session)}": (8, 3),
    }
    for query, numbers in asked.items():
        assert (rows(officer, query), rows(director, query)) == numbers, query


def test_what_is_recorded_of_no_family_is_found_by_everybody(
    session: Session, sign_in: SignIn
) -> None:
    director = sign_in(Role.DIRECTOR)
    director.get("/records/records.xlsx")

    page = director.get("/records/?action=records.exported").text.partition("<tbody")[2]

    assert page.count("<tr") == 1
    assert "Test director" in page


def test_whom_the_file_was_opened_to_by_name_reads_its_lines(
    session: Session, sign_in: SignIn
) -> None:
    household = hidden_family(session)
    grant(session, household, staff_id(session, Role.DIRECTOR))

    page = sign_in(Role.DIRECTOR).get(f"/records/?case_number={household.case_number}").text

    assert CLOSED_TO_HER not in page
    assert "Kind: Legal help" in page


def test_facts_of_a_class_are_for_those_who_read_it(session: Session, sign_in: SignIn) -> None:
    household = open_family(session)
    for kind in (ServiceKind.MEDICAL, ServiceKind.PSYCHOLOGICAL, ServiceKind.HOME_VISIT):
        record_service(session, household, kind=kind)
    hidden_family(session)

    pages, sheets = {}, {}
    for role in (Role.PRIVACY_OFFICER, Role.DIRECTOR):
        visitor = sign_in(role)
        pages[role] = visitor.get(f"/records/?case_number={household.case_number}").text
        taken = visitor.get("/records/records.xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(taken.data)).worksheets[0]
        sheets[role] = str(list(sheet.iter_rows(values_only=True)))

    for told in (pages, sheets):
        assert "Role: Child" in told[Role.PRIVACY_OFFICER]
        # A kind that is shown beside one that is not would tell what is not shown.
        assert "Kind:" not in told[Role.PRIVACY_OFFICER]
        assert "Kind: Medical help" in told[Role.DIRECTOR]
        assert "Kind: Home visit" in told[Role.DIRECTOR]
    assert "Reason:" not in sheets[Role.PRIVACY_OFFICER]


CUT = "the earlier ones are missing"


def test_paper_says_what_was_left_out(
    session: Session, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    household = open_family(session)
    director, path = sign_in(Role.DIRECTOR), f"/records/families/{household.id}?print=yes"
    for _ in range(3):
        director.get(f"/families/{household.id}")

    whole = director.get(path).text
    monkeypatch.setattr("hearth.records.views.MOST_PRINTED", 2)
    cut = director.get(path).text

    assert CUT not in whole
    assert "These are the latest 2 of 3 entries" in cut


def test_the_workbook_says_what_was_left_out(
    session: Session, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        open_family(session)
    session.commit()
    director, path = sign_in(Role.DIRECTOR), "/records/records.xlsx?action=family.opened"

    books = [director.get(path)]
    monkeypatch.setattr("hearth.records.views.MOST_EXPORTED", 2)
    books.append(director.get(path))

    whole, cut = (
        list(openpyxl.load_workbook(io.BytesIO(one.data)).worksheets[0].iter_rows(values_only=True))
        for one in books
    )
    assert (len(whole), whole[0][0]) == (4, "Number")
    assert (len(cut), cut[1][0]) == (4, "Number")
    assert str(cut[0][0]).startswith("These are the latest 2 of 3 entries")
