"""Structured logs in which only known keys appear and no value that looks like a person."""

import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

# A key that is not here is dropped: a new one is added on purpose or not at all, and a test holds
# every record of ours to this list.
ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "logger", "organisation", "job", "queue", "reason", "route",
        "method", "status", "milliseconds", "count", "schema", "before", "after", "provider",
        "event_type", "outcome", "place", "request_id", "state", "attempts", "payment", "flag",
        "directive",
    }
)  # fmt: skip
PERSONAL = re.compile(r"@|\d{7,}")
# An id of ours is letters, digits and dashes; nobody's name or number has its shape.
OPAQUE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Loggers of ours carry constant event names; a library's message may quote what it was given.
OURS = ("hearth", "tenants", "workers", "config")
EVENT = re.compile(r"[a-z_]{1,60}")

log = logging.getLogger(__name__)


def configure_logging(level: int = logging.INFO) -> None:
    """Send every record, and every error nobody caught, to standard error as one line of JSON."""
    # A record that cannot be printed would be printed raw otherwise, with all that it quotes.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # A library speaks when something is wrong; our own records tell what was done.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_in_thread


def formatter() -> logging.Formatter:
    """What turns a record of whatever logger into a line that quotes nobody."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        keep_allowed,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def keep_allowed(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop unknown keys and mask values that could be an address, a number or a name."""
    name = str(entry.get("logger", ""))
    if name.partition(".")[0] not in OURS:
        entry["event"] = "library_message"
        record = entry.get("_record")
        # Where a library spoke helps to find out why; what it said may quote somebody.
        entry["place"] = f"{record.module} line {record.lineno}" if record else "unknown"
    elif not EVENT.fullmatch(str(entry.get("event", ""))):
        # Flask logs under our application's name when even an error page fails, with the path.
        entry["event"] = "unnamed_event"
    kept = {key: _mask(value) for key, value in entry.items() if key in ALLOWED}
    kept.update({key: value for key, value in entry.items() if key.startswith("_")})
    if "timestamp" in entry:
        kept["timestamp"] = entry["timestamp"]
    return kept


def place_of(trace: TracebackType | None) -> str:
    """The file and line in which something broke; never what was in its hands."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown"
    return f"{Path(trace.tb_frame.f_code.co_filename).name} line {trace.tb_lineno}"


def _mask(value: Any) -> Any:
    if isinstance(value, str) and not OPAQUE.fullmatch(value) and PERSONAL.search(value):
        return "masked"
    return value


def _tell_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    # Python would print the error's own text, which may quote a family.
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("uncaught_error", extra={"reason": kind.__name__, "place": place_of(trace)})


def _tell_uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is not SystemExit and told.exc_value is not None:
        _tell_uncaught(told.exc_type, told.exc_value, told.exc_traceback)
