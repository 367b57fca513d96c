"""Whether people could work again with what was restored: somebody signs in and is recognised."""

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.accounts import services as accounts
from hearth.accounts.models import User
from tenants.context import runtime, tenant_session
from tenants.drilling import LookFailedError
from tenants.registry import OrgRef
from tenants.restoring import Restored


def check_sign_in(organisation: OrgRef, restored: Restored) -> str:
    """Begin a session for somebody in the restored schema and recognise it; nothing is kept.

    :raises LookFailedError: the session was not recognised.
    """
    there = replace(organisation, schema_name=restored.schema, generation=1, state="active")
    with tenant_session(there) as session:
        found = _recognised(session, host=f"drill.{runtime().settings.base_domain}")
        session.rollback()
    return found


def _recognised(session: Session, *, host: str) -> str:
    accounts_held = session.scalar(select(func.count()).select_from(User)) or 0
    somebody = session.scalar(select(User.id).where(User.disabled_at.is_(None)).limit(1))
    if somebody is None:
        return f"no account to sign in with ({accounts_held} are held)"
    token = accounts.start_session(session, user_id=somebody, host=host)
    if accounts.recognise(session, token=token, host=host) is None:
        raise LookFailedError("a session begun in the restored schema was not recognised")
    return f"recognised ({accounts_held} accounts)"
