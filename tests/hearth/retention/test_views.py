"""The pages "ends soon" and "legal holds"."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.retention.models import Answer
from hearth.subject_rights.models import LegalHold
from tests.factories.families import TODAY, open_family, staff_id
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
