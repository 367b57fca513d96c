"""Error reports that hold where something broke, and nothing of whom it broke for."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.integrations.rq import RqIntegration

from config.settings import Settings

TAGS = frozenset({"organisation", "route", "job"})
FRAME = ("filename", "function", "module", "lineno", "in_app")


def configure_sentry(settings: Settings, *, integrations: tuple[str, ...]) -> None:
    """Switch error reports on when an address is configured; before any worker forks."""
    if not settings.sentry_dsn:
        return
    known: dict[str, type[Integration]] = {"flask": FlaskIntegration, "rq": RqIntegration}
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.label,
        # What is personal is off unless asked for; whatever comes all the same meets keep_allowed.
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=0.0,
        default_integrations=False,
        auto_enabling_integrations=False,
        # A session's report would carry the visitor's address and browser.
        auto_session_tracking=False,
        send_client_reports=False,
        enable_logs=False,
        enable_metrics=False,
        integrations=[known[name]() for name in integrations],
        before_send=keep_allowed,  # type: ignore[arg-type]
        before_send_transaction=_nothing,
        before_send_log=_nothing,
        before_send_metric=_nothing,
        before_breadcrumb=_nothing,
    )


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
