"""Signing in, and recognising a session; what belongs to it stands in the modules beside this."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, partial
from typing import Any

from sqlalchemy import DateTime, Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from hearth.accounts import approving, devices, factors, limits, passwords
from hearth.accounts.api_tokens import TokenUse
from hearth.accounts.events import Happened, note, was_reset
from hearth.accounts.factors import WrongCodeError
from hearth.accounts.mails import RECOVERY_USED, notify
from hearth.accounts.models import Directory, User, directory
from hearth.accounts.permissions import ROLE_LABELS, Permission, Role, needs_second_factor
from hearth.accounts.policy import Facet, Scope, reach
from hearth.accounts.redaction import Sees
from hearth.accounts.sessions import (
    FRESH,
    TOUCH_EVERY,
    Assurance,
    is_live,
    raise_assurance,
    start_session,
    token_hash,
)
from hearth.accounts.standing import place_columns, place_of
from hearth.clock import clock_of
from hearth.data_classes import FieldClass
from hearth.trail import record
from tenants.context import takes_changes

# Who uses a computer of the house, where the next person sits down at any moment.
ON_SHARED_COMPUTERS = Role.HOUSE_STAFF
KEPT = timedelta(days=30)
USES_KEPT = timedelta(days=90)


class SignInRefusedError(Exception):
    """The address and password do not belong together, or the account is closed."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Who is asking, detached from the database."""

    id: uuid.UUID
    name: str
    locale: str
    roles: tuple[Role, ...]
    permissions: frozenset[Permission]
    assurance: Assurance
    confirmed_at: datetime
    has_second_factor: bool
    may_enrol: bool = False
    is_waiting: bool = False
    session_id: uuid.UUID | None = None
    titles: tuple[str, ...] = ()
    scopes: Mapping[Permission, frozenset[Scope]] = field(default_factory=dict)
    fields: Mapping[Permission, frozenset[FieldClass]] = field(default_factory=dict)
    facets: Mapping[Permission, tuple[Facet, ...]] = field(default_factory=dict)
    grants: frozenset[Role] = frozenset()
    teams: frozenset[uuid.UUID] = frozenset()
    houses: frozenset[uuid.UUID] = frozenset()
    clock: tzinfo = UTC

    @property
    def today(self) -> date:
        """The day it is where this person works."""
        return datetime.now(self.clock).date()

    @property
    def role_labels(self) -> list[str]:
        """What this person is here, in the page's language."""
        usual = {role.value: role for role in Role}
        return [str(ROLE_LABELS[usual[t]]) if t in usual else t for t in self.titles]

    def may(self, permission: Permission) -> bool:
        """Whether one of this person's roles holds the permission."""
        return permission in self.permissions

    def scopes_of(self, permission: Permission) -> frozenset[Scope]:
        """On which families the permission counts; several roles may each have their own."""
        return self.scopes.get(permission, frozenset())

    def leads(self, permission: Permission) -> bool:
        """Whether the permission counts through a role that leads a team itself."""
        return any(facet.leads for facet in self.facets.get(permission, ()))

    def scope_of(self, permission: Permission) -> Scope | None:
        """How far the permission reaches, or None for whoever does not hold it."""
        return reach(self.scopes_of(permission))

    def sees(self, field_class: FieldClass, permission: Permission | None = None) -> bool:
        """Whether a kind of data is read, through one permission or through any."""
        through = self.fields if permission is None else (permission,)
        return any(field_class in self.fields.get(one, frozenset()) for one in through)

    def has_facets(self, permission: Permission | None = None) -> bool:
        """Whether it depends on the family which kinds of data are read."""
        asked = self.facets if permission is None else (permission,)
        return any(len(self.facets.get(one, ())) > 1 for one in asked)

    def reading(self, field_class: FieldClass, permission: Permission) -> "SignedIn":
        """The same person, with this permission only as far as she reads a kind of data by it."""
        facets = tuple(one for one in self.facets.get(permission, ()) if field_class in one.fields)
        scopes = frozenset[Scope]().union(*(one.scopes for one in facets))
        return replace(
            self,
            scopes={**self.scopes, permission: scopes},
            facets={**self.facets, permission: facets},
        )

    def eyes(self, permission: Permission) -> Sees:
        """What is read through one permission, for the views that give out no more than that."""
        return partial(self.sees, permission=permission)

    @property
    def needs_second_factor(self) -> bool:
        """Whether one of this person's roles can read about a family, or will once it counts."""
        return self.is_waiting or needs_second_factor(self.permissions)

    @property
    def is_half_in(self) -> bool:
        """Whether a second factor has still to be shown, or set up."""
        return self.assurance is Assurance.PASSWORD and (
            self.has_second_factor or self.needs_second_factor
        )

    @property
    def is_fresh(self) -> bool:
        """Whether this person has proved within the last minutes who she is."""
        return datetime.now(UTC) - self.confirmed_at < FRESH


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What is known about whoever tries to sign in, beside what she types."""

    host: str
    address: str
    pepper: bytes
    device: str = ""
    known_token: str | None = None


def sign_in(
    session: Session, *, email: str, password: str, shared: bool | None, visit: Visit
) -> str:
    """Check a password and start a session; returns the token for the cookie.

    ``shared`` says whether others use the computer too; unsaid, the role decides.

    :raises TooManyFailuresError: too many tries for this account from this address, or in all.
    :raises SignInRefusedError: and the failure is added to the session for the caller to commit.
    """
    tables = directory(session)
    account = email.strip().lower()
    limits.refuse_guessing(session, account=account, address=visit.address, pepper=visit.pepper)
    user = session.scalar(select(tables.user).where(tables.user.email == account))
    known = user is not None and user.disabled_at is None
    # One verification, whoever was named and whether or not anybody has that name.
    right = passwords.verified(user.password_hash if user and known else None, password)
    if not right or user is None or user.password_hash is None:
        limits.count_failure(session, account=account, address=visit.address, pepper=visit.pepper)
        if user is not None:
            note(session, Happened.SIGN_IN_FAILED, user.id, device=visit.device)
        else:
            failed = f"account.{Happened.SIGN_IN_FAILED.value}"
            record(session, action=failed, subject_type="account", subject_id=None)
        raise SignInRefusedError
    if passwords.HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    if user.second_factor_at is None:
        note(session, Happened.SIGNED_IN, user.id, device=visit.device)
    return begin(session, user=user, visit=visit, shared=shared)


def begin(
    session: Session,
    *,
    user: User,
    visit: Visit,
    shared: bool | None = None,
    assurance: Assurance = Assurance.PASSWORD,
    may_enrol: bool = False,
) -> str:
    """Start a session for somebody who has proved who she is; returns the cookie's token."""
    approving.let_a_day_count(session, user)
    if shared is None:
        shared = ON_SHARED_COMPUTERS in _roles_of(session, user)
    return start_session(
        session,
        user_id=user.id,
        host=visit.host,
        assurance=assurance,
        may_enrol=may_enrol,
        shared_computer=shared,
        device=visit.device,
    )


def _roles_of(session: Session, user: User) -> tuple[Role, ...]:
    """What somebody is here, with what roles of the organisation's own derive from."""
    tables = directory(session)
    row = session.execute(
        select(tables.user.id, *place_columns(tables)).where(tables.user.id == user.id)
    ).one()
    return place_of(user.roles, row).standing.roles


def show_second_factor(
    session: Session, *, user_id: uuid.UUID, code: str, token: str, visit: Visit
) -> str:
    """Check a code of the app or a recovery code; returns the session's new token.

    :raises TooManyFailuresError: too many wrong codes.
    :raises WrongCodeError: and the failure is added to the session for the caller to commit.
    """
    check_code(session, user_id=user_id, code=code, visit=visit)
    note(session, Happened.SIGNED_IN, user_id, device=visit.device)
    return raise_assurance(session, token=token)


def check_code(session: Session, *, user_id: uuid.UUID, code: str, visit: Visit) -> None:
    """Check a code within the limits on guessing.

    :raises TooManyFailuresError: too many wrong codes.
    :raises WrongCodeError: and the failure is added to the session for the caller to commit.
    """
    account = f"second factor of {user_id}"
    at_home = devices.is_known(session, user_id=user_id, token=visit.known_token)
    limits.refuse_guessing(
        session,
        account=account,
        address=visit.address,
        pepper=visit.pepper,
        per_account=None if at_home else limits.CODES_PER_ACCOUNT,
    )
    try:
        by_recovery = factors.check_code(session, user_id=user_id, code=code)
    except WrongCodeError:
        limits.count_failure(session, account=account, address=visit.address, pepper=visit.pepper)
        note(session, Happened.CODE_REFUSED, user_id, device=visit.device)
        raise
    if by_recovery:
        notify(session, RECOVERY_USED, user_id=user_id)


def check_password(session: Session, *, user_id: uuid.UUID, password: str, visit: Visit) -> None:
    """Check the password of somebody who is signed in.

    :raises TooManyFailuresError: too many wrong ones.
    :raises SignInRefusedError: and the failure is added to the session for the caller to commit.
    """
    user = session.get_one(directory(session).user, user_id)
    guard = {"account": user.email, "address": visit.address, "pepper": visit.pepper}
    limits.refuse_guessing(session, **guard)  # type: ignore[arg-type]
    if not passwords.verified(user.password_hash, password):
        limits.count_failure(session, **guard)  # type: ignore[arg-type]
        note(session, Happened.SIGN_IN_FAILED, user.id, device=visit.device)
        raise SignInRefusedError


def recognise(session: Session, *, token: str, host: str) -> SignedIn | None:
    """Whose live session on this host a token is, in one query."""
    tables, now = directory(session), datetime.now(UTC)
    asked = {"token_hash": token_hash(token), "host": host, "now": now}
    row = session.execute(_whose_session(tables), asked).first()
    if row is None:
        return None
    user, session_id, seen_at, assurance, confirmed_at, may_enrol, by_letter = row[:7]
    if now - seen_at > TOUCH_EVERY and takes_changes(session):
        own = tables.session
        session.execute(update(own).where(own.id == session_id).values(seen_at=now))
    place = place_of(user.roles, row)
    return SignedIn(
        id=user.id,
        name=user.name,
        locale=user.locale,
        roles=place.standing.roles,
        permissions=frozenset(place.standing.scopes),
        assurance=Assurance(assurance),
        confirmed_at=confirmed_at,
        has_second_factor=user.second_factor_at is not None,
        # A password that a mailbox gave is no proof that its owner is here.
        may_enrol=may_enrol or not (user.second_factor_at or user.enrols_by_mail or by_letter),
        session_id=session_id,
        is_waiting=place.is_waiting,
        titles=place.titles,
        scopes=place.standing.scopes,
        fields=place.standing.fields,
        facets=place.standing.facets,
        grants=place.standing.grants,
        teams=place.teams,
        houses=place.houses,
        clock=clock_of(session),
    )


@cache
def _whose_session(tables: Directory) -> Select[Any]:
    """The question behind every signed-in request, written once for all of them."""
    own = tables.session
    columns = (own.id, own.seen_at, own.assurance, own.confirmed_at, own.may_enrol)
    return (
        select(tables.user, *columns, was_reset(tables), *place_columns(tables))
        .join(own, own.user_id == tables.user.id)
        .where(
            own.token_hash == bindparam("token_hash"),
            own.host == bindparam("host"),
            *is_live(own, bindparam("now", type_=DateTime(timezone=True))),
            tables.user.disabled_at.is_(None),
        )
    )


def by_token(session: Session, use: TokenUse) -> SignedIn | None:
    """Who asks through a program: its owner, with no more than she and the key may both do.

    None for an owner who may no longer use programs at all.
    """
    tables = directory(session)
    user = use.user
    row = session.execute(
        select(tables.user, *place_columns(tables)).where(tables.user.id == user.id)
    ).one()
    place = place_of(user.roles, row)
    if Permission.TOKENS_USE not in place.standing.scopes:
        return None
    allowed = place.standing.scopes.keys() & use.scopes
    return SignedIn(
        id=user.id,
        name=user.name,
        locale=user.locale,
        roles=place.standing.roles,
        permissions=frozenset(allowed),
        # Keys are made after the second factor and a fresh proof, and by nothing less.
        assurance=Assurance.SECOND_FACTOR,
        confirmed_at=datetime.min.replace(tzinfo=UTC),
        has_second_factor=user.second_factor_at is not None,
        titles=place.titles,
        scopes={one: place.standing.scopes[one] for one in allowed},
        fields={k: v for k, v in place.standing.fields.items() if k in allowed},
        facets={k: v for k, v in place.standing.facets.items() if k in allowed},
        teams=place.teams,
        houses=place.houses,
        clock=clock_of(session),
    )


def told_apart(session: Session, user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Members of staff by name and address, for records that must never accuse somebody else."""
    table = directory(session).user
    users = session.scalars(select(table).where(table.id.in_(user_ids)))
    return {user.id: user.told_apart for user in users}


def names_of(session: Session, user_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of members of staff, for pages that say who did something."""
    tables = directory(session)
    rows = session.execute(
        select(tables.user.id, tables.user.name).where(tables.user.id.in_(user_ids))
    )
    return {row.id: row.name for row in rows}


def tidy(session: Session) -> None:
    """Remove failures, ended sessions and form keys that have served their time."""
    tables = directory(session)
    now = datetime.now(UTC)
    limits.forget_failures(session)
    devices.tidy_devices(session)
    session.execute(delete(tables.session).where(tables.session.started_at < now - KEPT))
    session.execute(delete(tables.submission).where(tables.submission.submitted_at < now - KEPT))
    session.execute(delete(tables.link).where(tables.link.expires_at < now - KEPT))
    session.execute(
        delete(tables.api_token_use).where(tables.api_token_use.used_at < now - USES_KEPT)
    )
