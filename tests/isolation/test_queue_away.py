"""Without the queue everything can be read and written; only the wake-ups are lost."""

import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import stripe
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config import child_processes
from config.settings import Settings
from hearth import jobs
from hearth.accounts.permissions import Role
from hearth.app import create_app
from hearth.giving.models import Gift
from hearth.giving.sandbox.server import SandboxServer
from hearth.intake.models import Referral
from hearth.outbox.models import SharedEvent
from tenants import context
from tenants.context import Runtime
from tests.factories.giving import make_fund
from tests.isolation.belongings import Ids
from tests.isolation.doors import Door
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def queue_away(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The runtime with a queue at an address where nobody answers."""
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    nobody = f"redis://127.0.0.1:{child_processes.free_port()}/0"
    return context.install(replace(runtime, settings=replace(runtime.settings, redis_url=nobody)))


def test_every_page_is_shown(
    queue_away: Runtime,
    doors: list[Door],
    ids: dict[str, Ids],
    person: Callable[[Door], Visitor],
    knock: Callable[..., TestResponse],
) -> None:
    answers = {
        str(door): knock(person(door), door, ids["spb"]).status_code
        for door in doors
        if door.endpoint != "webhooks.stripe"
    }

    assert {key: status for key, status in answers.items() if status >= 500} == {}


def test_the_probes_do_not_ask_the_queue(queue_away: Runtime, visitor: MakeVisitor) -> None:
    answers = [visitor("spb").get(path).status_code for path in ("/livez", "/readyz")]

    assert answers == [200, 200]


def test_a_referral_is_taken(queue_away: Runtime, session: Session, sign_in: MakeVisitor) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    referral = {
        "urgency": "within_72_hours",
        "mother_name": "Test-Mother Testova",
        "safe_to_call": "unknown",
        "source": "hospital",
        "channel": "phone",
        "needs": "housing",
    }

    answer = worker.submit("/referrals/new", referral)

    assert answer.status_code == 303
    assert [one.mother_name for one in session.scalars(select(Referral))] == ["Test-Mother Testova"]


def test_a_gift_is_taken(
    queue_away: Runtime,
    settings_with_sandbox: Settings,
    sandbox: SandboxServer,
    session: Session,
) -> None:
    fund = make_fund(session)
    service = create_app(settings_with_sandbox)
    service.test_client_class = Visitor
    donor = service.test_client()
    assert isinstance(donor, Visitor)
    donor.host = "spb.hearth.test"

    answer = donor.submit(
        "/give", {"amount": "1500", "fund_id": str(fund.id), "email": "donor@example.org"}
    )

    assert answer.status_code == 303
    assert answer.location.startswith(sandbox.url)
    assert session.scalars(select(Gift.amount_minor)).all() == [1500]


def test_a_webhook_is_kept(queue_away: Runtime, shared: Session, visitor: MakeVisitor) -> None:
    body = json.dumps(
        {
            "id": "evt_queue_away",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": {"id": "pi_1", "object": "payment_intent", "metadata": {}}},
        }
    )
    signature = stripe.WebhookSignature.generate_signature_header(
        body, "whsec_test", int(time.time())
    )

    answer = visitor("hooks").post(
        "/webhooks/stripe", data=body, headers={"Stripe-Signature": signature}
    )

    assert answer.status_code == 200
    kept = select(SharedEvent).where(SharedEvent.event_id == "evt_queue_away")
    assert shared.scalars(kept).one().done_at is None


def test_a_lost_wake_up_costs_the_next_visitors_nothing(queue_away: Runtime) -> None:
    first = jobs.enqueue(jobs.Job.DRAIN_INBOX)

    began = time.monotonic()
    others = [jobs.enqueue(jobs.Job.DRAIN_INBOX) for _ in range(100)]

    assert not first
    assert not any(others)
    # A hundred tries to connect would take far longer than asking the clock a hundred times.
    assert time.monotonic() - began < 0.5
