"""Payment states move forwards only."""

from itertools import pairwise

import pytest

from hearth.giving.gateway import PaymentState


def test_each_state_may_become_every_later_one() -> None:
    journey = [
        PaymentState.CREATED,
        PaymentState.ACTION_REQUIRED,
        PaymentState.PROCESSING,
        PaymentState.SUCCEEDED,
        PaymentState.REFUNDED,
        PaymentState.DISPUTED,
    ]

    steps = list(pairwise(journey))

    assert all(earlier.may_become(later) for earlier, later in steps)
    assert not any(later.may_become(earlier) for earlier, later in steps)


@pytest.mark.parametrize("later", list(PaymentState))
def test_a_failed_payment_stays_failed(later: PaymentState) -> None:
    state = PaymentState.FAILED

    moved = state.may_become(later)

    assert not moved


@pytest.mark.parametrize("state", list(PaymentState))
def test_a_repeated_event_changes_nothing(state: PaymentState) -> None:
    same = PaymentState(state.value)

    moved = state.may_become(same)

    assert not moved
