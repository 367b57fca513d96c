"""The pages of the styleguide."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.datastructures import MultiDict

from hearth.accounts.guard import public
from hearth.styleguide import samples
from hearth.web.forms import Form

blueprint = Blueprint("styleguide", __name__, url_prefix="/styleguide", template_folder="templates")
KINDS = (
    "work-list",
    "work-list-empty",
    "file",
    "form",
    "form-errors",
    "confirm",
    "my-day",
    "dashboard",
    "public",
    "giving",
    "help",
    "sign-in",
    "print",
)
ERRORS = (400, 401, 403, 404, 405, 413, 422, 429, 500, 503)


@blueprint.get("/")
@public(any_host=True)
def index() -> str:
    """Tokens and macros, and the way to every page kind."""
    return render_template("styleguide/index.html", **_frame("index"), **_samples())


@blueprint.get("/<kind>")
@public(any_host=True)
def page_kind(kind: str) -> str:
    """One page kind as a whole page."""
    if kind not in KINDS:
        abort(404)
    return render_template(f"styleguide/{kind}.html", **_frame(kind), **_samples())


@blueprint.get("/errors/<int:code>")
@public(any_host=True)
def error_page(code: int) -> str:
    """One error page, without the error."""
    if code not in ERRORS:
        abort(404)
    return render_template(f"errors/{code}.html", **_frame("error"))


def _frame(kind: str) -> dict[str, Any]:
    theme = request.args.get("theme", "spb")
    if theme not in samples.THEMES:
        abort(404)
    here = request.path
    return {
        "site": samples.site(theme),
        "mode": request.args.get("mode"),
        "locale": "en",
        "current_user": samples.SampleUser(),
        "navigation": lambda: samples.navigation(kind),
        "languages": lambda: [
            ("en", "English", here),
            ("nl", "Nederlands", here),
            ("ru", "Русский", here),
        ],
        "sign_out_url": here,
        "help_url": "help",
        "exit_url": "https://www.wikipedia.org/",
    }


def _samples() -> dict[str, Any]:
    wrong = Form(samples.AdmitSchema(), MultiDict({"family_name": "Sample", "children": "14"}))
    wrong.validate()
    return {
        "samples": samples,
        "kinds": KINDS,
        "error_codes": ERRORS,
        "form": Form(samples.AdmitSchema()),
        "wrong": wrong,
        "filters": Form(samples.FilterSchema(), request.args),
        "give": Form(samples.GiveSchema(), initial={"amount": "15", "rhythm": "weekly"}),
        "sign_in": Form(samples.SignInSchema()),
        "charts": samples.charts(),
        "page": samples.SamplePage(),
    }
