"""Money that goes back or onwards: refunds, disputes and payouts."""

from typing import Final

from hearth.giving.sandbox import shapes
from hearth.giving.sandbox.errors import ApiError, unusable
from hearth.giving.sandbox.events import Events
from hearth.giving.sandbox.payments import Payments
from hearth.giving.sandbox.rules import check_metadata
from hearth.giving.sandbox.store import Json, Query, Store
from hearth.giving.sandbox.switches import Switches

_PLAYED: Final = frozenset({"amount", "charge", "expand", "metadata", "payment_intent", "reason"})


class Reversals:
    """What may happen to a charge after it succeeded."""

    def __init__(
        self, store: Store, switches: Switches, events: Events, payments: Payments
    ) -> None:
        self._store = store
        self._switches = switches
        self._events = events
        self._payments = payments

    def refund(self, params: Json) -> Json:
        """Give money back: a card at once, a bank account a little later."""
        with self._store.transaction():
            charge = self._refundable(params)
            left = charge["amount"] - charge["amount_refunded"]
            amount: int = params.get("amount", left)
            if amount < 1:
                raise ApiError(
                    "Invalid positive integer", code="parameter_invalid_integer", param="amount"
                )
            if amount > left:
                raise ApiError(
                    f"Refund amount ({amount}) is greater than unrefunded amount on charge"
                    f" ({left})",
                    param="amount",
                )
            card = charge["payment_method_details"]["type"] == "card"
            refund = self._store.put(
                shapes.refund(
                    charge,
                    amount,
                    status="succeeded" if card else "pending",
                    params=params,
                    now=self._now(),
                )
            )
            refunded = charge["amount_refunded"] + amount
            charge = self._store.put(
                {
                    **charge,
                    "amount_refunded": refunded,
                    "refunded": refunded == charge["amount"],
                }
            )
            self._events.emit("refund.created", refund)
            self._events.emit("charge.refunded", charge)
            due = self._switches.time() + self._switches.now.fee_after_seconds
            self._payments.schedule(due, "finish_refund", refund["id"])
            return refund

    def finish_refund(self, refund_id: str) -> None:
        """Let a refund reach the donor and the balance."""
        refund = self._store.get("refund", refund_id)
        line = self._store.put(
            shapes.balance_transaction(
                refund, "refund", -refund["amount"], fee=0, category="refund", now=self._now()
            )
        )
        refund |= {"status": "succeeded", "balance_transaction": line["id"]}
        self._events.emit("refund.updated", self._store.put(refund))

    def dispute(self, intent_id: str, *, reason: str = "fraudulent") -> Json:
        """Let the donor's bank take the money back for now, with a fee."""
        with self._store.transaction():
            charge = self._charge_of(intent_id)
            if charge["disputed"] or charge["refunded"]:
                raise unusable("There is nothing left to dispute.", code="charge_disputed")
            charge = self._store.put({**charge, "disputed": True})
            dispute = shapes.dispute(charge, reason=reason, now=self._now())
            self._events.emit("charge.dispute.created", self._store.put(dispute))
            dispute = self._move(dispute, -dispute["amount"], fee=shapes.DISPUTE_FEE)
            self._events.emit("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def close_dispute(self, dispute_id: str, *, won: bool) -> Json:
        """Decide a dispute; a won one gives the amount back, never the fee."""
        with self._store.transaction():
            dispute = self._store.get("dispute", dispute_id)
            if dispute["status"] in ("won", "lost"):
                raise unusable("The dispute is closed already.", code="dispute_closed")
            dispute = self._store.put({**dispute, "status": "won" if won else "lost"})
            if won:
                dispute = self._move(dispute, dispute["amount"], fee=0)
                self._events.emit("charge.dispute.funds_reinstated", dispute)
            self._events.emit("charge.dispute.closed", dispute)
            return dispute

    def pay_out(self) -> list[Json]:
        """Send everything on the balance to the bank, one payout for each currency."""
        with self._store.transaction():
            lines: dict[str, list[Json]] = {}
            found, _more = self._store.page("balance_transaction", Query(limit=10_000))
            for line in found:
                if line["_payout"] is None and line["type"] != "payout":
                    lines.setdefault(line["currency"], []).append(line)
            return [
                self._pay_out(currency, some)
                for currency, some in sorted(lines.items())
                if sum(line["net"] for line in some) > 0
            ]

    def _pay_out(self, currency: str, lines: list[Json]) -> Json:
        total = sum(line["net"] for line in lines)
        payout = shapes.payout(currency, total, now=self._now())
        own = shapes.balance_transaction(
            payout, "payout", -total, fee=0, category="payout", now=self._now()
        )
        payout["balance_transaction"] = own["id"]
        for line in [*lines, own]:
            self._store.put({**line, "status": "available", "_payout": payout["id"]})
        self._store.put(payout)
        for kind in ("payout.created", "payout.paid", "payout.reconciliation_completed"):
            self._events.emit(kind, payout)
        return payout

    def _move(self, dispute: Json, amount: int, *, fee: int) -> Json:
        line = shapes.balance_transaction(
            dispute, "adjustment", amount, fee=fee, category="dispute", now=self._now()
        )
        self._store.put(line)
        lines = [*dispute["balance_transactions"], line]
        return self._store.put({**dispute, "balance_transactions": lines})

    def _refundable(self, params: Json) -> Json:
        for name in params:
            if name not in _PLAYED:
                raise unusable(f"The sandbox does not play {name} yet.", code="sandbox", param=name)
        check_metadata(params.get("metadata"), "metadata")
        if "charge" in params:
            charge = self._store.get("charge", params["charge"], param="charge")
        elif "payment_intent" in params:
            charge = self._charge_of(params["payment_intent"])
        else:
            raise ApiError(
                "One of the following params should be provided for this request: payment_intent"
                " or charge.",
                code="parameter_missing",
                param="payment_intent",
            )
        if not charge["paid"]:
            raise unusable("The charge did not succeed.", code="charge_not_refundable")
        if charge["refunded"]:
            raise unusable(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        if charge["disputed"]:
            raise unusable(f"Charge {charge['id']} has been charged back.", code="charge_disputed")
        return charge

    def _charge_of(self, intent_id: str) -> Json:
        intent = self._store.get("payment_intent", intent_id, param="payment_intent")
        if intent["status"] != "succeeded":
            raise unusable(
                f"This PaymentIntent ({intent_id}) does not have a successful charge.",
                code="payment_intent_unexpected_state",
            )
        return self._store.get("charge", intent["latest_charge"])

    def _now(self) -> int:
        return int(self._switches.time())
