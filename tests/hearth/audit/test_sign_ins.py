"""Signing in, failing to and being refused a page are recorded, and nothing that was typed is."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from tests.factories.families import staff_id
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
EMAIL = "social-worker@spb.example.org"


def recorded(session: Session) -> list[AuditEvent]:
    session.expire_all()
    return list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


def test_a_sign_in_and_a_sign_out_are_recorded(visitor: MakeVisitor, session: Session) -> None:
    worker = visitor()

    worker.sign_in(EMAIL)
    worker.submit("/sign-out", page="/families/")

    events = recorded(session)
    actions = [event.action for event in events]
    assert actions[0] == "account.signed-in"
    assert actions[-1] == "account.signed-out"
    assert {event.actor_id for event in events} == {staff_id(session)}


def test_a_failed_sign_in_is_recorded_without_what_was_typed(
    visitor: MakeVisitor, session: Session
) -> None:
    stranger = visitor()

    stranger.submit("/sign-in", {"email": EMAIL, "password": "not hers"})
    stranger.submit("/sign-in", {"email": "nobody@example.org", "password": "not hers"})

    events = recorded(session)
    assert [(event.action, event.subject_id) for event in events] == [
        ("account.sign-in-failed", staff_id(session)),
        ("account.sign-in-failed", None),
    ]
    assert all(event.facts == {} for event in events)


def test_a_refused_page_is_recorded(sign_in: MakeVisitor, session: Session) -> None:
    operator = sign_in(Role.DUTY_OPERATOR)

    answer = operator.get("/colleagues/")

    (event,) = recorded(session)
    assert answer.status_code == 403
    assert event.action == "access.refused"
    assert event.actor_id == staff_id(session, Role.DUTY_OPERATOR)
    assert event.facts == {"permission": "users.manage", "page": "staff.index"}


def test_a_changed_role_is_recorded_with_who_changed_it(
    sign_in: MakeVisitor, session: Session
) -> None:
    anna = staff_id(session)

    answer = sign_in(Role.ADMINISTRATOR).submit(
        f"/colleagues/{anna}",
        {"name": "Another Name", "roles": ["fundraiser"], "locale": "ru", "works_here": "true"},
    )

    event = next(e for e in recorded(session) if e.action == "account.changed")
    assert answer.status_code == 303
    assert event.actor_id == staff_id(session, Role.ADMINISTRATOR)
    assert event.facts["roles_before"] == ["social-worker"]
    assert event.facts["roles_after"] == ["fundraiser"]
    assert "Another Name" not in str(event.facts)
