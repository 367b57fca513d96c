"""Sample sign-ins for every role, on every organisation's site and on the federation's."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hearth.accounts import totp
from hearth.accounts.models import FederationUser, User, directory
from hearth.accounts.passwords import hash_password
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.demo.sample_words import SECOND_WORKER, STAFF
from tenants.context import runtime
from tenants.models import new_id

# Printed on the terminal of whoever starts the demo: it opens made-up data on their own machine.
PASSWORD: Final = "lamp in the window"  # noqa: S105
# What everybody's app is set up with; the mail catcher shows its code of the moment.
APP_SECRET: Final = "LAMPINTHEWINDOW7LAMPINTHEWINDOW7"  # noqa: S105
FEDERATION: Final = "federation"
_FEDERATION_STAFF: Final = (("lena", "Lena Example"), ("tomas", "Tomas Example"))


@dataclass(frozen=True)
class SignIn:
    """One sample account."""

    site: str
    role: Role
    email: str
    name: str


def sign_ins(site: str) -> list[SignIn]:
    """The sample accounts of a site, in the order of the roles."""
    if site == FEDERATION:
        people = [(Role.FEDERATION_STAFF, *person) for person in _FEDERATION_STAFF]
    else:
        roles = [role for role in Role if role not in FEDERATION_ROLES]
        people = [(role, *STAFF[role.value]) for role in roles]
        people.insert(1, (Role.SOCIAL_WORKER, *SECOND_WORKER))
    return [
        SignIn(site, role, f"{given}.{role}@{site}.example.org", name)
        for role, given, name in people
    ]


def write_staff(session: Session, site: str, locale: str) -> Mapping[str, Sequence[uuid.UUID]]:
    """Write a site's sample accounts; returns the ids by role."""
    model = FederationUser if site == FEDERATION else User
    accounts = sign_ins(site)
    # One hash for all of them: making it is slow on purpose.
    hashed = hash_password(PASSWORD)
    rows = [
        {
            "id": new_id(),
            "email": account.email,
            "name": account.name,
            "password_hash": hashed,
            "locale": locale,
            "roles": [account.role.value],
            "second_factor_at": datetime.now(UTC),
        }
        for account in accounts
    ]
    session.execute(insert(model), rows)
    _set_up_apps(session, [uuid.UUID(str(row["id"])) for row in rows])
    by_role: dict[str, list[uuid.UUID]] = {}
    for account, row in zip(accounts, rows, strict=True):
        by_role.setdefault(account.role.value, []).append(uuid.UUID(str(row["id"])))
    return by_role


def _set_up_apps(session: Session, user_ids: Sequence[uuid.UUID]) -> None:
    key = runtime().settings.secret_key
    session.execute(
        insert(directory(session).app),
        [
            {
                "user_id": user_id,
                "secret_sealed": totp.seal(APP_SECRET, secret_key=key, user_id=user_id),
            }
            for user_id in user_ids
        ],
    )


def has_staff(session: Session, site: str) -> bool:
    """Say whether a site's sample accounts were written before."""
    model = FederationUser if site == FEDERATION else User
    first = sign_ins(site)[0].email
    return session.scalar(select(model.id).where(model.email == first)) is not None
