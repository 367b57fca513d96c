"""The rail: where a person can go from here, by what she may do."""

from dataclasses import dataclass

from flask import g, request, url_for
from flask_babel import LazyString

from tenants.routing import SiteKind


@dataclass(frozen=True)
class NavItem:
    """One entry as a page shows it."""

    label: str
    url: str
    icon: str
    active: bool


@dataclass(frozen=True)
class Destination:
    """One entry as a feature offers it; ``permission`` is asked of the signed-in person."""

    label: LazyString
    endpoint: str
    icon: str
    permission: str
    kind: SiteKind = SiteKind.ORGANISATION


# Filled by the application factory, in the order of the rail.
DESTINATIONS: list[Destination] = []


def navigation() -> list[NavItem]:
    """The entries this person may open on this site."""
    return [
        NavItem(
            label=str(entry.label),
            url=url_for(entry.endpoint),
            icon=entry.icon,
            active=_is_active(entry.endpoint),
        )
        for entry in _open_to_visitor()
    ]


def home() -> str:
    """Where somebody who has just signed in begins: the first page she may open."""
    first = next(iter(_open_to_visitor()), None)
    return url_for(first.endpoint) if first else "/"


def _open_to_visitor() -> list[Destination]:
    user = g.get("user")
    site = g.get("site")
    if user is None or site is None or user.is_half_in:
        return []
    return [
        entry
        for entry in DESTINATIONS
        if entry.kind is site.kind and entry.permission in user.permissions
    ]


def _is_active(endpoint: str) -> bool:
    return request.path.startswith(url_for(endpoint))
