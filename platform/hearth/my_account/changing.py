"""Changes one's own name, language and password; what is refused is told in the form."""

import uuid

from flask_babel import gettext as _

from hearth.accounts import services as accounts
from hearth.accounts.arriving import visit
from hearth.accounts.entering import name_is_taken, names_here, weakness_in_words
from hearth.accounts.invitations import WeakPasswordError
from hearth.accounts.limits import TooManyFailuresError
from hearth.accounts.names import NameTakenError
from hearth.accounts.services import SignedIn, SignInRefusedError
from hearth.my_account import services
from hearth.web.forms import Form
from hearth.web.request import commit_now, session


def details_changed(form: Form, user_id: uuid.UUID) -> bool:
    """Whether name and language were changed; a taken name is told in the form."""
    try:
        services.change_details(session, user_id, **form.loaded)
    except NameTakenError:
        form.add_error("name", name_is_taken())
    return not form.errors


def password_changed(form: Form, user: SignedIn) -> bool:
    """Whether the new password is set; what is wrong with it is told in the form."""
    try:
        accounts.check_password(
            session, user_id=user.id, password=form.loaded["old_password"], visit=visit()
        )
        services.change_password(
            session,
            user.id,
            new=form.loaded["new_password"],
            about=names_here(),
            but=user.session_id,
            end_keys=form.loaded.get("end_keys", False),
        )
    except SignInRefusedError:
        commit_now()
        form.add_error("old_password", _("This is not your password."))
    except TooManyFailuresError:
        form.add_error(None, _("Too many tries. Wait a quarter of an hour, then try again."))
    except WeakPasswordError as refusal:
        form.add_error("new_password", weakness_in_words(refusal.weakness))
    return not form.errors
