"""Error reports that hold where something broke, and nothing of whom it broke for."""

from collections.abc import Callable
from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.integrations.rq import RqIntegration

from config.endpoints import DEFAULT, EndpointKind
from config.settings import Settings

TAGS = frozenset({"organisation", "route", "job"})
FRAME = ("filename", "function", "module", "lineno", "in_app")


Event = dict[str, Any]


def configure_sentry(
    settings: Settings,
    *,
    integrations: tuple[str, ...],
    destination: Callable[[], str] = lambda: DEFAULT,
) -> None:
    """Switch error reports on when an address is configured; before any worker forks.

    ``destination`` names the endpoint of whoever is being worked for at that moment.
    """
    routes = Routes(settings, destination)
    if routes.first is None:
        return
    known: dict[str, type[Integration]] = {"flask": FlaskIntegration, "rq": RqIntegration}
    sentry_sdk.init(
        dsn=routes.first,
        integrations=[known[name]() for name in integrations],
        before_send=routes.send,  # type: ignore[arg-type]
        before_send_transaction=_nothing,
        before_send_log=_nothing,
        before_send_metric=_nothing,
        before_breadcrumb=_nothing,
        **_reticent(settings),
    )


def _reticent(settings: Settings) -> Event:
    return {
        "environment": settings.label,
        # What is personal is off unless asked for; whatever comes all the same meets keep_allowed.
        "include_local_variables": False,
        "include_source_context": False,
        "max_request_body_size": "never",
        "max_breadcrumbs": 0,
        "traces_sample_rate": 0.0,
        "default_integrations": False,
        "auto_enabling_integrations": False,
        # A session's report would carry the visitor's address and browser.
        "auto_session_tracking": False,
        "send_client_reports": False,
        "enable_logs": False,
        "enable_metrics": False,
    }


class Routes:
    """Leads each report to where the organisation wants it: the common place, its own, or none."""

    def __init__(self, settings: Settings, destination: Callable[[], str]) -> None:
        self._settings = settings
        self._destination = destination
        self._addresses = {
            name: endpoint.url
            for (kind, name), endpoint in settings.endpoints.items()
            if kind is EndpointKind.ERRORS and endpoint.url is not None
        }
        self._clients: dict[str, sentry_sdk.Client] = {}

    @property
    def first(self) -> str | None:
        """An address to begin with: the common one, or any; None where there is none at all."""
        return self._addresses.get(DEFAULT) or next(iter(self._addresses.values()), None)

    def send(self, event: Event, hint: Event) -> Event | None:
        """What goes on to the first address; None when it goes elsewhere or nowhere."""
        kept = keep_allowed(event, hint)
        name = self._destination()
        address = self._addresses.get(name)
        if address is None:
            return None
        if address == self.first:
            return kept
        if name not in self._clients:
            self._clients[name] = sentry_sdk.Client(dsn=address, **_reticent(self._settings))
        self._clients[name].capture_event(kept)  # type: ignore[arg-type]
        return None


def report(error: BaseException, **tags: str) -> None:
    """Report an error that a page or a worker has already answered, with where it broke."""
    with sentry_sdk.new_scope() as scope:
        for name, value in tags.items():
            scope.set_tag(name, value)
        scope.capture_exception(error)


def _nothing(_item: Any, _hint: Any) -> None:
    """Times, sizes, log lines and traces stay in the house."""


def keep_allowed(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    """Rebuild a report from what is known to be harmless: kinds of error and places in the code."""
    kept: dict[str, Any] = {
        key: event[key]
        for key in ("event_id", "timestamp", "level", "platform", "environment", "release")
        if key in event
    }
    kept["tags"] = {k: v for k, v in (event.get("tags") or {}).items() if k in TAGS}
    values = (event.get("exception") or {}).get("values") or []
    kept["exception"] = {"values": [_exception(value) for value in values]}
    return kept


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {
            "frames": [{k: frame.get(k) for k in FRAME if k in frame} for frame in frames]
        },
    }
