"""The part of Stripe's HTTP API that the pinned SDK is asked for."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, request
from stripe import api_version
from stripe import params as p
from stripe.params import checkout as c

from hearth.giving.sandbox import shapes
from hearth.giving.sandbox.errors import ApiError
from hearth.giving.sandbox.events import new_id, public
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.parameters import Body, check, decode
from hearth.giving.sandbox.rules import check_email, check_metadata
from hearth.giving.sandbox.store import Json, Query

_KEYS_LIVE_SECONDS: Final = 86_400
_LONGEST_KEY: Final = 255
Handler = Callable[[Machine, str, Body], Json]


@dataclass(frozen=True)
class Kind:
    """A kind of object that can be fetched and listed, and the fields a list can be cut by."""

    name: str
    path: str
    retrieve: type
    listing: type
    filters: tuple[str, ...] = ()


KINDS: Final = (
    Kind(
        "checkout.session",
        "checkout/sessions",
        c.SessionRetrieveParams,
        c.SessionListParams,
        ("payment_intent", "status", "customer"),
    ),
    Kind(
        "payment_intent",
        "payment_intents",
        p.PaymentIntentRetrieveParams,
        p.PaymentIntentListParams,
        ("customer",),
    ),
    Kind(
        "charge",
        "charges",
        p.ChargeRetrieveParams,
        p.ChargeListParams,
        ("payment_intent", "customer", "transfer_group"),
    ),
    Kind(
        "balance_transaction",
        "balance_transactions",
        p.BalanceTransactionRetrieveParams,
        p.BalanceTransactionListParams,
        ("currency", "payout", "source", "type"),
    ),
    Kind(
        "refund",
        "refunds",
        p.RefundRetrieveParams,
        p.RefundListParams,
        ("charge", "payment_intent"),
    ),
    Kind(
        "dispute",
        "disputes",
        p.DisputeRetrieveParams,
        p.DisputeListParams,
        ("charge", "payment_intent"),
    ),
    Kind(
        "event",
        "events",
        p.EventRetrieveParams,
        p.EventListParams,
        ("type", "types", "delivery_success"),
    ),
    Kind("payout", "payouts", p.PayoutRetrieveParams, p.PayoutListParams, ("status",)),
    Kind("customer", "customers", p.CustomerRetrieveParams, p.CustomerListParams, ("email",)),
)
_STORED_AS: Final = {"payout": "_payout", "types": "type", "delivery_success": "_delivered"}
_PAGING: Final = frozenset({"created", "ending_before", "expand", "limit", "starting_after"})


def create_api(machine: Machine) -> Blueprint:
    """Build the routes below ``/v1``."""
    api = Blueprint("api", __name__, url_prefix="/v1")

    def route(method: str, rule: str, params: type, handler: Handler) -> None:
        def view(object_id: str = "") -> Response:
            return _answer(machine, params, handler, object_id)

        api.add_url_rule(f"/{rule}", f"{method} {rule}", view, methods=[method])

    for kind in KINDS:
        route("GET", f"{kind.path}/<object_id>", kind.retrieve, _retriever(kind))
        route("GET", kind.path, kind.listing, _lister(kind))
    route("POST", "checkout/sessions", c.SessionCreateParams, _create_session)
    route("POST", "checkout/sessions/<object_id>/expire", c.SessionExpireParams, _expire_session)
    route("POST", "refunds", p.RefundCreateParams, _create_refund)
    route("POST", "customers", p.CustomerCreateParams, _create_customer)
    return api


def _answer(machine: Machine, params: type, handler: Handler, object_id: str) -> Response:
    _authorise(machine)
    _fail_when_asked(machine)
    source = request.form if request.method == "POST" else request.args
    pairs = list(source.items(multi=True))
    body = check(params, decode(pairs))
    expand = body.pop("expand", [])
    with machine.store.transaction():
        answer = (
            _once(machine, pairs, lambda: handler(machine, object_id, body))
            if request.method == "POST"
            else handler(machine, object_id, body)
        )
        for path in expand:
            _expand(machine, answer, path.split("."), path)
    return _json(public(answer))


def _authorise(machine: Machine) -> None:
    given = request.authorization
    key = (given.token or given.username or "") if given else ""
    if not hmac.compare_digest(key.encode(), machine.api_key.encode()):
        raise ApiError(f"Invalid API Key provided: {key[:8]}****", status=401)
    version = request.headers.get("Stripe-Version", api_version)
    if version != api_version:
        raise ApiError(f"The sandbox speaks {api_version}, not {version}.")


def _fail_when_asked(machine: Machine) -> None:
    left = machine.switches.now.fail_next_requests
    if left:
        machine.switches.set({"fail_next_requests": left - 1})
        raise ApiError("The sandbox was asked to fail.", status=500, kind="api_error")


def _once(machine: Machine, pairs: list[tuple[str, str]], work: Callable[[], Json]) -> Json:
    """Do the work once for each idempotency key, and say the same again for a day."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if len(key) > _LONGEST_KEY:
        raise ApiError("Idempotency keys can have 255 characters.")
    now = machine.switches.time()
    asked = json.dumps([request.path, sorted(pairs)])
    fingerprint = hashlib.sha256(asked.encode()).hexdigest()
    machine.store.rows("DELETE FROM idempotency WHERE at < ?", now - _KEYS_LIVE_SECONDS)
    found = machine.store.rows("SELECT fingerprint, body FROM idempotency WHERE key = ?", key)
    if found:
        known, body = found[0]
        if known != fingerprint:
            raise ApiError(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}'.",
                kind="idempotency_error",
            )
        replay: Json = json.loads(body)
        return replay
    answer = work()
    machine.store.rows(
        "INSERT INTO idempotency VALUES (?, ?, ?, ?)", key, now, fingerprint, json.dumps(answer)
    )
    return answer


def _retriever(kind: Kind) -> Handler:
    def handler(machine: Machine, object_id: str, _body: Body) -> Json:
        return machine.store.get(kind.name, object_id)

    return handler


def _lister(kind: Kind) -> Handler:
    def handler(machine: Machine, _object_id: str, body: Body) -> Json:
        for name in body:
            if name not in _PAGING and name not in kind.filters:
                raise ApiError(f"The sandbox does not play {name} yet.", code="sandbox", param=name)
        limit = body.get("limit", 10)
        if not 1 <= limit <= 100:
            raise ApiError(
                "Invalid limit: between 1 and 100.", code="parameter_invalid", param="limit"
            )
        where = {_STORED_AS.get(name, name): body[name] for name in kind.filters if name in body}
        found, more = machine.store.page(
            kind.name,
            Query(
                where=where,
                created=body.get("created"),
                starting_after=body.get("starting_after"),
                ending_before=body.get("ending_before"),
                limit=limit,
            ),
        )
        return {"object": "list", "data": found, "has_more": more, "url": f"/v1/{kind.path}"}

    return handler


def _create_session(machine: Machine, _object_id: str, body: Body) -> Json:
    return machine.checkout.create(body, base_url=machine.public_url or request.host_url[:-1])


def _expire_session(machine: Machine, object_id: str, _body: Body) -> Json:
    return machine.checkout.expire(object_id)


def _create_refund(machine: Machine, _object_id: str, body: Body) -> Json:
    return machine.reversals.refund(body)


def _create_customer(machine: Machine, _object_id: str, body: Body) -> Json:
    check_email(body.get("email"), param="email")
    check_metadata(body.get("metadata"), "metadata")
    return machine.store.put(shapes.customer(body, now=int(machine.switches.time())))


def _expand(machine: Machine, place: Any, path: list[str], whole: str) -> None:
    """Put whole objects where the ids of a path stand."""
    if isinstance(place, list):
        for one in place:
            _expand(machine, one, path, whole)
        return
    name, *rest = path
    if not isinstance(place, dict) or name not in place:
        raise ApiError(f"This property cannot be expanded ({whole}).", param="expand")
    if isinstance(place[name], str):
        place[name] = machine.store.find(place[name])
    if rest and place[name] is not None:
        _expand(machine, place[name], rest, whole)


def _json(body: Json, status: int = 200) -> Response:
    headers = {"Request-Id": new_id("req", 14), "Stripe-Version": api_version}
    return Response(json.dumps(body), status, headers, mimetype="application/json")


def refuse(error: ApiError) -> Response:
    """Render a refusal as the API does."""
    return _json(error.as_json(), error.status)
