"""Setting up a second factor: the picture for an app, the question to a device."""

import base64
import binascii
import io
import uuid

import segno
from cryptography.exceptions import InvalidTag
from flask_babel import gettext as _
from markupsafe import Markup

from hearth.accounts import factors, passkeys, totp
from hearth.accounts.arriving import device_challenge, place
from hearth.accounts.factors import WrongCodeError
from hearth.accounts.passkeys import PasskeyRefusedError
from hearth.web.forms import Form
from hearth.web.languages import site_name
from hearth.web.request import session
from tenants.context import runtime


def fresh_secret(user_id: uuid.UUID) -> str:
    """A new secret, sealed for its owner, so that the form can carry it."""
    sealed = totp.seal(totp.new_secret(), secret_key=_key(), user_id=user_id)
    return base64.urlsafe_b64encode(sealed).decode()


def opened(sealed: str, user_id: uuid.UUID) -> str | None:
    """The secret that a form carried; None when it is not one of ours for this person."""
    try:
        return totp.unseal(base64.urlsafe_b64decode(sealed), secret_key=_key(), user_id=user_id)
    except (InvalidTag, binascii.Error, ValueError):
        return None


def picture(secret: str, email: str) -> Markup:
    """What the app scans, as a drawing in the page."""
    address = totp.address_for_app(secret, account=email, issuer=site_name("en"))
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=5, border=4, light="#fff", xmldecl=False, svgns=False,
        svgclass="qr", lineclass=None, omitsize=True, title=str(_("A picture for your app")),
    )  # fmt: skip
    # Drawn by a library from our own text, in attributes alone: nothing in it is the visitor's.
    return Markup(drawn.getvalue().decode())  # noqa: S704


def keep_app(form: Form, user_id: uuid.UUID) -> bool:
    """Take the app if it shows the right code."""
    secret = opened(form.loaded["sealed"], user_id)
    try:
        if secret is None:
            raise WrongCodeError
        factors.add_app(session, user_id=user_id, secret=secret, code=form.loaded["code"])
    except WrongCodeError:
        form.add_error(
            "code", _("This is not what the app shows now. Wait for its next code, then type it.")
        )
        return False
    return True


def keep_passkey(form: Form, user_id: uuid.UUID) -> bool:
    """Take what the device has made."""
    try:
        passkeys.add_passkey(
            session,
            user_id=user_id,
            answer=form.loaded["passkey"],
            name=form.loaded["name"] or str(_("Passkey")),
            place=place(),
            challenge=device_challenge(),
        )
    except PasskeyRefusedError:
        form.add_error(None, _("The device has not made a passkey. Please try again."))
        return False
    return True


def _key() -> str:
    return runtime().settings.secret_key
