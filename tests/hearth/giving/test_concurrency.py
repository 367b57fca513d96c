"""Two at once: the same form, the same event. Here everything is committed for good."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TypeVar

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.giving import services
from hearth.giving.gateway import PaymentState
from hearth.giving.models import Gift, Payment
from hearth.giving.settlement import THANK_YOU, apply_snapshot
from hearth.ledger import services as ledger
from hearth.outbox.models import OutboxMessage
from tenants import context, provisioning
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.factories.giving import gift_request, make_fund, snapshot_of, start_gift

Result = TypeVar("Result")
AT_ONCE = 4


@pytest.fixture
def org(settings: Settings, engines: Engines) -> Iterator[OrgRef]:
    """An organisation of its own, which is gone afterwards with everything that was committed."""
    profile = replace(provisioning.Profile.named("spb"), slug="haste")
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as owner:
        provisioning.create_organisation(owner, settings, profile)
        registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
        context.install(Runtime(settings, engines, registry))
        yield registry.get("haste")
        engines.dispose()
        provisioning.set_state(owner, "haste", before="active", after="suspended")
        provisioning.drop_organisation(owner, settings, "haste")


def together(org: OrgRef, work: Callable[[Session], Result]) -> list[Result]:
    """Do the same work in several transactions that all begin before any of them goes on."""
    barrier = Barrier(AT_ONCE)

    def one(_number: int) -> Result:
        with tenant_session(org) as session:
            session.execute(select(1))
            barrier.wait(10)
            return work(session)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))


def test_one_form_sent_by_several_fingers_is_one_gift(org: OrgRef) -> None:
    with tenant_session(org) as session:
        fund = make_fund(session, code="week")
    request, key = gift_request(fund), str(uuid.uuid4())

    found = together(
        org, lambda session: services.start_gift(session, request=request, request_key=key).id
    )

    assert len(set(found)) == 1
    with tenant_session(org) as session:
        gifts = session.scalar(
            select(func.count()).select_from(Gift).where(Gift.fund_id == fund.id)
        )
    assert gifts == 1


def test_an_event_handled_by_several_workers_is_booked_once(org: OrgRef) -> None:
    with tenant_session(org) as session:
        fund = make_fund(session, code="week")
        payment = start_gift(session, fund)
        news = snapshot_of(payment, PaymentState.SUCCEEDED, fee_minor=47)

    def follow(session: Session) -> None:
        apply_snapshot(session, snapshot=news)

    together(org, follow)

    with tenant_session(org) as session:
        booked = ledger.transactions_about(session, subject_id=payment.gift_id)
        mails = session.scalar(
            select(func.count())
            .select_from(OutboxMessage)
            .where(OutboxMessage.key == f"{THANK_YOU}:{payment.id}")
        )
        state = session.scalars(select(Payment.state).where(Payment.id == payment.id)).one()
    assert sorted(transaction.kind for transaction in booked) == ["fee", "gift"]
    assert (mails, state) == (1, PaymentState.SUCCEEDED)
