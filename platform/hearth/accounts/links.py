"""Links in mails: single-use, good for a while, and kept as a hash alone.

A link's secret is derived from its id and the service's key, so the worker that writes the mail
can name it although the database cannot; who reads the database alone cannot follow a link.
"""

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hearth.accounts.access_models import AccountLink
from hearth.accounts.models import User, directory
from hearth.accounts.sessions import token_hash
from tenants.context import runtime
from tenants.models import SharedModel, new_id
from tenants.passwords import derive


class LinkKind(StrEnum):
    """What a link lets somebody do."""

    INVITATION = "invitation"
    RESET = "reset"
    ENROLMENT = "enrolment"


LIFETIME = {
    LinkKind.INVITATION: timedelta(hours=72),
    LinkKind.RESET: timedelta(minutes=30),
    LinkKind.ENROLMENT: timedelta(hours=72),
}


def make_link(session: Session, *, kind: LinkKind, user_id: uuid.UUID | None) -> AccountLink:
    """Make a link; those of the same kind that the person had before are worth nothing now.

    A reset is asked for by anybody who writes an address into a form: it ends nothing of hers, and
    touches nothing that earlier ones left behind, which for nobody's addresses may be very much.
    """
    table = directory(session).link
    now = datetime.now(UTC)
    if kind is not LinkKind.RESET and user_id is not None:
        _end_waiting(session, kind, user_id)
    link_id = new_id()
    link = table(
        id=link_id,
        kind=kind.value,
        user_id=user_id,
        token_hash=token_hash(secret_of(session, kind=kind, link_id=link_id)),
        expires_at=now + LIFETIME[kind],
    )
    session.add(link)
    session.flush()
    return link


def secret_of(session: Session, *, kind: LinkKind, link_id: uuid.UUID) -> str:
    """The secret that stands in the mail, good in one house and for one purpose alone."""
    key = derive(runtime().settings.secret_key, "account-links")
    house = session.info["organisation"]
    message = f"{house.schema_name if house else SharedModel.metadata.schema}|{kind}|{link_id}"
    mac = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def owner_of(session: Session, *, kind: LinkKind, secret: str) -> User | None:
    """Who may follow a link now; nobody once it was used, has expired or was never made."""
    return _owner(session, kind, secret, lock=False)


def use_link(session: Session, *, kind: LinkKind, secret: str) -> User | None:
    """Use a link up and return whose it was; of two tries at the same moment one succeeds.

    What else waits for her for the same purpose is worth nothing from now on.
    """
    user = _owner(session, kind, secret, lock=True)
    if user is not None:
        table = directory(session).link
        session.execute(
            update(table)
            .where(table.token_hash == token_hash(secret))
            .values(used_at=datetime.now(UTC))
        )
        _end_waiting(session, kind, user.id)
    return user


def is_waiting(link: AccountLink) -> bool:
    """Whether a link can still be followed."""
    return link.used_at is None and link.expires_at > datetime.now(UTC)


def _end_waiting(session: Session, kind: LinkKind, user_id: uuid.UUID) -> None:
    table = directory(session).link
    session.execute(
        update(table)
        .where(table.user_id == user_id, table.kind == kind.value, table.used_at.is_(None))
        .values(expires_at=func.least(table.expires_at, datetime.now(UTC)))
    )


def _owner(session: Session, kind: LinkKind, secret: str, *, lock: bool) -> User | None:
    tables = directory(session)
    wanted = (
        select(tables.user)
        .join(tables.link, tables.link.user_id == tables.user.id)
        .where(
            tables.link.token_hash == token_hash(secret),
            tables.link.kind == kind.value,
            tables.link.used_at.is_(None),
            tables.link.expires_at > datetime.now(UTC),
            tables.user.disabled_at.is_(None),
        )
    )
    return session.scalar(wanted.with_for_update() if lock else wanted)
