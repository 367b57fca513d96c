"""The ways in, between the forms and the services: what is refused is counted and told kindly."""

import uuid
from collections.abc import Callable, Sequence

from flask_babel import gettext as _
from flask_babel import ngettext

from hearth.accounts import invitations, limits, links, services, sessions
from hearth.accounts.arriving import visit
from hearth.accounts.events import Happened, note
from hearth.accounts.factors import ResetLatelyError, WrongCodeError, refuse_after_reset
from hearth.accounts.invitations import WeakPasswordError
from hearth.accounts.limits import TooManyFailuresError
from hearth.accounts.links import LinkKind
from hearth.accounts.mails import PASSWORD_CHANGED, notify
from hearth.accounts.models import User, directory
from hearth.accounts.passwords import SHORTEST, Weakness
from hearth.accounts.services import SignInRefusedError
from hearth.accounts.sessions import Assurance
from hearth.web.forms import Form
from hearth.web.request import commit_now, current_site, session

Choose = Callable[..., User | None]


def with_password(form: Form) -> str | None:
    """The cookie's token for an address and a password that belong together."""
    try:
        return services.sign_in(
            session,
            email=form.loaded.email,
            password=form.loaded.password,
            shared=form.loaded.shared,
            visit=visit(),
        )
    except SignInRefusedError:
        # The failure is counted although the answer is a refusal, which undoes all other work.
        commit_now()
        form.add_error(None, _("This address and password do not belong together."))
    except TooManyFailuresError:
        form.add_error(None, _too_many())
    return None


def with_code(form: Form, user_id: uuid.UUID, token: str) -> str | None:
    """The session's new token after a code that is right."""
    try:
        return services.show_second_factor(
            session, user_id=user_id, code=form.loaded["code"], token=token, visit=visit()
        )
    except WrongCodeError:
        commit_now()
        form.add_error(
            "code", _("This code is not right, or was used before. Wait for the next one.")
        )
    except TooManyFailuresError:
        form.add_error(None, _too_many())
    return None


def as_owner_of_passkey(user_id: uuid.UUID, earlier: str | None) -> str:
    """The token of a new session for the owner of a passkey; an earlier session here ends."""
    if earlier:
        sessions.sign_out(session, token=earlier)
    user = session.get_one(directory(session).user, user_id)
    who = visit()
    note(session, Happened.SIGNED_IN, user_id, device=who.device)
    return services.begin(session, user=user, visit=who, assurance=Assurance.SECOND_FACTOR)


def begin_enrolling(user: User) -> str:
    """The token of a session in which a second factor may be set up."""
    return services.begin(session, user=user, visit=visit(), may_enrol=True)


def ask_for_reset(email: str) -> None:
    """Send a link, unless somebody asks for one again and again."""
    who = visit()
    account = f"reset of {email.strip().lower()}"
    try:
        limits.refuse_guessing(session, account=account, address=who.address, pepper=who.pepper)
    except TooManyFailuresError:
        # The same answer as ever: it tells nothing about the address.
        return
    limits.count_failure(session, account=account, address=who.address, pepper=who.pepper)
    invitations.ask_for_reset(session, email=email)


def choose_password(form: Form, choose: Choose) -> User | None:
    """Set the password that was chosen; what is wrong with it is told in the form."""
    accepted = None
    try:
        secret, password = form.loaded["link"], form.loaded["password"]
        accepted = choose(session, secret=secret, password=password, about=names_here())
        if accepted is None:
            form.add_error(None, _("This link has served its time. Ask for a new one."))
        elif choose is invitations.reset:
            notify(session, PASSWORD_CHANGED, user_id=accepted.id)
    except WeakPasswordError as refusal:
        form.add_error("password", weakness_in_words(refusal.weakness))
    return accepted


def enrol_anew(form: Form) -> str | None:
    """The token of a session in which a second factor may be set up anew."""
    who, secret = visit(), form.loaded["link"]
    user = links.owner_of(session, kind=LinkKind.ENROLMENT, secret=secret)
    if user is None:
        form.add_error(None, _("This link has served its time. Ask for a new one."))
        return None
    try:
        services.check_password(
            session, user_id=user.id, password=form.loaded["password"], visit=who
        )
        refuse_after_reset(session, user_id=user.id)
    except SignInRefusedError:
        commit_now()
        form.add_error("password", _("This is not your password."))
        return None
    except TooManyFailuresError:
        form.add_error(None, _too_many())
        return None
    except ResetLatelyError:
        form.add_error(None, reset_lately())
        return None
    links.use_link(session, kind=LinkKind.ENROLMENT, secret=secret)
    return begin_enrolling(user)


def names_here() -> Sequence[str]:
    """What everybody knows about the house, and would try first."""
    organisation = current_site().organisation
    return () if organisation is None else (organisation.slug, *organisation.names.values())


def name_is_taken() -> str:
    """Why somebody cannot be called so."""
    return str(_("Somebody here has this name already. Add something that tells the two apart."))


def reset_lately() -> str:
    """Why a second factor cannot begin anew yet."""
    return str(
        _(
            "The password was chosen by a letter within the last day. A second factor can begin"
            " anew when a day has passed."
        )
    )


def weakness_in_words(weakness: Weakness) -> str:
    """What is wrong with a password and what would be better."""
    words: dict[Weakness, str] = {
        Weakness.SHORT: ngettext(
            "Use at least %(num)s character; a few words are good.",
            "Use at least %(num)s characters; a few words are good.",
            SHORTEST,
        ),
        Weakness.LONG: _("This is too long to be typed again."),
        Weakness.COMMON: _(
            "Many people use this password, so it is tried first. Choose another one."
        ),
        Weakness.GUESSABLE: _(
            "This could be guessed soon. Put some words together that do not belong together."
        ),
    }
    return words[weakness]


def _too_many() -> str:
    return str(_("Too many tries from here. Wait a quarter of an hour, then try again."))
