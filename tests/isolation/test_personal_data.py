"""No name, address or number of a person leaves the page it belongs on."""

import io
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote_plus

import pytest
import stripe
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.logs import OURS, configure_logging
from config.settings import Settings
from hearth import jobs
from hearth.accounts.permissions import Role
from hearth.app import create_app
from hearth.audit.models import AuditEvent
from hearth.families.models import Household
from hearth.giving.sandbox.server import SandboxServer
from tenants import context
from tenants.context import Runtime, tenant_session
from tests.factories.giving import make_fund
from tests.isolation.belongings import Ids
from tests.isolation.doors import Door
from tests.isolation.pages import Page
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
# What the journeys write, and what the factories of the tests call people.
CANARY = "Kanareika"
EMAIL = "kanareika@example.org"
PHONE = "+7 921 555 01 99"
PERSONAL = re.compile(
    r"kanareika|testova|test-mother|test-child|test colleague|donor@|colleague@|anneke|921 ?555",
    re.IGNORECASE,
)
# Kinds of field in which somebody could write about a person.
WRITTEN = {"text": CANARY, "textarea": CANARY, "search": CANARY, "email": EMAIL, "tel": PHONE}


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[str]]]:
    """Everything that is logged, down to the smallest detail, as the service would print it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(logging.DEBUG)
    printed = io.StringIO()
    service_handler = root.handlers[0]
    assert isinstance(service_handler, logging.StreamHandler)
    service_handler.setStream(printed)
    # Libraries may talk as much as they like here.
    root.setLevel(logging.DEBUG)
    yield lambda: printed.getvalue().splitlines()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def written(doors: list[Door], ids: Ids, person: Callable[[Door], Visitor]) -> Iterator[
    tuple[Door, dict[str, str]]
]:  # fmt: skip
    """Every form, filled in with somebody's name wherever something can be written."""
    shown = {door.rule: door for door in doors if not door.changes}
    for door in doors:
        if door.changes and door.endpoint != "webhooks.stripe":
            page = shown.get(door.rule)
            text = person(page).get(page.path(ids), buffered=True).text if page else ""
            fields = Page(text).fields
            answers = {
                name: WRITTEN.get(asked.kind) or asked.usual for name, asked in fields.items()
            }
            yield door, answers or {"text": CANARY}


def told_elsewhere(name: str, answer: TestResponse) -> list[str]:
    """Where an answer tells something personal outside the page itself."""
    said = {
        "title": Page(answer.text).title if answer.mimetype == "text/html" else "",
        "Location": unquote_plus(answer.headers.get("Location", "")),
        "Content-Disposition": answer.headers.get("Content-Disposition", ""),
        "links": " ".join(unquote_plus(link) for link in links_in(answer)),
    }
    return [f"{name}: {place}" for place, words in said.items() if PERSONAL.search(words)]


def links_in(answer: TestResponse) -> list[str]:
    if answer.mimetype != "text/html":
        return []
    # A link that opens the mail programme or dials is no address of ours.
    links = Page(answer.text).links
    return [link for link in links if not link.startswith(("mailto:", "tel:"))]


def test_no_form_and_no_page_tells_anybodys_name_in_titles_links_or_logs(
    doors: list[Door],
    ids: dict[str, Ids],
    person: Callable[[Door], Visitor],
    knock: Callable[..., TestResponse],
    log_lines: Callable[[], list[str]],
) -> None:
    answers = [
        (str(door), knock(person(door), door, ids["spb"], filled))
        for door, filled in written(doors, ids["spb"], person)
    ]
    answers += [
        (str(door), person(door).get(door.path(ids["spb"]), buffered=True))
        for door in doors
        if not door.changes
    ]

    told = [finding for name, answer in answers for finding in told_elsewhere(name, answer)]
    assert told == []
    assert [line for line in log_lines() if PERSONAL.search(line)] == []
    # Were the names on no page at all, the search would prove nothing.
    assert any(PERSONAL.search(answer.text) for _, answer in answers)


def test_a_familys_way_through_the_house_leaves_no_name_outside_its_pages(
    session: Session, sign_in: MakeVisitor, log_lines: Callable[[], list[str]]
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    referral = {
        "urgency": "within_72_hours",
        "mother_name": CANARY,
        "mother_contact": PHONE,
        "safe_to_call": "yes",
        "source": "hospital",
        "channel": "phone",
        "needs": "housing",
        "referrer_name": CANARY,
    }
    opening = {
        "role": "mother",
        "given_name": CANARY,
        "family_name": CANARY,
        "phone": PHONE,
        "safe_to_call": "yes",
        "opened_on": "2026-02-01",
        "needs": "housing",
        "primary_need": "housing",
        "rows": "1",
        "child_1_given_name": CANARY,
        "child_1_sex": "unknown",
    }

    taken = worker.submit("/referrals/new", referral)
    opened = worker.submit(f"{taken.location}/open", opening)
    file = worker.get(opened.location)
    searched = worker.submit("/families/", {"text": CANARY})

    answers = [taken, opened, file, searched]
    assert [answer.status_code for answer in answers] == [303, 303, 200, 200]
    assert session.scalars(select(Household.id)).one()
    recorded = [str(vars(event)) for event in session.scalars(select(AuditEvent))]
    assert len(recorded) >= 4
    assert [told for told in recorded if PERSONAL.search(told)] == []
    assert CANARY in file.text
    assert CANARY in searched.text
    assert [told for answer in answers for told in told_elsewhere("journey", answer)] == []
    assert [line for line in log_lines() if PERSONAL.search(line)] == []


def test_a_donors_name_is_in_no_address_log_or_job(
    runtime: Runtime,
    settings_with_sandbox: Settings,
    sandbox: SandboxServer,
    session: Session,
    log_lines: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    context.install(replace(runtime, settings=settings_with_sandbox))
    service = create_app(settings_with_sandbox)
    service.test_client_class = Visitor
    donor, provider = service.test_client(), service.test_client()
    assert isinstance(donor, Visitor)
    assert isinstance(provider, Visitor)
    donor.host, provider.host = "spb.hearth.test", "hooks.hearth.test"
    fund = make_fund(session)
    gift = {"amount": "1500", "fund_id": str(fund.id), "email": EMAIL, "name": CANARY}

    given = donor.submit("/give", gift)
    body, signature = signed_event()
    heard = provider.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": signature})

    waiting = jobs_once_there_is(jobs.Job.DRAIN_INBOX)
    assert (given.status_code, heard.status_code) == (303, 200)
    assert given.location.startswith(sandbox.url)
    assert told_elsewhere("gift", given) == []
    assert [job for job in waiting if PERSONAL.search(job)] == []
    assert [line for line in log_lines() if PERSONAL.search(line)] == []


def signed_event() -> tuple[str, str]:
    subject = {
        "id": "pi_1",
        "object": "payment_intent",
        "metadata": {"organisation": "org_spb"},
        "receipt_email": EMAIL,
        "description": CANARY,
    }
    now = int(time.time())
    body = json.dumps(
        {
            "id": "evt_of_a_donor",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": now,
            "livemode": False,
            "data": {"object": subject},
        }
    )
    return body, stripe.WebhookSignature.generate_signature_header(body, "whsec_test", now)


def jobs_once_there_is(wanted: jobs.Job) -> list[str]:
    """Everything in the queues; a wake-up is carried there a moment after the request."""
    deadline = time.monotonic() + 10
    while wanted.value not in " ".join(found := waiting_jobs()):
        assert time.monotonic() < deadline, "The wake-up never came to its queue."
        time.sleep(0.02)
    return found


def waiting_jobs() -> list[str]:
    """The names of the queues' keys, and all about their jobs in one line each."""
    connection = jobs.redis_connection()
    found = [str(key) for key in connection.scan_iter("*")]
    for name in jobs.Queue:
        queue = Queue(name.value, connection=connection, serializer=JSONSerializer)
        found += [
            f"{job.func_name} {job.args} {job.kwargs} {job.description} {job.meta}"
            for job in queue.jobs
        ]
    return found


def test_a_failure_is_logged_without_what_it_was_about(
    runtime: Runtime, log_lines: Callable[[], list[str]]
) -> None:
    log = logging.getLogger("hearth.somewhere")

    with tenant_session(runtime.registry.get("spb")) as opened:
        try:
            opened.execute(text("SELECT CAST(:name AS integer)"), {"name": CANARY})
        except DBAPIError:
            log.exception("database_error", extra={"reason": EMAIL, "person": CANARY})
            opened.rollback()
    logging.getLogger("library").error("could not send to %s", EMAIL)

    lines = log_lines()
    assert any("database_error" in line for line in lines)
    assert any("library_message" in line for line in lines)
    assert [line for line in lines if PERSONAL.search(line)] == []
