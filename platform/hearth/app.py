"""The application factory: the only module that knows every feature."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import lazy_gettext as _l
from jinja2 import FileSystemBytecodeCache
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

import hearth.accounts.views
import hearth.break_glass.views
import hearth.case_access.views
import hearth.case_file.views
import hearth.consents.views
import hearth.data_register.views
import hearth.directory.views
import hearth.documents.views
import hearth.families.views
import hearth.federation.views
import hearth.figures.views
import hearth.files.views
import hearth.giving.views
import hearth.health.views
import hearth.incidents.views
import hearth.intake.views
import hearth.keys.views
import hearth.ledger.views
import hearth.models
import hearth.my_account.views
import hearth.notices.views
import hearth.public_site.views
import hearth.records.views
import hearth.retention.views
import hearth.service_delivery.views
import hearth.shelter.views
import hearth.staff.views
import hearth.styleguide.views
import hearth.subject_rights.views
import hearth.webhooks.views
from config.settings import Settings
from hearth.accounts import api_tokens, devices, sessions
from hearth.accounts import mails as account_mails
from hearth.accounts.arriving import KNOWN_COOKIE
from hearth.accounts.guard import COOKIE, signed_in
from hearth.accounts.permissions import Permission
from hearth.audit import mails as audit_mails
from hearth.break_glass import mails as break_glass_mails
from hearth.break_glass.banner import look_banner
from hearth.case_access import mails as case_access_mails
from hearth.consents import words as consents_words
from hearth.families import mails as families_mails
from hearth.families.facing import facing
from hearth.files.kinds import LARGEST
from hearth.giving import mails
from hearth.giving.stripe_gateway import StripeGateway
from hearth.incidents import reminders
from hearth.incidents import words as incidents_words
from hearth.outbox import mail
from hearth.records.presentation import purpose_in_words
from hearth.retention import mails as retention_mails
from hearth.subject_rights import labels
from hearth.web import formatting, languages, navigation, pauses, request_log, tokens
from hearth.web.errors import install_error_pages
from hearth.web.headers import install_headers
from hearth.web.limits import Guarded, install_limits
from hearth.web.navigation import Destination
from hearth.web.request import HearthFlask, arrive, leave, session
from tenants.passwords import derive
from tenants.routing import SiteKind

ORGANISATION = frozenset({SiteKind.ORGANISATION})
FEDERATION = frozenset({SiteKind.FEDERATION})
STAFF = ORGANISATION | FEDERATION
PLATFORM = frozenset({SiteKind.PLATFORM})
FILES = frozenset({SiteKind.FILES})
EVERYWHERE = frozenset(SiteKind)

# Which feature answers on which kind of host; everywhere else its pages do not exist.
FEATURES: tuple[tuple[Blueprint, frozenset[SiteKind]], ...] = (
    (hearth.accounts.views.blueprint, STAFF),
    (hearth.break_glass.views.blueprint, ORGANISATION),
    (hearth.case_access.views.blueprint, ORGANISATION),
    (hearth.case_file.views.blueprint, ORGANISATION),
    (hearth.consents.views.blueprint, ORGANISATION),
    (hearth.data_register.views.blueprint, ORGANISATION),
    (hearth.directory.views.blueprint, PLATFORM),
    (hearth.documents.views.blueprint, ORGANISATION),
    (hearth.families.views.blueprint, ORGANISATION),
    (hearth.federation.views.blueprint, FEDERATION),
    (hearth.figures.views.blueprint, ORGANISATION),
    (hearth.files.views.blueprint, FILES),
    (hearth.giving.views.blueprint, ORGANISATION),
    (hearth.health.views.blueprint, EVERYWHERE),
    (hearth.incidents.views.blueprint, ORGANISATION),
    (hearth.intake.views.blueprint, ORGANISATION),
    (hearth.keys.views.blueprint, ORGANISATION),
    (hearth.ledger.views.blueprint, ORGANISATION),
    (hearth.my_account.views.blueprint, STAFF),
    (hearth.notices.views.blueprint, EVERYWHERE),
    (hearth.public_site.views.blueprint, ORGANISATION),
    (hearth.retention.views.blueprint, ORGANISATION),
    (hearth.records.views.blueprint, ORGANISATION),
    (hearth.service_delivery.views.blueprint, ORGANISATION),
    (hearth.shelter.views.blueprint, ORGANISATION),
    (hearth.staff.views.blueprint, ORGANISATION),
    (hearth.subject_rights.views.blueprint, ORGANISATION),
    (hearth.webhooks.views.blueprint, PLATFORM),
)
STYLEGUIDE = (hearth.styleguide.views.blueprint, EVERYWHERE)
DESTINATIONS: tuple[Destination, ...] = (
    Destination(_l("Referrals"), "intake.index", "telephone", Permission.REFERRALS_READ),
    Destination(_l("Families"), "families.index", "people", Permission.FAMILIES_READ),
    Destination(_l("Houses tonight"), "shelter.tonight", "bed", Permission.SHELTER_READ),
    Destination(_l("Gifts"), "giving.gifts", "coin", Permission.GIFTS_READ),
    Destination(_l("Funds"), "giving.list_funds", "hand", Permission.GIFTS_READ),
    Destination(_l("Ledger"), "ledger.journal", "list", Permission.LEDGER_READ),
    Destination(_l("Our figures"), "figures.index", "chart", Permission.NUMBERS_READ),
    Destination(_l("Data protection"), "subject_rights.index", "list", Permission.SUBJECT_RIGHTS),
    Destination(_l("Incidents"), "incidents.index", "lamp", Permission.INCIDENTS_MANAGE),
    Destination(_l("Colleagues"), "staff.index", "key", Permission.USERS_MANAGE),
    Destination(_l("Emergency look"), "break_glass.open_case", "door", Permission.BREAK_GLASS),
    Destination(_l("Emergency looks"), "break_glass.index", "lamp", Permission.BREAK_GLASS_REVIEW),
    Destination(
        _l("Files without a keeper"), "case_access.without_keeper", "key", Permission.CASES_ENTRUST
    ),
    Destination(_l("Records"), "records.index", "list", Permission.AUDIT_READ),
    Destination(_l("Key"), "keys.show", "key", Permission.KEYS_MANAGE),
    Destination(
        _l("Numbers"),
        "federation.numbers",
        "chart",
        Permission.FEDERATION_NUMBERS,
        SiteKind.FEDERATION,
    ),
)
# Where the bare address of a host leads that has no front page of its own.
FRONT_DOORS = {
    SiteKind.FEDERATION: "federation.numbers",
    SiteKind.PLATFORM: "directory.index",
}
MAX_BODY = 2 * 1024 * 1024
# Where a file comes in: the file, and a little for what is sent around it.
# What in an address leads to one family.
FAMILY_PARTS = frozenset({"household_id", "stay_id", "referral_id"})
LARGE_BODIES = {"documents.add": LARGEST + 64 * 1024}
GUARDED = Guarded(
    cookie=COOKIE,
    ours=sessions.was_given_out,
    browser=KNOWN_COOKIE,
    known=devices.was_given_out,
    keys=api_tokens.was_given_out,
    ways_in="accounts",
    costly=frozenset(
        {
            "accounts.invitation",
            "accounts.new_password",
            "break_glass.export",
            "data_register.download",
            "documents.add",
            "federation.export",
            "figures.api",
            "figures.export",
            "figures.index",
            "incidents.report_pdf",
            "keys.show",
            "my_account.password",
            "records.export",
            "subject_rights.certificate",
            "subject_rights.hand_out",
        }
    ),
    reports=frozenset({"notices.reports"}),
)


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
    app.jinja_options = {
        "trim_blocks": True,
        "lstrip_blocks": True,
        "bytecode_cache": _compiled_templates(),
    }
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
    _install_features(app, settings)
    for letters in (
        mails,
        account_mails,
        audit_mails,
        break_glass_mails,
        case_access_mails,
        families_mails,
        retention_mails,
        reminders,
    ):
        mail.TEMPLATES.update(letters.TEMPLATES)
    for slice_words in (consents_words, incidents_words):
        labels.CODES.update(slice_words.CODES)
    _install_page_context(app)
    install_error_pages(app)
    install_headers(app, settings)
    return app


def _install_features(app: HearthFlask, settings: Settings) -> None:
    request_log.install_request_log(app)
    app.before_request(arrive)
    app.before_request(request_log.name_the_house)
    app.before_request(_refuse_wrong_house)
    app.before_request(tokens.refuse_foreign_requests)
    install_limits(app, settings, GUARDED)
    # What was typed is read for the pause's page, and so in a place of the house.
    app.before_request(pauses.refuse_changes_for_now)
    app.before_request(_allow_large_body)
    app.before_request(_face_the_family)
    app.teardown_request(leave)
    features = (*FEATURES, STYLEGUIDE) if settings.styleguide else FEATURES
    for blueprint, _kinds in features:
        app.register_blueprint(blueprint)
    app.extensions["site_kinds"] = {blueprint.name: kinds for blueprint, kinds in features}
    navigation.DESTINATIONS[:] = DESTINATIONS


def _refuse_wrong_house() -> Response | None:
    site = g.get("site")
    if site is None:
        return None
    kinds = current_app.extensions["site_kinds"]
    if site.kind in kinds.get(request.blueprint, ()):
        return None
    looking = request.method in {"GET", "HEAD"}
    if looking and request.path == "/" and site.kind in FRONT_DOORS:
        return redirect(url_for(FRONT_DOORS[site.kind]))
    features = {request.blueprint} if request.blueprint else _features_with_other_methods()
    if features and all(site.kind not in kinds[feature] for feature in features):
        abort(404)
    return None


def _allow_large_body() -> None:
    if request.endpoint in LARGE_BODIES:
        request.max_content_length = LARGE_BODIES[request.endpoint]


def _face_the_family() -> None:
    """Whoever has several roles reads about a family what those read that reach it."""
    if FAMILY_PARTS & (request.view_args or {}).keys():
        user = signed_in()
        if user is not None:
            g.user = facing(session, request.view_args or {}, user=user)


def _features_with_other_methods() -> set[str]:
    """Whose address this is when only the method is wrong; elsewhere there is no such address."""
    if not isinstance(request.routing_exception, MethodNotAllowed) or request.path == "/":
        return set()
    addresses = current_app.url_map.bind("")
    endpoints = {
        str(addresses.match(request.path, method=method)[0])
        for method in request.routing_exception.valid_methods or ()
    }
    return {endpoint.rpartition(".")[0] for endpoint in endpoints if "." in endpoint}


def _compiled_templates() -> FileSystemBytecodeCache | None:
    """Kept beside compiled Python, where whoever runs the service has named a place for that."""
    if not sys.pycache_prefix:
        return None
    folder = Path(sys.pycache_prefix, "templates")
    folder.mkdir(parents=True, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


def _install_page_context(app: HearthFlask) -> None:
    formatting.register(app)
    # Macros see the environment's own names only, not those of the page that imports them.
    app.jinja_env.globals["form_token"] = tokens.form_token
    app.jinja_env.filters["purpose"] = purpose_in_words

    @app.context_processor
    def page() -> dict[str, Any]:
        locale = str(get_locale())
        return {
            "site": _house(locale),
            "current_user": g.get("user"),
            "locale": locale,
            "languages": languages.languages,
            "navigation": navigation.navigation,
            "look_banner": look_banner,
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
