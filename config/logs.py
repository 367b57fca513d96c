"""Structured logs in which only known keys appear and no value that looks like a person."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# A key that is not here is dropped: a new one is added on purpose or not at all.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "organisation", "job", "queue", "reason", "route",
        "status", "milliseconds", "count", "schema", "before", "after", "provider", "event_type",
        "outcome", "place", "request_id", "state", "attempts",
    }
)  # fmt: skip
PERSONAL = re.compile(r"@|\d{7,}")
# Loggers of ours carry constant event names; a library's message may quote what it was given.
OURS = ("hearth", "tenants", "workers", "config")


def configure_logging(level: int = logging.INFO) -> None:
    """Send every log record to standard error as one line of JSON."""
    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        keep_allowed,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    # A record that cannot be printed would be printed raw otherwise, with all that it quotes.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # A library speaks when something is wrong; our own records tell what was done.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def keep_allowed(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop unknown keys and mask values that could be an address, a number or a name."""
    name = str(entry.get("logger", ""))
    if name.partition(".")[0] not in OURS:
        entry["event"] = "library_message"
    kept = {key: _mask(value) for key, value in entry.items() if key in ALLOWED}
    kept.update({key: value for key, value in entry.items() if key.startswith("_")})
    if "timestamp" in entry:
        kept["timestamp"] = entry["timestamp"]
    return kept


def _mask(value: Any) -> Any:
    if isinstance(value, str) and PERSONAL.search(value):
        return "masked"
    return value
