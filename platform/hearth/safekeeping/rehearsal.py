"""Whether people could work again with what was restored: one signs in, and something opens."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import User
from hearth.accounts.services import recognise
from hearth.accounts.sessions import start_session
from hearth.sealing.errors import SealingError
from hearth.sealing.fields import Sealed, sealed_fields
from hearth.sealing.keyring import Keyring
from hearth.sealing.markers import Unreadable, UnreadableRecord, Why
from hearth.sealing.store import key_store
from tenants.context import runtime, tenant_session
from tenants.drilling import LookFailedError, Seen
from tenants.models import TenantModel
from tenants.registry import OrgRef
from tenants.restoring import Restored

# So many rows of each kind are tried: the first ones may be of people who were erased.
TRIED = 20


def look_into(organisation: OrgRef, restored: Restored) -> Seen:
    """Begin a session for somebody in the restored schema, recognise it, and open a sealed field.

    Nothing is kept.

    :raises LookFailedError: the session was not recognised, or a field did not open.
    """
    there = replace(organisation, schema_name=restored.schema, generation=1, state="active")
    with tenant_session(there) as session:
        # The keys know the organisation's own schema alone, and so does whatever they sealed.
        session.info["keyring"] = Keyring(organisation.schema_name, key_store())
        found = Seen(
            sign_in=_recognised(session, host=f"drill.{runtime().settings.base_domain}"),
            sealed=_opened(session),
        )
        session.rollback()
    return found


def _recognised(session: Session, *, host: str) -> str:
    accounts_held = session.scalar(select(func.count()).select_from(User)) or 0
    somebody = session.scalar(select(User.id).where(User.disabled_at.is_(None)).limit(1))
    if somebody is None:
        return f"no account to sign in with ({accounts_held} are held)"
    token = start_session(session, user_id=somebody, host=host)
    if recognise(session, token=token, host=host) is None:
        raise LookFailedError("a session begun in the restored schema was not recognised")
    return f"recognised ({accounts_held} accounts)"


def _opened(session: Session) -> str:
    tried = 0
    for table, field, row in _sealed_rows(session):
        try:
            value = field.__get__(row, type(row))
        except SealingError as error:
            raise LookFailedError(f"a sealed field of {table} did not open: {error}") from None
        tried += 1
        if not isinstance(value, Unreadable | UnreadableRecord):
            return f"one of {table} opened"
        if _why(value) is Why.LOCKED:
            return "not tried, because the organisation holds its key and has locked it"
    return f"{tried} tried, all of people who were erased" if tried else "there are none"


def _sealed_rows(session: Session) -> Iterator[tuple[str, Sealed[Any], object]]:
    for mapper in sorted(TenantModel.registry.mappers, key=lambda one: str(one.local_table)):
        for field in sealed_fields(mapper.class_):
            column = mapper.columns[field.column]
            rows = session.scalars(select(mapper.class_).where(column.is_not(None)).limit(TRIED))
            for row in rows:
                yield str(mapper.local_table), field, row


def _why(value: Unreadable | UnreadableRecord) -> Why:
    return value.why if isinstance(value, Unreadable) else value.text.why
