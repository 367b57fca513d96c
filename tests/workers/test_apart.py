"""Jobs that go through the organisations: one in trouble, and the others served all the same."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import workers.aggregates
import workers.audit
import workers.break_glass
import workers.mail
import workers.money
import workers.privacy
import workers.sealing
from hearth.jobs import Job
from hearth.sealing.errors import SealingError
from tenants import context
from tenants.context import Runtime
from tenants.placement import PlacementError
from tenants.registry import OrgRef
from workers.apart import apart, each

JOBS: list[tuple[ModuleType, Callable[[], None]]] = [
    (workers.sealing, workers.sealing.sweep_keys),
    (workers.privacy, workers.privacy.remind_of_incidents),
    (workers.privacy, workers.privacy.run_retention_clocks),
    (workers.privacy, workers.privacy.tell_of_lost_files),
    (workers.aggregates, workers.aggregates.publish_cubes),
    (workers.aggregates, workers.aggregates.tidy_accounts),
    (workers.money, workers.money.settle_payments),
    (workers.mail, workers.mail.sweep_outboxes),
    (workers.audit, workers.audit.anchor_logs),
    (workers.audit, workers.audit.verify_logs),
    (workers.break_glass, workers.break_glass.remind_of_reviews),
]
TROUBLES = [
    OperationalError("SELECT 1", {}, Exception()),
    PlacementError("somewhere it must not be"),
    SealingError("locked"),
    LookupError("nothing there"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
@pytest.mark.parametrize(("module", "job"), JOBS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_others_are_served_when_one_is_in_trouble(
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    module: ModuleType,
    job: Callable[[], None],
    trouble: Exception,
) -> None:
    served: list[str] = []

    @contextmanager
    def troubled(organisation: OrgRef) -> Iterator[Session]:
        if organisation.slug == "pskov":
            raise trouble
        served.append(organisation.slug)
        with context.tenant_session(organisation) as session:
            yield session

    monkeypatch.setattr(module, "tenant_session", troubled)
    monkeypatch.setattr(module, "begun", lambda *_arguments: None)
    monkeypatch.setattr(workers.money, "payment_gateway", lambda: None)
    monkeypatch.setattr("workers.apart.random.shuffle", lambda them: them.sort(key=_slug))

    with caplog.at_level(logging.ERROR):
        job()

    told = [vars(record) for record in caplog.records if "organisation" in vars(record)]
    assert {organisation.slug for organisation in runtime.registry.all_active()} - {"pskov"} <= set(
        served
    )
    assert [(one["organisation"], one["reason"]) for one in told] == [
        ("pskov", type(trouble).__name__)
    ]
    assert all(one["place"] and one["job"].endswith(job.__name__) for one in told)


def test_the_end_of_a_jobs_time_ends_the_job() -> None:
    with pytest.raises(JobTimeoutException), apart(Job.SWEEP_KEYS, "spb"):
        raise JobTimeoutException


def test_nobody_stands_before_the_others_every_time(runtime: Runtime) -> None:
    organisations = runtime.registry.all_active()

    first = {each(organisations)[0].slug for _ in range(60)}

    assert first == {organisation.slug for organisation in organisations}


def _slug(organisation: OrgRef) -> str:
    return organisation.slug
