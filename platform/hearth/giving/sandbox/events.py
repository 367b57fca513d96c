"""Events: written down with what they speak of, and sent on their way through the switches."""

import json
import secrets
import threading
from typing import Any, Final

from stripe import api_version

from hearth.giving.sandbox.store import Json, Store
from hearth.giving.sandbox.switches import Switches

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_id(prefix: str, length: int = 24) -> str:
    """Make up an id that looks like Stripe's."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def public(thing: Any) -> Any:
    """Leave out what the sandbox only notes for itself: names that begin with an underscore."""
    if isinstance(thing, dict):
        return {name: public(value) for name, value in thing.items() if not name.startswith("_")}
    return [public(one) for one in thing] if isinstance(thing, list) else thing


class Events:
    """Writes events and puts their deliveries in line."""

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._switches = switches
        self.news = threading.Event()

    def emit(self, kind: str, subject: Json) -> Json:
        """Write down that something happened to the subject, as it is at this moment."""
        settings = self._switches.now
        event = self._store.put(
            {
                "id": new_id("evt"),
                "object": "event",
                "account": None,
                "api_version": api_version,
                "context": None,
                "created": int(self._switches.time()),
                "data": {"object": public(subject)},
                "livemode": False,
                "pending_webhooks": 1 if settings.webhook_url else 0,
                "request": {"id": None, "idempotency_key": None},
                "type": kind,
                "_delivered": 0,
            }
        )
        if settings.webhook_url:
            number = self._store.count("event")
            dropped = self._switches.chance("drop", number, settings.drop)
            self._line_up(event["id"], number, state="dropped" if dropped else "waiting")
            if self._switches.chance("duplicate", number, settings.duplicate):
                self._line_up(event["id"], number, state="waiting")
        return event

    def redeliver(self, event_id: str) -> Json:
        """Send an event once more, whatever became of it before."""
        with self._store.transaction():
            event = self._store.get("event", event_id)
            self._line_up(event_id, self._store.count("event"), state="waiting")
        return event

    def delivered(self, event_id: str) -> None:
        """Note that the receiver has taken an event."""
        with self._store.transaction():
            event = self._store.get("event", event_id)
            self._store.put({**event, "pending_webhooks": 0, "_delivered": 1})

    def body(self, event_id: str) -> str:
        """Render an event as it is sent."""
        return json.dumps(public(self._store.get("event", event_id)), indent=2)

    def _line_up(self, event_id: str, number: int, *, state: str) -> None:
        settings = self._switches.now
        now = self._switches.time()
        due, place = now + settings.delay_seconds, number
        if settings.reorder_seconds:
            stretch = settings.reorder_seconds
            due, place = (due // stretch + 1) * stretch, -number
        self._store.rows(
            "INSERT INTO deliveries (event_id, first_at, due, place, state) VALUES (?, ?, ?, ?, ?)",
            event_id,
            now,
            due,
            place,
            state,
        )
        self.news.set()
