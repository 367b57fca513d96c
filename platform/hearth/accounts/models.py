"""Users, sessions, failed tries and used form keys – in each organisation, and in ``shared``."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, func
from sqlalchemy.orm import Mapped, Session, mapped_column

from hearth.accounts import access_models as access
from hearth.accounts import factor_models as factors
from hearth.closings import Ended, Fewer, Newest, NotADoor, Over, Waits
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from tenants.models import SharedModel, TenantModel, new_id


def told_apart(name: str, email: str) -> str:
    """A name that may be changed, with the address that is one person's and stays."""
    return f"{name} ({email})"


class UserColumns:
    """One member of staff; ``roles`` holds values of ``permissions.Role``.

    Nobody but the person chooses the password, so an invited one has none yet. With
    ``enrols_by_mail`` a new second factor needs a link from the mailbox, beside the password.
    """

    __record__ = DataRecord(
        group=DataGroup.STAFF,
        purpose=Purpose.STAFF,
        basis=Basis.CONTRACT,
        classes={
            "email": FieldClass.STAFF,
            "name": FieldClass.STAFF,
            "password_hash": FieldClass.TECHNICAL,
            "locale": FieldClass.TECHNICAL,
            "roles": FieldClass.STAFF,
            "enrols_by_mail": FieldClass.TECHNICAL,
        },
        subject=(SubjectPath(SubjectKind.STAFF, "id"),),
    )

    @property
    def told_apart(self) -> str:
        """The name with what nobody else can have, for records of who did something."""
        return told_apart(self.name, self.email)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(Text())
    second_factor_at: Mapped[datetime | None]
    enrols_by_mail: Mapped[bool] = mapped_column(server_default="false")
    locale: Mapped[str] = mapped_column(String(5))
    roles: Mapped[list[str]]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SessionColumns:
    """One sign-in: the token itself is only in the visitor's cookie, its SHA-256 is here.

    ``id`` names it on pages; it opens nothing. ``confirmed_at`` is when the person last proved who
    she is.
    """

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={
            "token_hash": FieldClass.TECHNICAL,
            "host": FieldClass.TECHNICAL,
            "assurance": FieldClass.TECHNICAL,
            "may_enrol": FieldClass.TECHNICAL,
            "shared_computer": FieldClass.STAFF,
            "device": FieldClass.STAFF,
        },
        subject=(SubjectPath(SubjectKind.STAFF, "user_id"),),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=new_id)
    assurance: Mapped[str] = mapped_column(String(20), server_default="password")
    confirmed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    may_enrol: Mapped[bool] = mapped_column(server_default="false")
    shared_computer: Mapped[bool] = mapped_column(server_default="false")
    device: Mapped[str] = mapped_column(String(60), server_default="")
    host: Mapped[str] = mapped_column(String(255))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class FailureColumns:
    """One failed sign-in; account and address are keyed hashes."""

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={
            "account_hash": FieldClass.TECHNICAL,
            "address_hash": FieldClass.TECHNICAL,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_hash: Mapped[bytes] = mapped_column(LargeBinary())
    address_hash: Mapped[bytes] = mapped_column(LargeBinary())
    failed_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class SubmissionColumns:
    """A form's one-time key and where its answer led."""

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={
            "location": FieldClass.TECHNICAL,
        },
    )

    key: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    location: Mapped[str | None] = mapped_column(Text())
    submitted_at: Mapped[datetime] = mapped_column(server_default=func.now())


class User(UserColumns, TenantModel):
    """A member of an organisation's staff.

    With ``waits_since`` her roles count only once somebody has approved the account; without
    anybody who could, ``approved_by`` stays empty and a day has passed.
    """

    __tablename__ = "users"
    __closes__ = (
        Ended(kind="accounts closed", columns=("disabled_at",)),
        Newest(
            kind="passwords and second factors as they are today",
            columns=("password_hash", "second_factor_at", "enrols_by_mail"),
        ),
        Fewer(kind="accounts from which roles were taken", column="roles"),
        Waits(
            kind="accounts that wait for a second person",
            since="waits_since",
            until=("approved_at", "approved_by"),
        ),
    )
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    waits_since: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    @property
    def is_waiting(self) -> bool:
        """Whether a second person has still to say that the account is a colleague's."""
        return self.waits_since is not None and self.approved_at is None


class UserSession(SessionColumns, TenantModel):
    """A sign-in on an organisation's host."""

    __tablename__ = "user_sessions"
    __closes__ = (
        Over(kind="sessions ended", ends="ended_at"),
        NotADoor(
            columns=("may_enrol", "shared_computer"), because="every session has ended by then"
        ),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), index=True)


class SignInFailure(FailureColumns, TenantModel):
    """A failed sign-in on an organisation's host."""

    __tablename__ = "sign_in_failures"


class FormSubmission(SubmissionColumns, TenantModel):
    """A form answered on an organisation's host."""

    __tablename__ = "form_submissions"


class FederationUser(UserColumns, SharedModel):
    """A member of the federation's staff."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)


class FederationSession(SessionColumns, SharedModel):
    """A sign-in on the federation's host."""

    __tablename__ = "user_sessions"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shared.users.id"), index=True)


class FederationSignInFailure(FailureColumns, SharedModel):
    """A failed sign-in on the federation's host."""

    __tablename__ = "sign_in_failures"


class FederationFormSubmission(SubmissionColumns, SharedModel):
    """A form answered on the federation's host."""

    __tablename__ = "form_submissions"


@dataclass(frozen=True)
class Directory:
    """The tables that belong to the kind of site a session is open on."""

    user: type[User]
    session: type[UserSession]
    failure: type[SignInFailure]
    submission: type[FormSubmission]
    app: type[factors.AuthenticatorApp]
    passkey: type[factors.Passkey]
    recovery_code: type[factors.RecoveryCode]
    link: type[access.AccountLink]
    api_token: type[access.ApiToken]
    api_token_use: type[access.ApiTokenUse]
    event: type[access.AccountEvent]
    known_device: type[access.KnownDevice]


ORGANISATION = Directory(
    User,
    UserSession,
    SignInFailure,
    FormSubmission,
    factors.AuthenticatorApp,
    factors.Passkey,
    factors.RecoveryCode,
    access.AccountLink,
    access.ApiToken,
    access.ApiTokenUse,
    access.AccountEvent,
    access.KnownDevice,
)
# The federation's classes have the same columns by the same mixins, which no type can say.
FEDERATION = Directory(
    cast("type[User]", FederationUser),
    cast("type[UserSession]", FederationSession),
    cast("type[SignInFailure]", FederationSignInFailure),
    cast("type[FormSubmission]", FederationFormSubmission),
    cast("type[factors.AuthenticatorApp]", factors.FederationAuthenticatorApp),
    cast("type[factors.Passkey]", factors.FederationPasskey),
    cast("type[factors.RecoveryCode]", factors.FederationRecoveryCode),
    cast("type[access.AccountLink]", access.FederationAccountLink),
    cast("type[access.ApiToken]", access.FederationApiToken),
    cast("type[access.ApiTokenUse]", access.FederationApiTokenUse),
    cast("type[access.AccountEvent]", access.FederationAccountEvent),
    cast("type[access.KnownDevice]", access.FederationKnownDevice),
)


def directory(session: Session) -> Directory:
    """The accounts of whoever's session this is."""
    return FEDERATION if session.info["organisation"] is None else ORGANISATION
