"""The application factory: the only module that knows every feature."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, g, request
from flask_babel import Babel, get_locale
from werkzeug.middleware.proxy_fix import ProxyFix

import hearth.accounts.views
import hearth.health.views
import hearth.models
import hearth.webhooks.views
from config.settings import Settings
from hearth.giving.stripe_gateway import StripeGateway
from hearth.web import formatting, languages, navigation, tokens
from hearth.web.errors import install_error_pages
from hearth.web.headers import install_headers
from hearth.web.navigation import Destination
from hearth.web.request import HearthFlask, arrive, current_site, leave
from tenants.passwords import derive
from tenants.routing import SiteKind

ORGANISATION = frozenset({SiteKind.ORGANISATION})
FEDERATION = frozenset({SiteKind.FEDERATION})
STAFF = ORGANISATION | FEDERATION
PLATFORM = frozenset({SiteKind.PLATFORM})
EVERYWHERE = frozenset(SiteKind)

# Which feature answers on which kind of host; everywhere else its pages do not exist.
def _existing() -> list[tuple[Blueprint, frozenset[SiteKind]]]:  # TEMPORARY until all slices exist
    found = []
    for name, kinds in (
        ("styleguide", EVERYWHERE), ("case_file", ORGANISATION), ("federation", FEDERATION),
        ("public_site", ORGANISATION), ("giving", ORGANISATION), ("ledger", ORGANISATION),
        ("shelter", ORGANISATION), ("service_delivery", ORGANISATION), ("intake", ORGANISATION),
        ("families", ORGANISATION),
    ):
        try:
            module = importlib.import_module(f"hearth.{name}.views")
        except ImportError as error:
            print("not wired yet:", name, error)
            continue
        found.append((module.blueprint, kinds))
    return found


FEATURES: tuple[tuple[Blueprint, frozenset[SiteKind]], ...] = (
    (hearth.accounts.views.blueprint, STAFF),
    (hearth.health.views.blueprint, EVERYWHERE),
    (hearth.webhooks.views.blueprint, PLATFORM),
    *_existing(),
)
DESTINATIONS: tuple[Destination, ...] = ()
MAX_BODY = 2 * 1024 * 1024


@dataclass(frozen=True)
class House:
    """What a page's frame shows of the site."""

    name: str
    theme: str
    kind: str
    locales: tuple[str, ...]


def create_app(settings: Settings) -> HearthFlask:
    """Build the web service; ``tenants.context.configure`` has been called before."""
    app = HearthFlask("hearth", root_path=str(Path(__file__).parent))
    app.config.update(
        SECRET_KEY=derive(settings.secret_key, "page-cookie"),
        SESSION_COOKIE_NAME="__Host-page",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        BABEL_TRANSLATION_DIRECTORIES="translations",
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if settings.forwarded_hops:
        hops = settings.forwarded_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.extensions["payment_gateway"] = StripeGateway(
        api_key=settings.stripe_api_key,
        webhook_secrets=settings.stripe_webhook_secrets,
        api_base=settings.stripe_api_base,
    )
    Babel(
        app,
        locale_selector=languages.select_locale,
        timezone_selector=languages.select_timezone,
    )
    _install_features(app)
    _install_page_context(app)
    install_error_pages(app)
    install_headers(app, settings)
    return app


def _install_features(app: HearthFlask) -> None:
    app.before_request(arrive)
    app.before_request(_refuse_wrong_house)
    app.before_request(tokens.refuse_foreign_requests)
    app.teardown_request(leave)
    for blueprint, _kinds in FEATURES:
        app.register_blueprint(blueprint)
    navigation.DESTINATIONS[:] = DESTINATIONS


def _refuse_wrong_house() -> None:
    kinds = {blueprint.name: kinds for blueprint, kinds in FEATURES}
    if request.blueprint and "site" in g and current_site().kind not in kinds[request.blueprint]:
        abort(404)


def _install_page_context(app: HearthFlask) -> None:
    formatting.register(app)
    # Macros see the environment's own names only, not those of the page that imports them.
    app.jinja_env.globals["form_token"] = tokens.form_token

    @app.context_processor
    def page() -> dict[str, Any]:
        locale = str(get_locale())
        return {
            "site": _house(locale),
            "current_user": g.get("user"),
            "locale": locale,
            "languages": languages.languages,
            "navigation": navigation.navigation,
            "sign_out_url": "/sign-out",
        }


def _house(locale: str) -> House | None:
    site = g.get("site")
    if site is None:
        return None
    organisation = site.organisation
    return House(
        name=languages.site_name(locale),
        theme=organisation.theme if organisation else "federation",
        kind=site.kind.value,
        locales=languages.offered(),
    )
