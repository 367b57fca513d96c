"""Checkout sessions: opened, paid once by whoever comes first, or expired."""

from typing import Any, Final, Literal

from hearth.giving.sandbox import shapes
from hearth.giving.sandbox.errors import unusable
from hearth.giving.sandbox.events import Events
from hearth.giving.sandbox.payments import Payments
from hearth.giving.sandbox.rules import check_email, check_session
from hearth.giving.sandbox.store import Json, Store
from hearth.giving.sandbox.switches import Switches

Choice = Literal["card", "card_declined", "ideal", "sepa_debit"]
CHOICES: Final[tuple[Choice, ...]] = ("card", "card_declined", "ideal", "sepa_debit")


class Checkout:
    """The hosted payment page, without its looks."""

    def __init__(
        self, store: Store, switches: Switches, events: Events, payments: Payments
    ) -> None:
        self._store = store
        self._switches = switches
        self._events = events
        self._payments = payments

    def create(self, params: Json, *, base_url: str) -> Json:
        """Open a session."""
        now = int(self._switches.time())
        check_session(params, now=now)
        if "customer" in params:
            self._store.get("customer", params["customer"], param="customer")
        session = self._store.put(shapes.session(params, now=now, base_url=base_url))
        self._payments.schedule(session["expires_at"], "expire", session["id"])
        return session

    def expire(self, session_id: str) -> Json:
        """Close an open session at the organisation's wish."""
        session = self._store.get("checkout.session", session_id)
        if session["status"] != "open":
            raise unusable(
                f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
                f" Session has a status of {session['status']}.",
                code="checkout_session_not_open",
            )
        return self._expire(session)

    def expire_in_time(self, session_id: str) -> None:
        """Close a session whose time is over, unless it was paid."""
        session = self._store.get("checkout.session", session_id)
        if session["status"] == "open":
            self._expire(session)

    def pay(self, session_id: str, choice: Choice, *, email: str | None = None) -> Json:
        """Pay; a session that is no longer open is returned as it is, so two clicks pay once."""
        with self._store.transaction():
            session = self._store.get("checkout.session", session_id)
            if session["status"] != "open":
                return session
            method = choice.removesuffix("_declined")
            if method not in session["payment_method_types"]:
                raise unusable(f"{method} cannot be chosen here.", code="sandbox", param="method")
            payer = session["customer_email"] or email
            check_email(payer, param="email")
            intent = self._intent_of(session)
            if choice == "card_declined":
                self._payments.decline(intent, "card", email=payer)
                return self._store.get("checkout.session", session_id)
            paid = choice != "sepa_debit"
            session = self._complete(session, intent, paid=paid, email=payer)
            self._payments.take(intent, method, email=payer)
            self._events.emit("checkout.session.completed", session)
            return session

    def _intent_of(self, session: Json) -> Json:
        if session["payment_intent"] is not None:
            return self._store.get("payment_intent", session["payment_intent"])
        intent = self._store.put(shapes.intent(session, now=int(self._switches.time())))
        self._store.put({**session, "payment_intent": intent["id"]})
        self._events.emit("payment_intent.created", intent)
        return intent

    def _complete(self, session: Json, intent: Json, *, paid: bool, email: str | None) -> Json:
        details: dict[str, Any] = {
            "address": None,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        }
        return self._store.put(
            {
                **session,
                "customer_details": details,
                "payment_intent": intent["id"],
                "payment_status": "paid" if paid else "unpaid",
                "status": "complete",
                "url": None,
            }
        )

    def _expire(self, session: Json) -> Json:
        if session["payment_intent"] is not None:
            self._payments.cancel(session["payment_intent"])
        session = self._store.put({**session, "status": "expired", "url": None})
        self._events.emit("checkout.session.expired", session)
        return session
