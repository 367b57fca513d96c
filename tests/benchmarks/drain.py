"""How long a delivery waits until it is booked, at fifty a second through the real processes."""

import http.client
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Laboratory, Row, Target, percentile
from tests.support.house import House, open_house, until

RATE = 50
SECONDS = 20
EVENTS_A_GIFT = 5
SENDERS = 4
BOOKED = """
SELECT extract(epoch FROM e.recorded_at - min(i.received_at))
FROM {schema}.payment_events e JOIN {schema}.payments p ON p.id = e.payment_id
JOIN shared.inbox i ON i.payment_intent_id = p.payment_intent_id
WHERE e.state = 'succeeded' GROUP BY e.id
"""
HANDED_OVER = "SELECT extract(epoch FROM done_at - received_at) FROM shared.inbox"


def measure(_laboratory: Laboratory) -> Iterable[Row]:
    """Gifts are paid beforehand; their events are then delivered at an even pace."""
    with (
        tempfile.TemporaryDirectory(prefix="hearth-drain-") as name,
        open_house(Path(name)) as house,
    ):
        paid = RATE * SECONDS // EVENTS_A_GIFT
        _pay(house, paid)
        events = _events(house, RATE * SECONDS)
        late = _deliver(house, events)
        with house.owner() as owner:

            def waiting() -> int:
                row = owner.execute("SELECT count(*) FROM shared.inbox WHERE done_at IS NULL")
                return int(row.fetchall()[0][0])

            until(lambda: waiting() == 0, seconds=60)
            handed = [float(row[0]) for row in owner.execute(HANDED_OVER) if row[0] is not None]
            booked = [
                float(row[0])
                for organisation in house.organisations
                for row in owner.execute(BOOKED.format(schema=organisation.schema_name))
            ]
    note = f"{len(handed)} of {len(events)} deliveries, sender at most {late:.2f} s late"
    yield _row("delivery to done", handed, note)
    yield _row("first delivery to booked gift", booked, f"{len(booked)} of {paid} gifts")


def _row(name: str, waits: list[float], note: str) -> Row:
    return Row(
        name=f"{name}, p99 at {RATE} a second",
        unit="s",
        ours=percentile(waits, 0.99),
        target=Target(1),
        note=f"p50 {percentile(waits, 0.5):.3f} s; {note}; load {os.getloadavg()[0]:.1f}",
    )


def _pay(house: House, count: int) -> None:
    house.sandbox("settings", webhook_url="", fee_after_seconds=0, sepa_after_seconds=None)
    house.give(count)
    wanted = count * EVENTS_A_GIFT
    until(lambda: house.sandbox("state")["objects"]["event"] >= wanted, seconds=60)


def _events(house: House, count: int) -> list[str]:
    """What the sandbox would have sent, the oldest first."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        after = f"&starting_after={found[-1]['id']}" if found else ""
        request = urllib.request.Request(  # noqa: S310 - the address is our own.
            f"{house.settings.stripe_api_base}/v1/events?limit=100{after}",
            headers={"Authorization": f"Bearer {house.settings.stripe_api_key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            page = json.load(answer)
        found += page["data"]
        if not page["has_more"]:
            break
    return [json.dumps(event, indent=2) for event in reversed(found)]


def _deliver(house: House, events: list[str]) -> float:
    """Send each event at its moment; returns how late the latest was sent."""
    began = time.monotonic() + 0.5

    def send(first: int) -> float:
        connection = http.client.HTTPConnection("127.0.0.1", house.ports.web, timeout=30)
        late = 0.0
        for number in range(first, len(events), SENDERS):
            moment = began + number / RATE
            time.sleep(max(0.0, moment - time.monotonic()))
            late = max(late, time.monotonic() - moment)
            body = events[number].encode()
            connection.request("POST", "/webhooks/stripe", body, house.signed(body))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()
        return late

    with ThreadPoolExecutor(SENDERS) as senders:
        return max(senders.map(send, range(SENDERS)))
