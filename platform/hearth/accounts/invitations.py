"""Invitations: an account is opened for somebody, who chooses her password herself."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from hearth.accounts import api_tokens, factors, links, sessions
from hearth.accounts.access_models import AccountLink
from hearth.accounts.events import Happened, note
from hearth.accounts.links import LinkKind
from hearth.accounts.mails import post
from hearth.accounts.models import User, directory
from hearth.accounts.passwords import Weakness, hash_password, weakness_of
from hearth.accounts.permissions import Role


class EmailTakenError(Exception):
    """Somebody signs in with this address already."""


class AlreadyAcceptedError(Exception):
    """The person has chosen a password; a forgotten one is asked for by herself."""


class WeakPasswordError(Exception):
    """The password is too easy to guess; ``weakness`` says why."""

    def __init__(self, weakness: Weakness) -> None:
        super().__init__(weakness.value)
        self.weakness = weakness


def invite(
    session: Session,
    *,
    email: str,
    name: str,
    roles: Sequence[Role],
    locale: str,
    invited_by: uuid.UUID | None = None,
) -> AccountLink:
    """Open an account without a password and send its owner a link to choose one.

    :raises EmailTakenError: somebody has an account with this address.
    """
    table = directory(session).user
    address = email.strip().lower()
    if session.scalar(select(table.id).where(table.email == address)) is not None:
        raise EmailTakenError
    user = table(
        email=address,
        name=name,
        password_hash=None,
        roles=[role.value for role in roles],
        locale=locale,
    )
    session.add(user)
    session.flush()
    return _send(session, user.id, invited_by)


def invite_again(session: Session, *, user: User, invited_by: uuid.UUID) -> AccountLink:
    """Send a fresh link; the one from before leads nowhere any more.

    :raises AlreadyAcceptedError: the person has a password.
    """
    if user.password_hash is not None:
        raise AlreadyAcceptedError
    return _send(session, user.id, invited_by)


def accept(session: Session, *, secret: str, password: str, about: Sequence[str]) -> User | None:
    """Choose the first password; None when the link leads nowhere.

    :raises WeakPasswordError: and the link stays good for another try.
    """
    return _choose_password(session, LinkKind.INVITATION, secret, password, about)


def reset(session: Session, *, secret: str, password: str, about: Sequence[str]) -> User | None:
    """Choose a new password by a link; the second factor stays, every session and key ends.

    :raises WeakPasswordError: and the link stays good for another try.
    """
    return _choose_password(session, LinkKind.RESET, secret, password, about)


def ask_for_reset(session: Session, *, email: str) -> None:
    """Send a link to choose a new password; the same work is done when nobody has the address.

    A link that leads nowhere is made for whoever is to begin a second factor with her password.
    """
    table = directory(session).user
    may_follow = and_(table.disabled_at.is_(None), table.password_hash.is_not(None))
    # The id alone: to load an account takes a time that tells that there is one.
    known = session.scalar(
        select(table.id).where(table.email == email.strip().lower(), may_follow, ~_enrols(session))
    )
    link = links.make_link(session, kind=LinkKind.RESET, user_id=known)
    post(session, link)


def send_enrolment(session: Session, *, user_id: uuid.UUID) -> AccountLink:
    """Send the link without which a second factor that was started anew cannot be set up."""
    link = links.make_link(session, kind=LinkKind.ENROLMENT, user_id=user_id)
    post(session, link)
    return link


def start_anew_for(session: Session, *, email: str) -> AccountLink | None:
    """Start the second factor anew from the command line; None when nobody has the address.

    :raises ResetLatelyError: the password came by mail less than a day ago.
    """
    table = directory(session).user
    user_id = session.scalar(select(table.id).where(table.email == email.strip().lower()))
    if user_id is None:
        return None
    factors.start_anew(session, user_id=user_id, actor_id=None)
    return send_enrolment(session, user_id=user_id)


def start_lost_ones_anew(session: Session) -> tuple[int, int]:
    """Start anew every second factor that was lost with the service's key.

    Returns how many letters were sent, and for how many a password from a letter has to wait.
    """
    lost = factors.lost_with_the_key(session)
    waiting = 0
    for user_id in lost:
        try:
            factors.start_anew(session, user_id=user_id, actor_id=None)
        except factors.ResetLatelyError:
            waiting += 1
        else:
            send_enrolment(session, user_id=user_id)
    return len(lost) - waiting, waiting


def _choose_password(
    session: Session, kind: LinkKind, secret: str, password: str, about: Sequence[str]
) -> User | None:
    user = links.owner_of(session, kind=kind, secret=secret)
    if user is None:
        return None
    weakness = weakness_of(password, about=(user.email, user.name, *about))
    if weakness is not None:
        raise WeakPasswordError(weakness)
    user = links.use_link(session, kind=kind, secret=secret)
    # Asked of the locked row: the second factor may have been started anew a moment ago.
    if user is None or (kind is LinkKind.RESET and _is_enrolling(session, user.id)):
        return None
    user.password_hash = hash_password(password)
    sessions.end_all(session, user_id=user.id)
    accepted = kind is LinkKind.INVITATION
    note(session, Happened.INVITATION_ACCEPTED if accepted else Happened.PASSWORD_RESET, user.id)
    # Whoever sat at a desk that was left open may have made one, and it outlives every session.
    api_tokens.revoke_all(session, user_id=user.id)
    session.flush()
    return user


def _is_enrolling(session: Session, user_id: uuid.UUID) -> bool:
    table = directory(session).user
    return bool(session.scalar(select(_enrols(session)).where(table.id == user_id)))


def _enrols(session: Session) -> ColumnElement[bool]:
    """Whether a password and a mailbox are to open an account, so that neither gives the other."""
    tables = directory(session)
    living = exists().where(
        tables.link.user_id == tables.user.id,
        tables.link.kind == LinkKind.ENROLMENT.value,
        tables.link.used_at.is_(None),
        tables.link.expires_at > datetime.now(UTC),
    )
    return or_(tables.user.enrols_by_mail, living)


def _send(session: Session, user_id: uuid.UUID, invited_by: uuid.UUID | None) -> AccountLink:
    link = links.make_link(session, kind=LinkKind.INVITATION, user_id=user_id)
    note(session, Happened.INVITED, user_id, actor_id=invited_by)
    post(session, link)
    return link


def waiting_invitations(session: Session) -> dict[uuid.UUID, datetime]:
    """Until when whose invitation can be accepted."""
    table = directory(session).link
    rows = session.execute(
        select(table.user_id, table.expires_at).where(
            table.kind == LinkKind.INVITATION.value,
            table.used_at.is_(None),
            table.expires_at > datetime.now(UTC),
        )
    )
    return {row.user_id: row.expires_at for row in rows if row.user_id is not None}
