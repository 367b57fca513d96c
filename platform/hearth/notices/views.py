"""Three small doors that every host has."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from hearth.accounts.guard import public
from hearth.notices.services import LARGEST, note_reports
from hearth.web.headers import REPORTS
from hearth.web.request import full_address, site
from tenants.context import runtime
from tenants.routing import SiteKind

blueprint = Blueprint("notices", __name__)
SECURITY = "/.well-known/security.txt"
# RFC 9116 wants a date of less than a year, after which the text is to be read anew.
VALID_FOR = timedelta(days=180)


@blueprint.post(REPORTS)
@public(forms=False)
def reports() -> tuple[str, int]:
    """Take a browser's report that the content policy stopped something."""
    request.max_content_length = LARGEST
    note_reports(request.get_data(cache=False), _route_of)
    return "", 204


@blueprint.get(SECURITY)
@public
def security() -> Response:
    """Say whom to tell about a weakness (RFC 9116)."""
    until = (datetime.now(UTC) + VALID_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {runtime().settings.security_contact}",
        f"Expires: {until.strftime('%Y-%m-%dT%H:%M:%SZ')}",
        "Preferred-Languages: en, nl, ru, fr, sv",
        f"Canonical: {full_address(SECURITY)}",
    ]
    return _plain(lines)


@blueprint.get("/robots.txt")
@public
def robots() -> Response:
    """Let the public pages be found, and nothing else."""
    public_pages = ["Allow: /$", "Allow: /give$", "Allow: /static/"]
    shown = public_pages if site.kind is SiteKind.ORGANISATION else []
    return _plain(["User-agent: *", *shown, "Disallow: /"])


def _plain(lines: list[str]) -> Response:
    return Response("\n".join([*lines, ""]), mimetype="text/plain")


def _route_of(path: str) -> str:
    """The pattern of an address of ours; nothing of the address itself."""
    try:
        rule, _arguments = current_app.url_map.bind("").match(path, return_rule=True)
    except (HTTPException, RequestRedirect):
        return "none"
    return str(rule.rule)
