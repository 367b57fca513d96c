"""A refund that the provider did not answer is sent once more; one that it knows never is."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.giving import refunds
from hearth.giving.gateway import (
    GatewayUnavailable,
    PaymentState,
    RefundRequest,
    RefundSnapshot,
    RefundState,
)
from hearth.giving.models import Payment, Refund
from hearth.giving.settlement import apply_snapshot
from hearth.web.request import HearthFlask
from tests.factories.giving import snapshot_of, start_gift
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]
WANTED = {"amount": "5", "reason": "Asked by the donor"}


class Forgetful:
    """A provider to whom every order is a new one, as it is a day later."""

    def __init__(self) -> None:
        self.orders: list[tuple[RefundRequest, str]] = []
        self.is_away = True

    def refund(self, order: RefundRequest, *, idempotency_key: str) -> RefundSnapshot:
        self.orders.append((order, idempotency_key))
        if self.is_away:
            raise GatewayUnavailable("no answer")
        return answered(f"re_{len(self.orders)}", order.amount_minor or 0)


def answered(
    name: str, amount_minor: int, state: RefundState = RefundState.PENDING
) -> RefundSnapshot:
    return RefundSnapshot(
        id=name,
        state=state,
        amount_minor=amount_minor,
        currency="EUR",
        payment_intent_id=None,
        charge_id=None,
    )


@pytest.fixture
def provider(app: HearthFlask) -> Iterator[Forgetful]:
    before = app.extensions["payment_gateway"]
    app.extensions["payment_gateway"] = made = Forgetful()
    yield made
    app.extensions["payment_gateway"] = before


@pytest.fixture
def payment(session: Session) -> Payment:
    started = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(started, PaymentState.SUCCEEDED))
    session.commit()
    return started


@pytest.fixture
def bookkeeper(sign_in: SignIn, payment: Payment, provider: Forgetful) -> Visitor:
    """Who has asked for five euros back and got no answer."""
    staff = sign_in(Role.BOOKKEEPER)
    staff.submit(f"/gifts/{payment.gift_id}/refund", WANTED)
    provider.is_away = False
    return staff


def only_refund(session: Session) -> Refund:
    session.expire_all()
    return session.scalars(select(Refund)).one()


def send_again(staff: Visitor, refund: Refund) -> int:
    gift = f"/gifts/{refund.payment.gift_id}"
    answer = staff.submit(f"{gift}/refunds/{refund.id}", page=f"{gift}/refund")
    return answer.status_code


def asked_for(session: Session) -> int:
    action = AuditEvent.action == "refund.requested"
    return len(session.scalars(select(AuditEvent.seq).where(action)).all())


def test_a_refund_without_an_answer_is_sent_again_with_its_key_and_recorded_again(
    session: Session, bookkeeper: Visitor, provider: Forgetful
) -> None:
    refund = only_refund(session)

    status = send_again(bookkeeper, refund)

    assert status == 303
    assert [key for _order, key in provider.orders] == [str(refund.id)] * 2
    assert only_refund(session).provider_id == "re_2"
    assert asked_for(session) == 2


@pytest.mark.parametrize("state", list(RefundState))
def test_a_refund_that_the_provider_knows_is_not_sent_again(
    session: Session,
    bookkeeper: Visitor,
    provider: Forgetful,
    payment: Payment,
    state: RefundState,
) -> None:
    told = snapshot_of(payment, PaymentState.SUCCEEDED)
    apply_snapshot(session, snapshot=told, refunds=[answered("re_known", 500, state)])
    session.commit()

    statuses = [send_again(bookkeeper, only_refund(session)) for _time in range(2)]

    refund = only_refund(session)
    assert statuses == [303, 303]
    assert len(provider.orders) == 1
    assert (refund.provider_id, refund.state) == ("re_known", state)
    assert asked_for(session) == 1


def test_a_refund_that_was_given_up_is_not_sent_again(
    session: Session, bookkeeper: Visitor, provider: Forgetful
) -> None:
    refunds.give_up(session, refund_id=only_refund(session).id)
    session.commit()

    send_again(bookkeeper, only_refund(session))

    assert len(provider.orders) == 1
    assert only_refund(session).state == RefundState.FAILED


def test_a_refund_is_not_sent_again_when_less_is_left_by_now(
    session: Session, bookkeeper: Visitor, provider: Forgetful, payment: Payment
) -> None:
    told = snapshot_of(payment, PaymentState.SUCCEEDED)
    elsewhere = answered("re_elsewhere", 1200, RefundState.SUCCEEDED)
    apply_snapshot(session, snapshot=told, refunds=[elsewhere])
    session.commit()
    waiting = session.scalars(select(Refund).where(Refund.provider_id.is_(None))).one()

    send_again(bookkeeper, waiting)

    session.expire_all()
    assert len(provider.orders) == 1
    assert waiting.provider_id is None


def test_no_answer_takes_the_place_of_another(
    session: Session, bookkeeper: Visitor, provider: Forgetful
) -> None:
    send_again(bookkeeper, only_refund(session))
    refund = only_refund(session)

    refunds.keep_answer(session, refund_id=refund.id, answer=answered("re_later", 500))

    assert refund.provider_id == "re_2"
    assert len(provider.orders) == 2
