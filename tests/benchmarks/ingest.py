"""A signed event through the whole application against a bare route that inserts one such row."""

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from flask import Flask
from stripe import WebhookSignature
from werkzeug.test import EnvironBuilder

from hearth.app import create_app
from tenants import context
from tenants.engines import PLATFORM_ROLE, Engines, role_url
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, seconds
from tests.support.servers import Servers

SECRET = "whsec_test"
EVENTS = 100
ROUNDS = 100
TABLE = """
CREATE TABLE shared.bare (LIKE shared.inbox INCLUDING ALL);
GRANT INSERT ON shared.bare TO platform_app;
"""
INSERT = (
    "INSERT INTO shared.bare (provider, event_id, event_type, object_type, object_id,"
    " payment_intent_id, schema_name) VALUES ('stripe', %s, 'payment_intent.succeeded',"
    " 'payment_intent', %s, %s, 'org_0001')"
)


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """On a database that keeps what it commits, and on one that never waits for the disk."""
    durable = Servers(durable=True)
    try:
        addresses = durable.start()
        yield _ingest(Laboratory(addresses), "webhook ingest", Target(0.8, at_least=True))
    finally:
        durable.stop()
    yield _ingest(laboratory, "webhook ingest, fsync off", None)


def _ingest(laboratory: Laboratory, name: str, target: Target | None) -> Row:
    """Both called as WSGI applications; the events are signed before the clock starts."""
    with laboratory.database("ingest", STRIPE_WEBHOOK_SECRETS=SECRET) as settings:
        assert settings.owner_database_url is not None
        with psycopg.connect(settings.owner_database_url, autocommit=True) as owner:
            owner.execute(TABLE)
        runtime = context.configure(settings)
        application = create_app(settings)
        address = role_url(settings, PLATFORM_ROLE, 1).set(drivername="postgresql")
        dsn = address.render_as_string(hide_password=False)
        with psycopg.connect(dsn) as kept:
            bare = bare_route(kept)
            pair = in_turns(
                lambda: _time(application, f"https://{settings.base_domain}"),
                lambda: _time(bare, f"https://{settings.base_domain}"),
                rounds=ROUNDS,
                warm_up=5,
            ).per_second(EVENTS)
        assert isinstance(runtime.bindings, Engines)
        runtime.bindings.dispose()
    return Row(
        name=name,
        unit="/s",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        target=target,
        note=f"all rounds {pair.all_rounds:.2f}; the baseline verifies, reads and wakes nothing",
    )


def bare_route(connection: psycopg.Connection[Any]) -> Flask:
    """A view, an INSERT on a connection that is kept, and a commit."""
    app = Flask("bare")
    numbers = itertools.count()

    @app.post("/webhooks/stripe")
    def view() -> tuple[str, int]:
        number = next(numbers)
        with connection.cursor() as cursor:
            cursor.execute(INSERT, (f"evt_{number:024d}", f"pi_{number:024d}", f"pi_{number:024d}"))
        connection.commit()
        return "", 200

    return app


def _time(app: Flask, base_url: str) -> float:
    requests = iter([_environ(base_url, body) for body in bodies(EVENTS)])

    def start_response(status: str, _headers: Any, _error: Any = None) -> Any:
        assert status == "200 OK", status

    def call() -> None:
        answer = app.wsgi_app(next(requests), start_response)
        for _ in answer:
            pass
        getattr(answer, "close", lambda: None)()

    return seconds(call, times=EVENTS)


def _environ(base_url: str, body: str) -> dict[str, Any]:
    header = WebhookSignature.generate_signature_header(body, SECRET)
    return EnvironBuilder(
        "/webhooks/stripe",
        base_url=base_url,
        method="POST",
        data=body,
        content_type="application/json; charset=utf-8",
        headers=[("Stripe-Signature", header)],
    ).get_environ()


_NUMBERS: Iterator[int] = itertools.count()


def bodies(count: int) -> list[str]:
    """Events as the provider sends them, each with ids of its own."""
    return [_event(next(_NUMBERS)) for _ in range(count)]


def _event(number: int) -> str:
    intent = f"pi_{number:024d}"
    return json.dumps(
        {
            "id": f"evt_{number:024d}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "data": {
                "object": {
                    "id": intent,
                    "object": "payment_intent",
                    "amount": 1500,
                    "currency": "eur",
                    "metadata": {"organisation": "org_0001", "gift": "0" * 36},
                    "last_payment_error": None,
                    "description": "x" * 2000,
                }
            },
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": "payment_intent.succeeded",
        },
        indent=2,
    )
