"""Unlocking and locking, between the forms and the services: counted, recorded, told kindly."""

from flask_babel import gettext as _

from hearth.accounts import limits
from hearth.accounts.arriving import visit
from hearth.accounts.limits import TooManyFailuresError
from hearth.keys import services
from hearth.sealing.errors import KeysLockedError, NotHeldError, WrongPassphraseError
from hearth.trail import record
from hearth.web.forms import Form
from hearth.web.request import commit_now, organisation, session


def unlock(form: Form) -> bool:
    """Whether the passphrase unlocked the organisation's key."""
    try:
        _unlock(form.loaded["passphrase"])
    except WrongPassphraseError:
        _keep("key.passphrase-refused")
        form.add_error("passphrase", _("This is not the passphrase. Nothing was unlocked."))
    except TooManyFailuresError:
        _keep("key.guessing-refused")
        form.add_error(
            None, _("Too many tries from here. Wait a quarter of an hour, then try again.")
        )
    except KeysLockedError:
        form.add_error(None, _("The key cannot be unlocked at the moment. Try again later."))
    else:
        _record("key.unlocked")
        return True
    return False


def lock(form: Form) -> bool:
    """Whether the organisation's key was locked."""
    try:
        services.lock(organisation().schema_name)
    except NotHeldError:
        form.add_error(None, _("Your organisation does not keep this key: nothing was locked."))
    except KeysLockedError:
        form.add_error(None, _("The key cannot be locked at the moment. Try again later."))
    else:
        _record("key.locked")
        return True
    return False


def _unlock(passphrase: str) -> None:
    schema, who = organisation().schema_name, visit()
    guard = {"account": f"key of {schema}", "address": who.address, "pepper": who.pepper}
    # From however many desks: the passphrase of a house is worth more than anybody's password.
    limits.refuse_guessing(session, **guard, per_account=limits.CODES_PER_ACCOUNT)  # type: ignore[arg-type]
    try:
        services.unlock(schema, passphrase)
    except WrongPassphraseError:
        limits.count_failure(session, **guard)  # type: ignore[arg-type]
        raise


def _record(action: str) -> None:
    record(session, action=action, subject_type="key", subject_id=None)


def _keep(action: str) -> None:
    # The refusal undoes all other work; that it happened is kept.
    _record(action)
    commit_now()
