"""Writers who come together: one line of events without a gap, and nobody waits for long."""

import threading
import time
from collections.abc import Callable

from sqlalchemy import select, text

from hearth.audit.models import AuditEvent
from hearth.audit.services import record
from hearth.audit.verification import verify
from tenants.context import runtime, tenant_session
from tenants.registry import OrgRef

WRITERS, EACH = 4, 25


def at_once(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)


def test_events_written_at_the_same_time_are_one_gapless_chain(house: OrgRef) -> None:
    failed: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(EACH):
                _record(house)
        except Exception as error:
            failed.append(error)

    began = time.perf_counter()
    at_once(*[write] * WRITERS)
    seconds = time.perf_counter() - began

    with tenant_session(house) as session:
        numbers = list(session.scalars(select(AuditEvent.seq).order_by(AuditEvent.seq)))
        verdict = verify(session, runtime().settings)
    assert failed == []
    assert numbers == list(range(1, WRITERS * EACH + 1))
    assert verdict.is_whole
    # Far more than an organisation ever writes; printed for whoever wants to know (pytest -s).
    print(f"{WRITERS * EACH / seconds:.0f} recorded transactions a second")  # noqa: T201


def test_the_chain_is_held_only_while_a_transaction_ends(house: OrgRef) -> None:
    written, waited = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        with tenant_session(house) as session:
            record(session, action="family.opened", subject_type="household", subject_id=None)
            session.execute(text("SELECT 1"))
            waited.set()
            assert written.wait(timeout=10)
        order.append("slow")

    def quick() -> None:
        assert waited.wait(timeout=10)
        _record(house)
        order.append("quick")
        written.set()

    at_once(slow, quick)

    assert order == ["quick", "slow"]


def _record(house: OrgRef) -> None:
    with tenant_session(house) as session:
        record(session, action="service.recorded", subject_type="service", subject_id=None)
