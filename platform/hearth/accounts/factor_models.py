"""Second factors: authenticator apps, passkeys and recovery codes, each with its owner."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from hearth.closings import Replaced
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from tenants.models import SharedModel, TenantModel, new_id


def of_account(*way: str, **classes: FieldClass) -> DataRecord:
    """What a table of ways into an account says of itself; ``way`` leads to whose it is."""
    return DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes=classes,
        subject=(SubjectPath(SubjectKind.STAFF, *(way or ("user_id",))),),
    )


class Owned:
    """Something that belongs to one member of staff."""

    @declared_attr
    def user_id(cls) -> Mapped[uuid.UUID]:  # noqa: N805 - SQLAlchemy hands the class over.
        """Whose it is; the federation's people are in ``shared``."""
        users = "shared.users.id" if issubclass(cls, SharedModel) else "users.id"  # type: ignore[arg-type]
        return mapped_column(ForeignKey(users), index=True)


class AppColumns(Owned):
    """An app that shows six figures; its secret is sealed, and a code is taken once."""

    __record__ = of_account(secret_sealed=FieldClass.TECHNICAL, last_step=FieldClass.TECHNICAL)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary())
    last_step: Mapped[int] = mapped_column(BigInteger(), server_default="0")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]


class PasskeyColumns(Owned):
    """A key that a device or a security stick holds; here is its public half alone."""

    __record__ = of_account(sign_count=FieldClass.TECHNICAL, name=FieldClass.STAFF)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    sign_count: Mapped[int] = mapped_column(BigInteger())
    name: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class RecoveryCodeColumns(Owned):
    """One of ten codes for the day the phone is lost; a keyed hash, and used once."""

    __record__ = of_account()

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary())
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]


class AuthenticatorApp(AppColumns, TenantModel):
    """An app of a member of an organisation's staff."""

    __tablename__ = "authenticator_apps"
    __closes__ = (Replaced(kind="second factors as they are today"),)


class Passkey(PasskeyColumns, TenantModel):
    """A passkey of a member of an organisation's staff."""

    __tablename__ = "passkeys"
    __closes__ = (Replaced(kind="second factors as they are today"),)


class RecoveryCode(RecoveryCodeColumns, TenantModel):
    """A recovery code of a member of an organisation's staff."""

    __tablename__ = "recovery_codes"
    __closes__ = (Replaced(kind="recovery codes as they are today"),)


class FederationAuthenticatorApp(AppColumns, SharedModel):
    """An app of a member of the federation's staff."""

    __tablename__ = "authenticator_apps"


class FederationPasskey(PasskeyColumns, SharedModel):
    """A passkey of a member of the federation's staff."""

    __tablename__ = "passkeys"


class FederationRecoveryCode(RecoveryCodeColumns, SharedModel):
    """A recovery code of a member of the federation's staff."""

    __tablename__ = "recovery_codes"
