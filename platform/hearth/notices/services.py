"""Reads a browser's report of a blocked script; only the rule and the kind of page are kept."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
LARGEST = 16 * 1024
MOST = 20
DIRECTIVES = frozenset(
    {
        "base-uri", "connect-src", "default-src", "font-src", "form-action", "frame-ancestors",
        "frame-src", "img-src", "manifest-src", "media-src", "object-src", "script-src",
        "script-src-attr", "script-src-elem", "style-src", "style-src-attr", "style-src-elem",
        "worker-src", "sandbox",
    }
)  # fmt: skip


def note_reports(body: bytes, route_of: Callable[[str], str]) -> int:
    """Log each report as a rule and a route; addresses, samples and browsers are dropped."""
    told = 0
    for report in list(_reports_in(body))[:MOST]:
        rule = report.get("effective-directive") or report.get("effectiveDirective")
        rule = str(rule or report.get("violated-directive") or "").partition(" ")[0]
        page = str(report.get("document-uri") or report.get("documentURL") or "")
        log.warning(
            "policy_violated",
            extra={
                "directive": rule if rule in DIRECTIVES else "other",
                "route": route_of(_path(page)),
            },
        )
        told += 1
    return told


def _reports_in(body: bytes) -> Iterator[dict[str, Any]]:
    """The reports in either of the two forms browsers send; anything else holds none."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return
    for entry in sent if isinstance(sent, list) else [sent]:
        if isinstance(entry, dict):
            inside = entry.get("csp-report") or entry.get("body")
            if isinstance(inside, dict):
                yield inside


def _path(address: str) -> str:
    try:
        return urlsplit(address).path or "/"
    except ValueError:
        return "/"
