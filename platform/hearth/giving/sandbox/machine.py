"""The sandbox put together: its parts, its state file and its postman."""

from pathlib import Path
from typing import Final

from hearth.giving.sandbox.checkout import Checkout
from hearth.giving.sandbox.delivery import Postman
from hearth.giving.sandbox.events import Events
from hearth.giving.sandbox.payments import Payments
from hearth.giving.sandbox.reversals import Reversals
from hearth.giving.sandbox.store import Json, Store
from hearth.giving.sandbox.switches import Switches

DEFAULT_API_KEY: Final = "sk_test_sandbox"
_COUNTED: Final = ("checkout.session", "payment_intent", "charge", "refund", "dispute", "event")


class Machine:
    """One sandbox account; several may run side by side, each with a state file of its own."""

    def __init__(
        self,
        state: Path | None = None,
        *,
        api_key: str = DEFAULT_API_KEY,
        public_url: str | None = None,
        carriers: int = 4,
    ) -> None:
        self.api_key = api_key
        self.public_url = public_url.rstrip("/") if public_url else None
        self.store = Store(state)
        self.switches = Switches(self.store)
        self.events = Events(self.store, self.switches)
        self.payments = Payments(self.store, self.switches, self.events)
        self.checkout = Checkout(self.store, self.switches, self.events, self.payments)
        self.reversals = Reversals(self.store, self.switches, self.events, self.payments)
        tasks = {
            "book_fee": self.payments.book_fee,
            "expire": self.checkout.expire_in_time,
            "finish_refund": self.reversals.finish_refund,
            "settle": self.payments.settle_in_time,
        }
        self._postman = Postman(self.store, self.switches, self.events, tasks, carriers=carriers)

    def start(self) -> None:
        """Let time pass and events go out."""
        self._postman.start()

    def stop(self) -> None:
        """Stop and let go of the state file."""
        self._postman.stop()
        self.store.close()

    def counts(self) -> Json:
        """Count what there is, and how far the events have come."""
        deliveries = dict(self.store.rows("SELECT state, count(*) FROM deliveries GROUP BY state"))
        attempts = self.store.rows("SELECT coalesce(sum(attempts), 0) FROM deliveries")[0][0]
        return {
            "objects": {kind: self.store.count(kind) for kind in _COUNTED},
            "deliveries": deliveries,
            "attempts": attempts,
            "tasks": self.store.rows("SELECT count(*) FROM tasks")[0][0],
        }
