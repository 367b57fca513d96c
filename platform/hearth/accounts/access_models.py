"""Ways into an account beside the password, and what happened with it: links, tokens, events."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from hearth.accounts.factor_models import Owned, of_account
from hearth.closings import Ended, NotADoor, Over, Recorded, Replaced
from hearth.data_classes import FieldClass
from tenants.models import SharedModel, TenantModel, new_id


class LinkColumns:
    """A link in a mail, good once and for a while; here is the hash of its secret alone.

    One without a user was asked for with an address that nobody has, and leads nowhere.
    """

    __record__ = of_account(kind=FieldClass.TECHNICAL)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @declared_attr
    def user_id(cls) -> Mapped[uuid.UUID | None]:  # noqa: N805 - SQLAlchemy hands the class over.
        """Who may follow it."""
        users = "shared.users.id" if issubclass(cls, SharedModel) else "users.id"  # type: ignore[arg-type]
        return mapped_column(ForeignKey(users), index=True)


class ApiTokenColumns(Owned):
    """A key for a program that reads in somebody's name; here is its hash alone."""

    __record__ = of_account(name=FieldClass.STAFF, scopes=FieldClass.STAFF)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    scopes: Mapped[list[str]]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ApiTokenUseColumns:
    """One request that a program made with a key."""

    __record__ = of_account("token_id", "user_id", route=FieldClass.STAFF)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    route: Mapped[str] = mapped_column(String(100))
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @declared_attr
    def token_id(cls) -> Mapped[uuid.UUID]:  # noqa: N805 - SQLAlchemy hands the class over.
        """Which key it was."""
        tokens = "shared.api_tokens.id" if issubclass(cls, SharedModel) else "api_tokens.id"  # type: ignore[arg-type]
        return mapped_column(ForeignKey(tokens), index=True)


class EventColumns(Owned):
    """Something that happened with an account; rows are only ever added."""

    __record__ = of_account(
        kind=FieldClass.STAFF, actor_id=FieldClass.STAFF, device=FieldClass.STAFF
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[uuid.UUID | None]
    device: Mapped[str] = mapped_column(String(60), server_default="")
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now())


class KnownDeviceColumns(Owned):
    """A browser in which somebody has passed the second factor; guesses do not lock it out."""

    __record__ = of_account()

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(), index=True)
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AccountLink(LinkColumns, TenantModel):
    """A link to a member of an organisation's staff."""

    __tablename__ = "account_links"
    __closes__ = (Over(kind="links in mails ended", ends="expires_at", unless="used_at"),)


class ApiToken(ApiTokenColumns, TenantModel):
    """A key of a member of an organisation's staff."""

    __tablename__ = "api_tokens"
    __closes__ = (
        Ended(kind="keys for programs revoked", columns=("revoked_at",)),
        NotADoor(columns=("expires_at", "scopes"), because="it is fixed when the key is made"),
    )


class ApiTokenUse(ApiTokenUseColumns, TenantModel):
    """A request with such a key."""

    __tablename__ = "api_token_uses"
    __closes__ = (NotADoor(columns=("used_at",), because="a use of a key is no end of it"),)


class AccountEvent(EventColumns, TenantModel):
    """What happened with an account of an organisation's staff.

    What somebody served before her account was opened anew, or her roles were changed, opens
    nothing, and a password that a letter gave waits a day for a further letter: all of it is read
    from these rows.
    """

    __tablename__ = "account_events"
    __closes__ = (
        Recorded(kind="accounts that were opened anew", only={"kind": "opened"}),
        Recorded(kind="changes of somebody's roles", only={"kind": "roles-changed"}),
        Recorded(kind="passwords chosen by a letter", only={"kind": "password-reset"}),
    )


class KnownDevice(KnownDeviceColumns, TenantModel):
    """A browser of a member of an organisation's staff."""

    __tablename__ = "known_devices"
    __closes__ = (Replaced(kind="known browsers as they are today"),)


class FederationAccountLink(LinkColumns, SharedModel):
    """A link to a member of the federation's staff."""

    __tablename__ = "account_links"


class FederationApiToken(ApiTokenColumns, SharedModel):
    """A key of a member of the federation's staff."""

    __tablename__ = "api_tokens"


class FederationApiTokenUse(ApiTokenUseColumns, SharedModel):
    """A request with such a key."""

    __tablename__ = "api_token_uses"


class FederationAccountEvent(EventColumns, SharedModel):
    """What happened with an account of the federation's staff."""

    __tablename__ = "account_events"


class FederationKnownDevice(KnownDeviceColumns, SharedModel):
    """A browser of a member of the federation's staff."""

    __tablename__ = "known_devices"
