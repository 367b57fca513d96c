"""Letters about an account; subjects and texts say nothing about the work or about a family.

One names a colleague: whoever got a role that opens something, and who gave it.
"""

import uuid
from collections.abc import Callable, Collection
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountLink
from hearth.accounts.letters import Letter, house_of, mail_of, mail_to, reader_of
from hearth.accounts.links import LinkKind, is_waiting, secret_of
from hearth.accounts.models import directory
from hearth.accounts.permissions import Role
from hearth.outbox import services as outbox
from hearth.outbox.mail import Compose, Mail

# Where the links lead; the views stand on these paths.
PATHS = {
    LinkKind.INVITATION: "/invitation",
    LinkKind.RESET: "/new-password",
    LinkKind.ENROLMENT: "/second-factor-anew",
}
PASSWORD_CHANGED = "account.password-changed"  # noqa: S105 - a template's name.
RECOVERY_USED = "account.recovery-code-used"
FACTOR_CHANGED = "account.second-factor-changed"
COLLEAGUE_ANEW = "account.colleague-second-factor-anew"
# Who hears that a colleague's second factor was taken off.
WATCHING = (Role.SUPERVISOR, Role.ADMINISTRATOR)
COLLEAGUE_ENTRUSTED = "account.colleague-entrusted"


def post(session: Session, link: AccountLink) -> None:
    """Put the letter with a link into the outbox."""
    payload = {"template": f"account.{link.kind}", "link": str(link.id)}
    outbox.put(session, key=f"account-link:{link.id}", kind="mail", payload=payload)


def notify(session: Session, template: str, *, user_id: uuid.UUID, **facts: str) -> None:
    """Tell somebody what was done to an account, so that she notices when nobody should have."""
    outbox.put(
        session,
        key=f"{template}:{uuid.uuid4()}",
        kind="mail",
        payload={"template": template, "user": str(user_id), **facts},
    )


def address_of(session: Session, link: AccountLink) -> str:
    """The address that stands in the letter; host and scheme come from the settings."""
    kind = LinkKind(link.kind)
    secret = secret_of(session, kind=kind, link_id=link.id)
    return f"{house_of(session).origin}{PATHS[kind]}?link={secret}"


def _with_link(kind: LinkKind) -> Compose:
    def compose(session: Session, payload: dict[str, Any]) -> Mail | None:
        tables = directory(session)
        link = session.get(tables.link, uuid.UUID(payload["link"]))
        user = reader_of(session, str(link.user_id)) if link and link.user_id else None
        if link is None or user is None or not is_waiting(link):
            return None
        with force_locale(user.locale):
            letter, url = WORDS[kind](), address_of(session, link)
            return mail_of(session, letter, to=user.email, url=url, locale=user.locale)

    return compose


def _plain(words: Callable[[], Letter], among: Collection[Role] = ()) -> Compose:
    def compose(session: Session, payload: dict[str, Any]) -> Mail | None:
        return mail_to(session, payload["user"], path="/account/", write=words, among=among)

    return compose


def _entrusted(session: Session, payload: dict[str, Any]) -> Mail | None:
    """Who got such a role and by whom, in names and addresses as they are by now."""
    ids = (uuid.UUID(payload["account"]), uuid.UUID(payload["by"]))
    user = directory(session).user
    account, by = (session.get_one(user, one).told_apart for one in ids)

    def write() -> Letter:
        return _colleague_entrusted(account, by)

    return mail_to(session, payload["user"], path="/account/", write=write)


def _invitation() -> Letter:
    return Letter(
        subject=_("Your account"),
        greeting=_("Good day,"),
        paragraphs=(
            _("An account has been opened for you. Choose your own password to begin."),
            _("The link works once, for three days. Nobody else can use it for you."),
            _("If you do not expect this letter, you need not do anything."),
        ),
        link_label=_("Choose your password"),
    )


def _reset() -> Letter:
    return Letter(
        subject=_("A new password"),
        greeting=_("Good day,"),
        paragraphs=(
            _("Somebody, probably you, has asked for a new password for your account."),
            _("The link works once, for half an hour. You still need your second factor."),
            _("If it was not you, you need not do anything: your password stays as it is."),
        ),
        link_label=_("Choose a new password"),
    )


def _enrolment() -> Letter:
    return Letter(
        subject=_("Your second factor begins anew"),
        greeting=_("Good day,"),
        paragraphs=(
            _("An administrator has taken the second factor off your account, as it was lost."),
            _("With this link and your password you set up a new one. It works for three days."),
            _("If you did not ask for that, do not follow the link, and call your administrator."),
        ),
        link_label=_("Set up a second factor"),
    )


def _password_changed() -> Letter:
    return _changed(_("Your password was changed"), _("The password of your account was changed."))


def _recovery_used() -> Letter:
    return _changed(
        _("A recovery code was used"),
        _("Somebody signed in to your account with your password and a recovery code."),
    )


def _factor_changed() -> Letter:
    return _changed(
        _("Your second factor was changed"), _("The second factor of your account was changed.")
    )


def _colleague_anew() -> Letter:
    return Letter(
        subject=_("A second factor was taken off"),
        greeting=_("Good day,"),
        paragraphs=(
            _("An administrator has taken the second factor off a colleague's account."),
            _("Whoever pretends to have lost a telephone begins like this too."),
            _("If nobody has told you of it, ask your administrator today whose account it was."),
        ),
        link_label=_("Look at your account"),
    )


def _colleague_entrusted(account: str, by: str) -> Letter:
    return Letter(
        subject=_("An account got a role that opens people's data"),
        greeting=_("Good day,"),
        paragraphs=(
            _("The account: %(account)s", account=account),
            _("Who gave it the role: %(name)s", name=by),
            _(
                "A new account waits until another administrator confirms it;"
                " without another, a day."
            ),
            _("If you do not know of this, ask today whose account it is, and have it closed."),
        ),
        link_label=_("Look at your account"),
    )


def _changed(subject: str, sentence: str) -> Letter:
    return Letter(
        subject=subject,
        greeting=_("Good day,"),
        paragraphs=(
            sentence,
            _("If it was you, all is well. If not, call your administrator at once."),
        ),
        link_label=_("Look at your account"),
    )


WORDS: dict[LinkKind, Callable[[], Letter]] = {
    LinkKind.INVITATION: _invitation,
    LinkKind.RESET: _reset,
    LinkKind.ENROLMENT: _enrolment,
}
TEMPLATES: dict[str, Compose] = {
    **{f"account.{kind.value}": _with_link(kind) for kind in LinkKind},
    PASSWORD_CHANGED: _plain(_password_changed),
    RECOVERY_USED: _plain(_recovery_used),
    FACTOR_CHANGED: _plain(_factor_changed),
    COLLEAGUE_ANEW: _plain(_colleague_anew, WATCHING),
    COLLEAGUE_ENTRUSTED: _entrusted,
}
