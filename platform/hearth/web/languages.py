"""Which language a page speaks, and in whose clock it tells the time."""

from urllib.parse import urlencode

from flask import g, has_request_context, request, session, url_for

from hearth.web.request import current_site
from tenants.routing import SiteKind

# Each language by its own name, which is never translated.
NATIVE_NAMES = {
    "nl": "Nederlands",
    "sv": "Svenska",
    "fr": "Français",
    "ru": "Русский",
    "en": "English",
}
LOCALES = tuple(NATIVE_NAMES)


def offered() -> tuple[str, ...]:
    """The languages of this page: all five for staff, an organisation's own for its visitors."""
    site = g.get("site")
    if site is None or g.get("user") is not None or site.kind is not SiteKind.ORGANISATION:
        return LOCALES
    return tuple(site.organisation.locales)


def select_locale() -> str:
    """What was just chosen, then what the person's account or visit says, then the browser's.

    A worker has no reader before it: whoever writes there chooses the reader's language itself.
    """
    if not has_request_context():
        return "en"
    choices = offered()
    if (chosen := request.args.get("lang")) in choices:
        session["lang"] = chosen
        return str(chosen)
    user = g.get("user")
    for wish in (session.get("lang"), user.locale if user else None):
        if wish in choices:
            return str(wish)
    return request.accept_languages.best_match(choices) or choices[0]


def select_timezone() -> str:
    """The organisation's clock; the federation and the platform keep UTC."""
    site = g.get("site")
    if site is None or site.organisation is None:
        return "UTC"
    return str(site.organisation.timezone)


def languages() -> list[tuple[str, str, str]]:
    """Code, native name and address of this page in each of its languages."""
    shown = request.method == "GET" and request.endpoint
    path = url_for(str(request.endpoint), **(request.view_args or {})) if shown else "/"
    # What a visitor put into the address stays text: url_for would take "_scheme" for an order.
    kept = [pair for pair in request.args.items(multi=True) if shown and pair[0] != "lang"]
    return [
        (code, NATIVE_NAMES[code], f"{path}?{urlencode([*kept, ('lang', code)])}")
        for code in offered()
    ]


def site_name(locale: str) -> str:
    """The name of the house one is in."""
    organisation = current_site().organisation
    return organisation.name(locale) if organisation else "Hearth"
