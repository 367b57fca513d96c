"""What the public reads of a fund is changed by somebody who is known, and the log says so."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.giving import funds
from hearth.giving.models import Fund, FundKind
from tests.factories.families import staff_id
from tests.factories.giving import make_fund
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
TOLD = {"code": "coats", "kind": "material_aid", "title_nl": "Jassen", "opened_on": "2026-01-01"}


def events_of(session: Session, fund: Fund) -> list[AuditEvent]:
    session.commit()
    about = AuditEvent.subject_id == fund.id
    return list(session.scalars(select(AuditEvent).where(about).order_by(AuditEvent.seq)))


def test_a_fund_that_is_opened_stands_in_the_log(sign_in: SignIn, session: Session) -> None:
    fundraiser = sign_in(Role.FUNDRAISER)

    answer = fundraiser.submit("/funds/new", TOLD)

    fund = session.scalars(select(Fund).where(Fund.code == "coats")).one()
    (event,) = events_of(session, fund)
    assert answer.status_code == 303
    assert (event.action, event.facts) == ("fund.opened", {})
    assert event.actor_id == staff_id(session, Role.FUNDRAISER)


def test_of_a_changed_fund_the_log_names_the_fields_and_no_words(
    sign_in: SignIn, session: Session
) -> None:
    fund = make_fund(session, code="coats")
    session.commit()

    answer = sign_in(Role.FUNDRAISER).submit(
        f"/funds/{fund.id}", {**TOLD, "title_nl": "Stuur het elders heen", "goal": "1000"}
    )

    _opened, event = events_of(session, fund)
    assert answer.status_code == 303
    assert event.action == "fund.changed"
    assert event.facts == {"fields": ["kind", "opened_on", "titles"]}
    assert event.actor_id == staff_id(session, Role.FUNDRAISER)


def test_a_fund_that_is_saved_as_it_was_leaves_nothing_in_the_log(session: Session) -> None:
    fund = make_fund(session)

    funds.change(
        session,
        fund=fund,
        code=fund.code,
        kind=FundKind(fund.kind),
        titles=fund.titles,
        purposes=fund.purposes,
        goal=fund.goal_minor,
        opened_on=fund.opened_on,
        closed_on=fund.closed_on,
    )

    assert [one.action for one in events_of(session, fund)] == ["fund.opened"]


def test_a_fund_is_opened_and_changed_only_after_a_fresh_proof(
    sign_in: SignIn, session: Session
) -> None:
    fund = make_fund(session)
    session.commit()
    stale = sign_in(Role.FUNDRAISER, fresh=False)

    answers = [stale.get(path) for path in ("/funds/new", f"/funds/{fund.id}")]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert all(answer.location.startswith("/confirm") for answer in answers)
