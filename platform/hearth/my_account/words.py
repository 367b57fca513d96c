"""What happened with an account, and what a program may read, in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.accounts.events import Happened
from hearth.accounts.permissions import Permission

EVENTS: dict[str, LazyString] = {
    Happened.INVITED: _l("You were invited"),
    Happened.INVITATION_ACCEPTED: _l("You chose your password"),
    Happened.SIGNED_IN: _l("Signed in"),
    Happened.SIGN_IN_FAILED: _l("A wrong password was typed"),
    Happened.CODE_REFUSED: _l("A wrong code was typed"),
    Happened.SIGNED_OUT: _l("Signed out"),
    Happened.RECOVERY_CODE_USED: _l("A recovery code was used"),
    Happened.CONFIRMED: _l("You confirmed that it was you"),
    Happened.PASSWORD_CHANGED: _l("The password was changed"),
    Happened.PASSWORD_RESET: _l("A new password was set by a link in a mail"),
    Happened.APP_ADDED: _l("An app with codes was added"),
    Happened.APP_REMOVED: _l("The app with codes was removed"),
    Happened.PASSKEY_ADDED: _l("A passkey was added"),
    Happened.PASSKEY_REMOVED: _l("A passkey was removed"),
    Happened.RECOVERY_CODES_MADE: _l("Recovery codes were made"),
    Happened.SECOND_FACTOR_STARTED_ANEW: _l("An administrator started the second factor anew"),
    Happened.SESSION_ENDED: _l("A session was ended"),
    Happened.SESSIONS_ENDED: _l("All other sessions were ended"),
    Happened.TOKEN_MADE: _l("A key for a program was made"),
    Happened.TOKEN_REVOKED: _l("A key for a program was withdrawn"),
    Happened.ROLES_CHANGED: _l("Your roles were changed"),
    Happened.CLOSED: _l("The account was closed"),
    Happened.OPENED: _l("The account was opened again"),
    Happened.APPROVED: _l("The account was confirmed, and its roles count"),
}
SCOPES: dict[Permission, LazyString] = {
    Permission.NUMBERS_READ: _l("Our own figures"),
    Permission.FEDERATION_NUMBERS: _l("The protected figures of all regions"),
}
