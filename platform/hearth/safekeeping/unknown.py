"""Closes the accounts of which no present row can say whether they are still open."""

from sqlalchemy import ColumnElement, String, any_, cast, func, literal, not_, or_, select, update

from hearth.accounts.access_models import ApiToken
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import OwnRole
from hearth.safekeeping.ending import count
from hearth.safekeeping.presence import USERS, Present
from tenants.roles import OrganisationError

CLOSED = "accounts closed of which the present rows know nothing"
REVOKED = "keys for programs revoked with them"


def close_unknown(present: Present, administrator: str | None) -> dict[str, int]:
    """Close every account that the present rows do not know, but the one that was named."""
    known = select(present.of(USERS).c.id)
    return _close(present, User.id.not_in(known), administrator)


def close_all(present: Present, administrator: str | None) -> dict[str, int]:
    """Close every account but one administrator's, because no present row can say anything.

    :raises OrganisationError: the one who was named is no administrator with an open account.
    """
    administers = or_(
        literal(Role.ADMINISTRATOR.value) == any_(User.roles),
        select(OwnRole.id)
        .where(OwnRole.base == Role.ADMINISTRATOR.value)
        .where(cast(OwnRole.id, String) == any_(User.roles))
        .exists(),
    )
    named = select(User.id).where(_is(administrator), administers, User.disabled_at.is_(None))
    if administrator is not None and present.session.scalar(named) is None:
        raise OrganisationError(
            "the backup knows no administrator with an open account by the address you named"
        )
    return _close(present, literal(True), administrator)


def _close(
    present: Present, which: ColumnElement[bool], administrator: str | None
) -> dict[str, int]:
    closing = [which, not_(_is(administrator))]
    keys = update(ApiToken).where(ApiToken.revoked_at.is_(None))
    of_theirs = keys.where(ApiToken.user_id.in_(select(User.id).where(*closing)))
    accounts = update(User).where(*closing, User.disabled_at.is_(None))
    return {
        REVOKED: count(present, of_theirs.values(revoked_at=func.now())),
        CLOSED: count(present, accounts.values(disabled_at=func.now())),
    }


def _is(administrator: str | None) -> ColumnElement[bool]:
    return User.email == (administrator or "").lower()
