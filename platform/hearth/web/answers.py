"""What views have in common: the form sent, the page with its errors, the thing not found."""

from typing import Any, TypeVar

from flask import abort, render_template, request
from werkzeug.datastructures import ImmutableMultiDict

from hearth.web.forms import Form

BOTH = ("GET", "POST")
"""A form is shown and sent to one address."""

Thing = TypeVar("Thing")


def sent_form() -> ImmutableMultiDict[str, str] | None:
    """What the visitor sent, or None while the form is only shown."""
    return request.form if request.method == "POST" else None


def form_page(template: str, form: Form, **context: Any) -> str | tuple[str, int]:
    """The page with a form; with status 422 when something in it needs another look."""
    page = render_template(template, form=form, **context)
    return (page, 422) if form.errors else page


def found(thing: Thing | None) -> Thing:
    """The thing itself; one that does not exist in this organisation ends in 404."""
    if thing is None:
        abort(404)
    return thing
