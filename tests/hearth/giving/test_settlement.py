"""Whatever a provider says, in whatever order, each effect happens once and only forwards."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.giving import queries, refunds
from hearth.giving.gateway import (
    GIFT,
    ORGANISATION,
    DisputeSnapshot,
    DisputeState,
    PaymentSnapshot,
    PaymentState,
    RefundSnapshot,
    RefundState,
)
from hearth.giving.models import Flag, GiftState, Payment, PaymentEvent
from hearth.giving.settlement import INSTRUCTION, THANK_YOU, apply_snapshot
from hearth.ledger import services as ledger
from hearth.ledger.models import Account
from hearth.money import Money
from hearth.outbox.models import OutboxMessage
from tenants.registry import OrgRef
from tests.factories.giving import make_fund, snapshot_of, start_gift

S = PaymentState


def kinds_booked(session: Session, payment: Payment) -> list[str]:
    booked = ledger.transactions_about(session, subject_id=payment.gift_id)
    return sorted(transaction.kind for transaction in booked)


def mails_about(session: Session, payment: Payment) -> list[str]:
    keys = [f"{THANK_YOU}:{payment.id}", f"{INSTRUCTION}:{payment.id}"]
    found = session.scalars(select(OutboxMessage).where(OutboxMessage.key.in_(keys)))
    return sorted(message.payload["template"] for message in found)


def held_by_fund(session: Session, payment: Payment) -> int:
    return ledger.fund_balance(session, fund_id=payment.gift.fund_id, currency="EUR").amount_minor


def held_by_provider(session: Session, payment: Payment) -> int:
    return sum(
        entry.amount_minor
        for transaction in ledger.transactions_about(session, subject_id=payment.gift_id)
        for entry in transaction.entries
        if entry.account_code == Account.STRIPE_CLEARING
    )


def refund_of(
    payment: Payment, minor: int, state: RefundState = RefundState.SUCCEEDED, *, name: str = "re"
) -> RefundSnapshot:
    return RefundSnapshot(
        id=f"{name}_{payment.id.hex}",
        state=state,
        amount_minor=minor,
        currency=payment.currency,
        payment_intent_id=f"pi_{payment.id.hex}",
        charge_id=f"ch_{payment.id.hex}",
    )


def dispute_of(payment: Payment, state: DisputeState, *, fee: int = 0) -> DisputeSnapshot:
    return DisputeSnapshot(
        id=f"dp_{payment.id.hex}",
        state=state,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        payment_intent_id=f"pi_{payment.id.hex}",
        charge_id=None,
        fee_minor=fee,
    )


def paid(session: Session) -> Payment:
    payment = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED, fee_minor=47))
    return payment


def test_a_paid_gift_is_booked_and_thanked_for(session: Session) -> None:
    payment = start_gift(session)

    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED, fee_minor=47))

    assert payment.gift.state == GiftState.RECEIVED
    assert payment.gift.received_at is not None
    assert kinds_booked(session, payment) == ["fee", "gift"]
    assert held_by_provider(session, payment) == 1453
    assert mails_about(session, payment) == [THANK_YOU]


def test_the_same_news_again_changes_nothing(session: Session) -> None:
    payment = start_gift(session)
    news = snapshot_of(payment, S.SUCCEEDED, fee_minor=47)

    for _ in range(3):
        apply_snapshot(session, snapshot=news)

    assert kinds_booked(session, payment) == ["fee", "gift"]
    assert mails_about(session, payment) == [THANK_YOU]
    assert [event.state for event in payment.events] == [S.SUCCEEDED]


def test_the_fee_is_booked_when_it_becomes_known(session: Session) -> None:
    payment = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED))
    before = (payment.fee_minor, kinds_booked(session, payment))

    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED, fee_minor=47))

    assert before == (None, ["gift"])
    assert (payment.fee_minor, payment.net_minor) == (47, 1453)
    assert kinds_booked(session, payment) == ["fee", "gift"]


def test_a_delayed_payment_is_thanked_for_only_when_the_money_is_there(session: Session) -> None:
    payment = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(payment, S.PROCESSING, method="sepa_debit"))
    during = (payment.gift.state, mails_about(session, payment), kinds_booked(session, payment))

    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED))

    assert during == (GiftState.ON_ITS_WAY, [INSTRUCTION], [])
    assert mails_about(session, payment) == [INSTRUCTION, THANK_YOU]
    assert kinds_booked(session, payment) == ["gift"]


def test_a_delayed_payment_that_bounces_is_never_thanked_for(session: Session) -> None:
    payment = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(payment, S.PROCESSING))

    apply_snapshot(session, snapshot=snapshot_of(payment, S.FAILED, failure_code="no_funds"))

    assert payment.gift.state == GiftState.FAILED
    assert payment.failure_code == "no_funds"
    assert mails_about(session, payment) == [INSTRUCTION]
    assert kinds_booked(session, payment) == []


def test_late_news_takes_nothing_back(session: Session) -> None:
    payment = paid(session)

    apply_snapshot(session, snapshot=snapshot_of(payment, S.PROCESSING))
    apply_snapshot(session, snapshot=snapshot_of(payment, S.CREATED))

    assert payment.state == S.SUCCEEDED
    assert mails_about(session, payment) == [THANK_YOU]


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"amount_minor": 1499}, Flag.OTHER_AMOUNT),
        ({"amount_minor": 150000}, Flag.OTHER_AMOUNT),
        ({"currency": "USD"}, Flag.OTHER_CURRENCY),
    ],
    ids=["too little", "too much", "other currency"],
)
def test_money_that_is_not_this_gift_is_not_booked(
    session: Session, changes: dict[str, object], flag: Flag
) -> None:
    payment = start_gift(session)

    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED, **changes))

    assert payment.flag == flag
    assert payment.gift.state == GiftState.STARTED
    assert kinds_booked(session, payment) == []
    assert mails_about(session, payment) == []


def test_money_after_a_failure_waits_for_a_person(session: Session) -> None:
    payment = start_gift(session)
    apply_snapshot(session, snapshot=snapshot_of(payment, S.FAILED))

    for _ in range(2):
        apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED))

    assert payment.flag == Flag.PAID_AFTER_FAILURE
    assert kinds_booked(session, payment) == []
    assert [event.outcome for event in payment.events] == ["followed", "flagged"]


def test_a_fee_in_another_currency_is_left_to_a_person(session: Session) -> None:
    payment = start_gift(session)

    news = replace(snapshot_of(payment, S.SUCCEEDED, fee_minor=47), settled_currency="USD")
    apply_snapshot(session, snapshot=news)

    assert payment.flag == Flag.SETTLED_IN_OTHER_CURRENCY
    assert kinds_booked(session, payment) == ["gift"]


def test_news_of_nobodys_payment_is_left_alone(session: Session) -> None:
    stranger = PaymentSnapshot(S.SUCCEEDED, 1500, "EUR", payment_intent_id="pi_unknown")

    found = apply_snapshot(session, snapshot=stranger)

    assert found is None


def test_a_payment_of_another_house_is_booked_in_none_of_ours(
    session: Session, pskov_session: Session, pskov: OrgRef
) -> None:
    theirs, ours = start_gift(pskov_session), start_gift(session)
    whose = {ORGANISATION: pskov.schema_name, GIFT: str(theirs.gift_id)}
    said = snapshot_of(theirs, S.SUCCEEDED, fee_minor=47, metadata=whose)
    ours.checkout_session_id = said.session_id
    session.flush()

    here = apply_snapshot(session, snapshot=said)
    there = apply_snapshot(pskov_session, snapshot=said)

    assert (here, there) == (None, theirs)
    assert ours.payment_intent_id is None
    assert kinds_booked(session, ours) == []


def test_news_that_comes_before_our_own_answer_finds_its_gift(session: Session) -> None:
    payment = start_gift(session)

    found = apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED))

    assert found is payment
    assert payment.checkout_session_id == f"cs_{payment.id.hex}"


def test_two_equal_partial_refunds_are_two(session: Session) -> None:
    payment = paid(session)
    news = snapshot_of(payment, S.SUCCEEDED, fee_minor=47, refunded_minor=1000)
    both = [refund_of(payment, 500, name="re_a"), refund_of(payment, 500, name="re_b")]

    apply_snapshot(session, snapshot=news, refunds=both)
    apply_snapshot(session, snapshot=news, refunds=both)

    assert payment.refunded_minor == 1000
    assert payment.gift.state == GiftState.RECEIVED
    assert held_by_fund(session, payment) == 1500 - 47 - 1000


def test_a_gift_that_went_back_whole_is_refunded(session: Session) -> None:
    payment = paid(session)

    apply_snapshot(
        session,
        snapshot=snapshot_of(payment, S.REFUNDED, fee_minor=47, refunded_minor=1500),
        refunds=[refund_of(payment, 1500)],
    )

    assert payment.gift.state == GiftState.REFUNDED
    assert held_by_fund(session, payment) == -47


def test_a_refund_that_fails_gives_the_gift_back_to_its_fund(session: Session) -> None:
    payment = paid(session)
    whole = snapshot_of(payment, S.REFUNDED, fee_minor=47, refunded_minor=1500)
    apply_snapshot(session, snapshot=whole, refunds=[refund_of(payment, 1500)])

    failed = [refund_of(payment, 1500, RefundState.FAILED)]
    apply_snapshot(session, snapshot=snapshot_of(payment, S.SUCCEEDED), refunds=failed)
    apply_snapshot(session, snapshot=whole, refunds=[refund_of(payment, 1500)])

    assert payment.gift.state == GiftState.RECEIVED
    assert held_by_fund(session, payment) == 1453
    assert kinds_booked(session, payment) == ["fee", "gift", "refund", "reversal"]


def test_a_gift_known_only_after_its_refund_is_booked_both_ways_and_not_thanked_for(
    session: Session,
) -> None:
    payment = start_gift(session)

    apply_snapshot(
        session,
        snapshot=snapshot_of(payment, S.REFUNDED, refunded_minor=1500),
        refunds=[refund_of(payment, 1500)],
    )

    assert kinds_booked(session, payment) == ["gift", "refund"]
    assert mails_about(session, payment) == []


@pytest.mark.parametrize(
    ("end", "state", "left"),
    [
        (DisputeState.WON, GiftState.RECEIVED, 1453),
        (DisputeState.LOST, GiftState.REFUNDED, -47 - 2000),
    ],
)
def test_a_dispute_moves_the_money_and_its_end_decides(
    session: Session, end: DisputeState, state: GiftState, left: int
) -> None:
    payment = paid(session)
    disputed = snapshot_of(payment, S.DISPUTED, fee_minor=47)
    apply_snapshot(
        session, snapshot=disputed, dispute=dispute_of(payment, DisputeState.OPEN, fee=2000)
    )
    during = (payment.gift.state, held_by_provider(session, payment))

    for _ in range(2):
        fee = 2000 if end is DisputeState.LOST else 0
        apply_snapshot(session, snapshot=disputed, dispute=dispute_of(payment, end, fee=fee))

    assert during == (GiftState.DISPUTED, -47)
    assert payment.gift.state == state
    assert held_by_fund(session, payment) == left
    assert ledger.balances(session).get((Account.DISPUTED_GIFTS, "EUR")) == Money(0, "EUR")


def test_an_inquiry_moves_nothing(session: Session) -> None:
    payment = paid(session)

    apply_snapshot(
        session,
        snapshot=snapshot_of(payment, S.DISPUTED, fee_minor=47),
        dispute=dispute_of(payment, DisputeState.INQUIRY),
    )

    assert payment.gift.state == GiftState.RECEIVED
    assert kinds_booked(session, payment) == ["fee", "gift"]


def test_a_refund_we_asked_for_is_not_taken_for_another_one(session: Session) -> None:
    payment = paid(session)
    refund = refunds.request_refund(
        session,
        payment_id=payment.id,
        amount=Money(500, "EUR"),
        reason="Given twice",
        requested_by=_somebody(session),
        request_key=str(uuid.uuid4()),
    )
    answer = refund_of(payment, 500)

    apply_snapshot(
        session,
        snapshot=snapshot_of(payment, S.SUCCEEDED, refunded_minor=500),
        refunds=[answer],
    )
    refunds.keep_answer(session, refund_id=refund.id, answer=answer)

    assert [one.id for one in payment.refunds] == [refund.id]
    assert refund.state == RefundState.SUCCEEDED
    assert refund.provider_id == answer.id


def test_a_refund_that_was_refused_is_not_taken_for_the_next_one(session: Session) -> None:
    payment = paid(session)
    refused = refunds.request_refund(
        session,
        payment_id=payment.id,
        amount=Money(1500, "EUR"),
        reason="Given twice",
        requested_by=_somebody(session),
        request_key=str(uuid.uuid4()),
    )
    refunds.give_up(session, refund_id=refused.id)

    apply_snapshot(
        session,
        snapshot=snapshot_of(payment, S.REFUNDED, refunded_minor=1500),
        refunds=[refund_of(payment, 1500)],
    )

    assert refused.provider_id is None
    assert payment.gift_state is GiftState.REFUNDED
    assert payment.refunded_minor == 1500
    assert "refund" in kinds_booked(session, payment)


def test_no_more_is_given_back_than_there_is(session: Session) -> None:
    payment = paid(session)
    somebody = _somebody(session)
    for key, minor in (("a", 1000), ("b", 500)):
        refunds.request_refund(
            session,
            payment_id=payment.id,
            amount=Money(minor, "EUR"),
            reason="Asked for",
            requested_by=somebody,
            request_key=key,
        )

    with pytest.raises(refunds.RefundRefusedError):
        refunds.request_refund(
            session,
            payment_id=payment.id,
            amount=Money(1, "EUR"),
            reason="One cent more",
            requested_by=somebody,
            request_key="c",
        )

    assert not payment.refundable


def _somebody(session: Session) -> uuid.UUID:
    return session.scalars(select(User.id).limit(1)).one()


STEPS = ("created", "processing", "succeeded", "fee", "refund a", "refund b")


@st.composite
def histories(draw: st.DrawFn) -> list[str]:
    """The steps of one payment's life, some of them told twice, in any order."""
    repeated = draw(st.lists(st.sampled_from(STEPS), max_size=6))
    return draw(st.permutations([*STEPS, *repeated]))


@given(history=histories())
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_order_of_the_same_news_ends_alike(session: Session, history: list[str]) -> None:
    payment = start_gift(session, make_fund(session))

    for step in history:
        snapshot, listed = _news(payment, step)
        apply_snapshot(session, snapshot=snapshot, refunds=listed)

    assert payment.state == S.SUCCEEDED
    assert kinds_booked(session, payment) == ["fee", "gift", "refund", "refund"]
    assert held_by_fund(session, payment) == 1500 - 47 - 200 - 300
    assert mails_about(session, payment).count(THANK_YOU) == 1
    followed = session.scalars(
        select(PaymentEvent.state).where(PaymentEvent.payment_id == payment.id)
    )
    assert max(Counter(followed).values()) == 1


def _news(payment: Payment, step: str) -> tuple[PaymentSnapshot, Sequence[RefundSnapshot]]:
    """What one fetch would have said at that step; refunds are listed from then on."""
    a, b = refund_of(payment, 200, name="re_a"), refund_of(payment, 300, name="re_b")
    known: dict[str, tuple[PaymentSnapshot, Sequence[RefundSnapshot]]] = {
        "created": (snapshot_of(payment, S.CREATED), ()),
        "processing": (snapshot_of(payment, S.PROCESSING), ()),
        "succeeded": (snapshot_of(payment, S.SUCCEEDED), ()),
        "fee": (snapshot_of(payment, S.SUCCEEDED, fee_minor=47), ()),
        "refund a": (snapshot_of(payment, S.SUCCEEDED, refunded_minor=200), (a,)),
        "refund b": (snapshot_of(payment, S.SUCCEEDED, refunded_minor=500), (a, b)),
    }
    return known[step]


def test_the_thermometer_counts_what_came_and_what_is_coming(session: Session) -> None:
    fund = make_fund(session)
    for state in (S.SUCCEEDED, S.PROCESSING, S.FAILED):
        payment = start_gift(session, fund)
        apply_snapshot(session, snapshot=snapshot_of(payment, state))

    (standing,) = queries.standings(session, funds=[fund])

    assert standing.received == Money(1500, "EUR")
    assert standing.on_its_way == Money(1500, "EUR")
