"""The postman: sends signed events, tries again for days, and does what falls due by itself."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from stripe import WebhookSignature

from hearth.giving.sandbox.events import Events
from hearth.giving.sandbox.store import Store
from hearth.giving.sandbox.switches import Switches

_PATIENCE_SECONDS: Final = 72 * 3600
_LONGEST_PAUSE_SECONDS: Final = 600
_ANSWER_WITHIN_SECONDS: Final = 10
_GLANCE_SECONDS: Final = 0.25
Task = Callable[[str], None]


class Postman:
    """One thread that looks for work, and a few that carry events."""

    def __init__(
        self,
        store: Store,
        switches: Switches,
        events: Events,
        tasks: Mapping[str, Task],
        *,
        carriers: int,
    ) -> None:
        self._store = store
        self._switches = switches
        self._events = events
        self._tasks = tasks
        self._carriers = carriers
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="sandbox-postman", daemon=True)

    def start(self) -> None:
        """Begin; whatever was under way when the last run ended is sent again."""
        self._store.rows("UPDATE deliveries SET state = 'waiting' WHERE state = 'under_way'")
        self._thread.start()

    def stop(self) -> None:
        """End, after the letters that are in somebody's hand."""
        self._stopping.set()
        self._events.news.set()
        self._thread.join()

    def _walk(self) -> None:
        with ThreadPoolExecutor(self._carriers, "sandbox-carrier") as carriers:
            while not self._stopping.is_set():
                self._events.news.clear()
                self._do_what_is_due()
                due = self._take_due()
                for delivery in due:
                    carriers.submit(self._carry, *delivery)
                if len(due) < self._carriers:
                    self._events.news.wait(_GLANCE_SECONDS)

    def _do_what_is_due(self) -> None:
        for seq, name, object_id in self._store.rows(
            "SELECT seq, name, object_id FROM tasks WHERE due <= ? ORDER BY due, seq",
            self._switches.time(),
        ):
            with self._store.transaction():
                self._tasks[name](object_id)
                self._store.rows("DELETE FROM tasks WHERE seq = ?", seq)

    def _take_due(self) -> list[tuple[int, str, int, float]]:
        """Take no more than can be carried now, so that the line keeps its order."""
        with self._store.transaction():
            under_way = self._store.rows(
                "SELECT count(*) FROM deliveries WHERE state = 'under_way'"
            )[0][0]
            taken = self._store.rows(
                "SELECT seq, event_id, attempts, first_at FROM deliveries"
                " WHERE state = 'waiting' AND due <= ? ORDER BY due, place, seq LIMIT ?",
                self._switches.time(),
                max(0, self._carriers - under_way),
            )
            for seq, *_ in taken:
                self._store.rows("UPDATE deliveries SET state = 'under_way' WHERE seq = ?", seq)
        return [(seq, event_id, attempts, at) for seq, event_id, attempts, at in taken]

    def _carry(self, seq: int, event_id: str, attempts: int, first_at: float) -> None:
        answer = self._send(self._events.body(event_id))
        now = self._switches.time()
        if answer.startswith("2"):
            state, due = "delivered", now
            self._events.delivered(event_id)
        else:
            state = "waiting" if now - first_at < _PATIENCE_SECONDS else "abandoned"
            due = now + min(0.5 * 2**attempts, _LONGEST_PAUSE_SECONDS)
        self._store.rows(
            "UPDATE deliveries SET state = ?, due = ?, attempts = ?, answer = ? WHERE seq = ?",
            state,
            due,
            attempts + 1,
            answer,
            seq,
        )
        self._events.news.set()

    def _send(self, body: str) -> str:
        """Post one event, signed at this moment, and tell the status or the failure."""
        settings = self._switches.now
        if not settings.webhook_url:
            return "no address"
        address = urlsplit(settings.webhook_url)
        host = address.hostname or "localhost"
        # Names under localhost reach this machine in every browser, in few resolvers.
        target = "127.0.0.1" if host.endswith(".localhost") else host
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        connection = kind(target, address.port, timeout=_ANSWER_WITHIN_SECONDS)
        path = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
        signature = WebhookSignature.generate_signature_header(body, settings.webhook_secret)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Host": address.netloc,
            "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        try:
            connection.request("POST", path, body.encode(), headers)
            return str(connection.getresponse().status)
        except (OSError, HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
