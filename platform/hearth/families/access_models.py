"""Tables of exceptions to who sees which family: grants for one case, and restricted cases."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Ended, NotADoor, Stands
from hearth.data_classes import FieldClass
from hearth.data_records import (
    OF_HOUSEHOLD,
    Basis,
    DataGroup,
    DataRecord,
    Purpose,
    SubjectKind,
    SubjectPath,
)
from hearth.families.codes import code_column, one_of
from hearth.sealing import sealed
from tenants.models import TenantModel, new_id


class GrantKind(StrEnum):
    """How somebody came to a case that her role does not open."""

    GRANT = "grant"
    BREAK_GLASS = "break_glass"


class RestrictionKind(StrEnum):
    """Why a case is open to those alone who were let in by name."""

    STAFF_RELATIVE = "staff_relative"
    THREATENED = "threatened"


class CaseGrant(TenantModel):
    """One family opened to one colleague, from when to when, why, and by whom."""

    __tablename__ = "case_grants"
    __closes__ = (
        Ended(kind="grants revoked", columns=("revoked_at", "revoked_by")),
        NotADoor(columns=("ends_at",), because="it is fixed when the grant is given"),
    )
    __table_args__ = (
        one_of("kind", GrantKind),
        CheckConstraint("ends_at > starts_at", name="ends_at"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        CheckConstraint("kind = 'break_glass' OR granted_by <> user_id", name="not_to_oneself"),
        Index("ix_case_grants_household_id", "household_id"),
        Index("ix_case_grants_user_id", "user_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={"kind": FieldClass.STAFF},
        subject=(OF_HOUSEHOLD, SubjectPath(SubjectKind.STAFF, "user_id")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[GrantKind] = mapped_column(code_column(GrantKind))
    reason = sealed(FieldClass.FREE_TEXT, subject="household_id", required=True)
    granted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    starts_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    giver: Mapped[User | None] = relationship(foreign_keys=[granted_by])


class HouseholdRestriction(TenantModel):
    """A family whose file opens by name alone, from when to when."""

    __tablename__ = "household_restrictions"
    __closes__ = (Stands(kind="restrictions that stand", until="until_at"),)
    __table_args__ = (
        one_of("kind", RestrictionKind),
        CheckConstraint("until_at >= from_at", name="until_at"),
        CheckConstraint("(until_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        Index(
            "uq_household_restrictions_current",
            "household_id",
            "kind",
            unique=True,
            postgresql_where=text("until_at IS NULL"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={"kind": FieldClass.LEGAL},
        subject=(OF_HOUSEHOLD,),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    kind: Mapped[RestrictionKind] = mapped_column(code_column(RestrictionKind))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_at: Mapped[datetime | None]
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    lifted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    setter: Mapped[User] = relationship(foreign_keys=[set_by])
