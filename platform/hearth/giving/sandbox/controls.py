"""The switchboard under ``/_sandbox/``: JSON for programs, buttons for people, loopback only."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final, cast

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.wrappers import Response as WerkzeugResponse

from hearth.giving.sandbox.checkout import CHOICES, Choice
from hearth.giving.sandbox.errors import ApiError
from hearth.giving.sandbox.events import public
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.store import Json, Query

_SHOWN: Final = 50


class Order(BaseModel):
    """What a request to the switchboard may say; an action reads what concerns it."""

    model_config = ConfigDict(extra="forbid")

    method: Choice = "card"
    succeed: bool = True
    won: bool = True
    amount: int | None = None
    currency: str = "eur"
    metadata: dict[str, str] = {}
    email: str = "donor@example.org"
    reason: str = "fraudulent"
    advance: float = 0


Action = Callable[[Machine, str, Order], Json]


def create_controls(machine: Machine) -> Blueprint:
    """Build the routes below ``/_sandbox``."""
    controls = Blueprint("controls", __name__, url_prefix="/_sandbox")

    @controls.before_request
    def only_this_machine() -> None:
        if not ip_address(request.remote_addr or "::").is_loopback:
            abort(403)

    @controls.get("/")
    def overview() -> str:
        return _overview(machine)

    @controls.get("/state")
    def state() -> Response:
        return jsonify({"settings": machine.switches.now.model_dump(), **machine.counts()})

    @controls.post("/settings")
    def change_settings() -> WerkzeugResponse:
        return _done(machine.switches.set(_given()).model_dump())

    def route(rule: str, action: Action) -> None:
        def view(object_id: str = "") -> WerkzeugResponse:
            with machine.store.transaction():
                return _done(action(machine, object_id, _order()))

        controls.add_url_rule(rule, rule, view, methods=["POST"])

    for rule, action in _ACTIONS.items():
        route(rule, action)
    return controls


def _make_payment(machine: Machine, _object_id: str, order: Order) -> Json:
    """Open a session and pay it at once, for programs that need many."""
    price = {
        "currency": order.currency,
        "unit_amount": order.amount or 1500,
        "product_data": {"name": "Gift"},
    }
    session = machine.checkout.create(
        {
            "mode": "payment",
            "success_url": "http://localhost/",
            "customer_email": order.email,
            "line_items": [{"quantity": 1, "price_data": price}],
            "metadata": order.metadata,
            "payment_intent_data": {"metadata": order.metadata},
        },
        base_url=machine.public_url or request.host_url[:-1],
    )
    return machine.checkout.pay(session["id"], order.method)


def _pay(machine: Machine, session_id: str, order: Order) -> Json:
    return machine.checkout.pay(session_id, order.method, email=order.email)


def _expire(machine: Machine, session_id: str, _order: Order) -> Json:
    return machine.checkout.expire(session_id)


def _settle(machine: Machine, intent_id: str, order: Order) -> Json:
    return machine.payments.settle(intent_id, succeed=order.succeed)


def _refund(machine: Machine, intent_id: str, order: Order) -> Json:
    """Refund as somebody would in Stripe's dashboard: without metadata of ours."""
    part = {} if order.amount is None else {"amount": order.amount}
    return machine.reversals.refund({"payment_intent": intent_id, **part})


def _dispute(machine: Machine, intent_id: str, order: Order) -> Json:
    return machine.reversals.dispute(intent_id, reason=order.reason)


def _close_dispute(machine: Machine, dispute_id: str, order: Order) -> Json:
    return machine.reversals.close_dispute(dispute_id, won=order.won)


def _pay_out(machine: Machine, _object_id: str, _order: Order) -> Json:
    return {"data": machine.reversals.pay_out()}


def _redeliver(machine: Machine, event_id: str, _order: Order) -> Json:
    return machine.events.redeliver(event_id)


def _advance_clock(machine: Machine, _object_id: str, order: Order) -> Json:
    """Let the sandbox's time run ahead; nothing in it ever becomes younger."""
    offset = machine.switches.now.clock_offset + max(0, order.advance)
    settings = machine.switches.set({"clock_offset": offset})
    machine.events.news.set()
    return settings.model_dump()


_ACTIONS: Final[Mapping[str, Action]] = {
    "/payments": _make_payment,
    "/sessions/<object_id>/pay": _pay,
    "/sessions/<object_id>/expire": _expire,
    "/payments/<object_id>/settle": _settle,
    "/payments/<object_id>/refund": _refund,
    "/payments/<object_id>/dispute": _dispute,
    "/disputes/<object_id>/close": _close_dispute,
    "/payouts": _pay_out,
    "/events/<object_id>/redeliver": _redeliver,
    "/clock": _advance_clock,
}


def _overview(machine: Machine) -> str:
    """Show the newest sessions and events, with a button for each thing that can happen."""
    newest = Query(limit=_SHOWN)
    sessions, _more = machine.store.page("checkout.session", newest)
    events, _more = machine.store.page("event", newest)
    disputes, _more = machine.store.page("dispute", newest)
    return render_template(
        "sandbox/overview.html",
        sessions=[(one, _payment(machine, one)) for one in sessions],
        events=events,
        disputes={one["payment_intent"]: one for one in disputes},
        settings=machine.switches.now,
        counts=machine.counts(),
        choices=CHOICES,
    )


def _given() -> dict[str, Any]:
    if request.is_json:
        return cast("dict[str, Any]", request.get_json())
    return dict(request.form)


def _order() -> Order:
    try:
        return Order(**_given())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        param = str(first["loc"][0])
        raise ApiError(f"{param}: {first['msg']}", param=param) from None


def _done(answer: Json) -> WerkzeugResponse:
    """Answer a program with JSON; lead a person, who comes with a form, back to the overview."""
    if request.form:
        return redirect("/_sandbox/", 303)
    return jsonify(public(answer))


def _payment(machine: Machine, session: Json) -> Json | None:
    intent_id = session["payment_intent"]
    return machine.store.find(intent_id) if intent_id else None
