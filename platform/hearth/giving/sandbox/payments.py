"""Payments: attempts, late outcomes and the fees that arrive after the success."""

from typing import Final

from hearth.giving.sandbox import shapes
from hearth.giving.sandbox.errors import unusable
from hearth.giving.sandbox.events import Events
from hearth.giving.sandbox.store import Json, Store
from hearth.giving.sandbox.switches import Switches

_DECLINED: Final = {
    "card": ("card_declined", "Your card was declined."),
    "sepa_debit": ("payment_intent_payment_attempt_failed", "The debit was returned unpaid."),
}


class Payments:
    """What happens to a payment intent and its charge."""

    def __init__(self, store: Store, switches: Switches, events: Events) -> None:
        self._store = store
        self._switches = switches
        self._events = events

    def schedule(self, due: float, task: str, object_id: str) -> None:
        """Have something happen by itself later, even after a restart."""
        self._store.rows(
            "INSERT INTO tasks (due, name, object_id) VALUES (?, ?, ?)", due, task, object_id
        )
        self._events.news.set()

    def take(self, intent: Json, method: str, *, email: str | None) -> None:
        """Take the money at once, or begin a debit whose outcome comes days later."""
        if method != "sepa_debit":
            charge = self._store.put(
                shapes.charge(intent, method, status="succeeded", email=email, now=self._now())
            )
            self._succeed(intent, charge)
            return
        charge = self._store.put(
            shapes.charge(intent, method, status="pending", email=email, now=self._now())
        )
        intent = self._store.put(
            {
                **intent,
                "last_payment_error": None,
                "latest_charge": charge["id"],
                "payment_method": charge["payment_method"],
                "status": "processing",
            }
        )
        self._events.emit("charge.pending", charge)
        self._events.emit("payment_intent.processing", intent)
        wait = self._switches.now.sepa_after_seconds
        if wait is not None:
            self.schedule(self._switches.time() + wait, "settle", intent["id"])

    def decline(self, intent: Json, method: str, *, email: str | None) -> None:
        """Record an attempt that the bank turned down; the donor may try again."""
        charge = shapes.charge(intent, method, status="failed", email=email, now=self._now())
        self._fail(intent, charge)

    def settle(self, intent_id: str, *, succeed: bool) -> Json:
        """Bring a delayed payment to its end."""
        with self._store.transaction():
            intent = self._store.get("payment_intent", intent_id)
            if intent["status"] != "processing":
                raise unusable(
                    f"The payment is {intent['status']}.", code="payment_intent_unexpected_state"
                )
            charge = self._store.get("charge", intent["latest_charge"])
            session = self._store.get("checkout.session", intent["_session"])
            if succeed:
                amount = charge["amount"]
                charge |= {"status": "succeeded", "paid": True, "captured": True}
                charge = self._store.put({**charge, "amount_captured": amount})
                intent = self._succeed(intent, charge)
                session = self._store.put({**session, "payment_status": "paid"})
                self._events.emit("checkout.session.async_payment_succeeded", session)
            else:
                intent = self._fail(intent, {**charge, "status": "failed"})
                self._events.emit("checkout.session.async_payment_failed", session)
            return intent

    def settle_in_time(self, intent_id: str) -> None:
        """Bring a delayed payment to the end the switches ask for, unless it came to one before."""
        if self._store.get("payment_intent", intent_id)["status"] == "processing":
            self.settle(intent_id, succeed=self._switches.now.sepa_succeeds)

    def cancel(self, intent_id: str) -> None:
        """Cancel the payment of a page that nobody finished."""
        intent = self._store.get("payment_intent", intent_id)
        intent |= {"canceled_at": self._now(), "cancellation_reason": "automatic"}
        self._events.emit(
            "payment_intent.canceled", self._store.put({**intent, "status": "canceled"})
        )

    def book_fee(self, charge_id: str) -> None:
        """Write the balance transaction that says what the payment cost."""
        charge = self._store.get("charge", charge_id)
        card = charge["payment_method_details"]["type"] == "card"
        line = shapes.balance_transaction(
            charge,
            "charge" if card else "payment",
            charge["amount"],
            fee=shapes.fee_for(charge["payment_method_details"]["type"], charge["amount"]),
            category="charge",
            now=self._now(),
        )
        self._store.put(line)
        charge = self._store.put({**charge, "balance_transaction": line["id"]})
        self._events.emit("charge.updated", charge)

    def _succeed(self, intent: Json, charge: Json) -> Json:
        intent = self._store.put(
            {
                **intent,
                "amount_received": intent["amount"],
                "last_payment_error": None,
                "latest_charge": charge["id"],
                "payment_method": charge["payment_method"],
                "status": "succeeded",
            }
        )
        self._events.emit("charge.succeeded", charge)
        self._events.emit("payment_intent.succeeded", intent)
        wait = self._switches.now.fee_after_seconds
        self.schedule(self._switches.time() + wait, "book_fee", charge["id"])
        return intent

    def _fail(self, intent: Json, charge: Json) -> Json:
        method = charge["payment_method_details"]["type"]
        code, message = _DECLINED[method]
        charge = self._store.put({**charge, "failure_code": code, "failure_message": message})
        error = {
            "charge": charge["id"],
            "code": code,
            "decline_code": "generic_decline",
            "message": message,
            "type": "card_error",
        }
        intent = self._store.put(
            {
                **intent,
                "last_payment_error": error,
                "latest_charge": charge["id"],
                "payment_method": None,
                "status": "requires_payment_method",
            }
        )
        self._events.emit("charge.failed", charge)
        self._events.emit("payment_intent.payment_failed", intent)
        return intent

    def _now(self) -> int:
        return int(self._switches.time())
