"""Names planted in every column of a house, every door opened, every job run: nothing leaves it."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from functools import wraps
from importlib import import_module
from typing import Any

import pytest
import sentry_sdk
from rq import Queue as RedisQueue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from hearth import jobs
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.policy import POLICY
from hearth.app import create_app
from hearth.web.request import HearthFlask, session
from tenants.routing import SiteKind
from tests.architecture.test_stdlib import ROOT
from tests.canaries import failing
from tests.canaries.conftest import Aviary
from tests.canaries.outputs import everything_in, server_log, shared_rows, told_by
from tests.canaries.planting import CANARY
from tests.isolation.doors import Door, doors_of, fresh_token
from tests.isolation.pages import Page
from tests.isolation.test_personal_data import CANARY as NAME
from tests.isolation.test_personal_data import WRITTEN, signed_event
from tests.support.visitors import Visitor
from workers.queues import make_worker

# The only one without a row: what is published is protected figures, and planted nowhere.
EMPTY_TABLES = {"publications"}
NOT_FILLED_IN = {"webhooks.stripe", "notices.reports", "accounts.sign_out"}
SITES = {"spb", "federation"}
FAILING = (failing.break_down, failing.break_a_rule, failing.break_a_type)


def test_nothing_personal_leaves_the_house(aviary: Aviary) -> None:
    began = time.time()
    assert {name.partition(".")[0] for name, rows in aviary.planted.items() if not rows} <= (
        EMPTY_TABLES
    )

    shown = open_every_door(aviary)
    break_every_door(aviary)
    hear_from_the_provider(aviary)
    run_every_job(aviary)
    aviary.post.refuses = False
    run_every_job(aviary)
    sentry_sdk.flush(timeout=10)

    findings = {
        "answers": aviary.answers,
        "logs": found_in(aviary.printed.getvalue().splitlines()),
        "error reports": found_in(aviary.sink.taken),
        "redis": found_in(everything_in(aviary.redis)),
        "postgresql's log": found_in(server_log(aviary.owner).read_text().splitlines()),
        "what is shared": found_in(shared_rows(aviary.owner)),
        "mail subjects": found_in(subjects(aviary.post.taken)),
        "files": found_in(files_since(began)),
    }
    assert {place: found[:5] for place, found in findings.items() if found} == {}
    # Had nothing happened, nothing would have been found.
    assert "job_refused" not in aviary.printed.getvalue()
    assert shown > 10
    assert aviary.printed.getvalue().count('"request"') > 500
    assert len(aviary.sink.taken) > 50
    assert any("unexpected_error" in line for line in aviary.printed.getvalue().splitlines())
    assert any(CANARY.search(body.decode(errors="replace")) for body in aviary.post.taken)


def found_in(lines: Any) -> list[str]:
    return [line[:400] for line in lines if CANARY.search(line)]


def open_every_door(aviary: Aviary) -> int:
    """Look through every door, then fill every form in; how often a name was shown."""
    doors = [door for door in doors_of(aviary.app) if door.kinds != {SiteKind.FILES}]
    people = {role: aviary.somebody(role, site_of(role)) for role in [None, *Role]}
    shown = 0
    for door in doors:
        if not door.changes:
            for role in visitors_of(door):
                answer = people[role].get(door.path(aviary.ids), buffered=True)
                shown += bool(CANARY.search(answer.data.decode(errors="replace")))
                aviary.answers += told_by(f"{role} {door}", answer)
    for role, person in people.items():
        aviary.answers += told_by(f"{role} 404", person.get("/nothing"))
    for door in doors:
        if door.changes and door.endpoint not in NOT_FILLED_IN:
            for role in {door.role(), Role.VOLUNTEER_COORDINATOR}:
                person = aviary.somebody(role, door.site if role == door.role() else "spb")
                for empty in (True, False):
                    sent = {} if empty else filled_in(aviary, door, person)
                    token = fresh_token(aviary.app, person)
                    answer = person.post(
                        door.path(aviary.ids), data={**sent, "form_token": token}, buffered=True
                    )
                    aviary.answers += told_by(f"{role} {door}", answer)
    return shown


def site_of(role: Role | None) -> str:
    return "federation" if role in FEDERATION_ROLES else "spb"


def visitors_of(door: Door) -> set[Role | None]:
    """A stranger, whoever may pass and reads the most and the least, and one who is sent away."""
    here = [role for role in Role if site_of(role) == door.site or door.site not in SITES]
    pass_by = sorted((role for role in here if door.opens_to(role)), key=reads)
    sent_away = [role for role in here if role not in pass_by]
    return {None, *pass_by[:1], *pass_by[-1:], *sent_away[:1]}


def reads(role: Role) -> int:
    return len(POLICY[role].fields)


def filled_in(aviary: Aviary, door: Door, person: Visitor) -> dict[str, str]:
    page = person.get(door.path(aviary.ids), buffered=True)
    fields = Page(page.text).fields if page.mimetype == "text/html" else {}
    answers = {name: WRITTEN.get(asked.kind) or asked.usual for name, asked in fields.items()}
    return answers or {"text": NAME}


def break_every_door(aviary: Aviary) -> None:
    """Let every page fail in the middle of its work, and one of each slice in two more ways."""
    way = in_our_code

    def fail() -> None:
        way()

    service = broken(aviary, fail)
    doors = [
        door
        for door in doors_of(service)
        if door.endpoint not in {"static", "webhooks.stripe"} and SiteKind.FILES not in door.kinds
    ]
    # What the database says of a failure is the same whichever page of a slice asked.
    one_of_each = {(door.endpoint.partition(".")[0], door.changes): door for door in doors}
    for way in (in_our_code, in_a_rule, in_a_type):
        for door in doors if way is in_our_code else one_of_each.values():
            person = aviary.somebody(door.role(), door.site, service)
            data = {"form_token": fresh_token(service, person), "mother_name": NAME}
            answer = person.open(
                door.path(aviary.ids),
                method=door.method,
                data=data if door.changes else None,
                buffered=True,
            )
            # What the forms have closed meanwhile is not found; everything else must break.
            assert answer.status_code in {302, 303, 404, 500}, str(door)
            aviary.answers += told_by(f"broken {door}", answer)
            body = answer.data.decode(errors="replace")
            aviary.answers += [f"broken {door}: its page"] * bool(CANARY.search(body))


def broken(aviary: Aviary, way: Callable[[], None]) -> HearthFlask:
    service = create_app(aviary.settings)
    service.test_client_class = Visitor
    for endpoint, view in service.view_functions.items():
        if endpoint != "static":
            service.view_functions[endpoint] = breaking(view, way)
    return service


def breaking(view: Callable[..., Any], way: Callable[[], None]) -> Callable[..., Any]:
    @wraps(view)
    def breaks(**arguments: Any) -> Any:
        mother = NAME
        answer = view(**arguments)
        if answer.status_code not in {302, 303}:
            way()
        return answer if mother else None

    return breaks


def in_our_code() -> None:
    raise RuntimeError(f"no bed for {NAME}, +7 921 555 01 99")


def in_a_rule() -> None:
    session.rollback()
    session.execute(
        text(
            "INSERT INTO user_sessions (token_hash, user_id, host)"
            " VALUES (:name, gen_random_uuid(), :name)"
        ),
        {"name": NAME.encode()},
    )


def in_a_type() -> None:
    session.rollback()
    session.execute(text("SELECT CAST(:name AS integer)"), {"name": NAME})


def hear_from_the_provider(aviary: Aviary) -> None:
    body, signature = signed_event()
    for sent in (signature, "forged"):
        answer = aviary.somebody(None, "hooks").post(
            "/webhooks/stripe", data=body, headers={"Stripe-Signature": sent}
        )
        aviary.answers += told_by("webhook", answer)


def run_every_job(aviary: Aviary) -> None:
    """Put every job into its queue, with three that break, and work until nothing is left."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for queue in jobs.Queue:
        waiting = RedisQueue(queue.value, connection=aviary.redis, serializer=JSONSerializer)
        for job in jobs.Job:
            if jobs.QUEUE_OF[job] is queue:
                slug = ("spb",) if job is jobs.Job.DELIVER_OUTBOX else ()
                waiting.enqueue_call(
                    job.value, args=slug, description=job.value, timeout=jobs.JOB_TIMEOUT
                )
        with aviary.app.app_context():
            make_worker(aviary.redis, queue).work(burst=True, logging_level="DEBUG")
            for function in FAILING:
                fail_in(queue, function, aviary)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    later = "UPDATE {}.outbox SET available_at = now() WHERE done_at IS NULL"
    schema = aviary.runtime.registry.get("spb").schema_name
    aviary.owner.execute(later.format(schema))


def fail_in(queue: jobs.Queue, function: Callable[[str], None], aviary: Aviary) -> None:
    """Let a job of a queue fail: no worker runs what is none of our jobs."""
    job = next(job for job in jobs.Job if jobs.QUEUE_OF[job] is queue)
    waiting = RedisQueue(queue.value, connection=aviary.redis, serializer=JSONSerializer)
    module, _, name = job.value.rpartition(".")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module(module), name, function)
        waiting.enqueue_call(
            job.value, args=("spb",), description=job.value, timeout=jobs.JOB_TIMEOUT
        )
        reports = len(aviary.sink.taken)
        make_worker(aviary.redis, queue).work(burst=True, logging_level="DEBUG")
        sentry_sdk.flush(timeout=10)
    assert len(aviary.sink.taken) > reports, f"{function.__name__} did not fail in {queue}"


def subjects(mails: list[bytes]) -> Iterator[str]:
    """What a relay or a locked telephone shows of a mail: all but its text and its reader."""
    for body in mails:
        message = message_from_bytes(body, policy=default)
        yield from (f"{name}: {value}" for name, value in message.items() if name != "To")
        yield from (str(part.get_filename()) for part in message.iter_attachments())


def files_since(moment: float) -> Iterator[str]:
    """What was written into the project's own folders meanwhile."""
    for folder in ("var", "platform", "workers", "config"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and path.stat().st_mtime >= moment:
                yield f"{path} {path.read_bytes().decode(errors='replace')}"


@pytest.mark.parametrize("line", [f'{{"event": "{NAME}"}}', json.dumps({"a": "+7 921 555 01 99"})])
def test_the_search_finds_what_it_is_made_for(line: str) -> None:
    assert found_in([line]) == [line]
