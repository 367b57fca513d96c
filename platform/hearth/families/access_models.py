"""Grants that open one family's case to one person for a time, and restrictions that close it."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.models import TenantModel, new_id


class CaseGrant(TenantModel):
    """One person may open one case, restricted or not, from a moment on until another."""

    __tablename__ = "case_grants"
    __table_args__ = (
        CheckConstraint("kind IN ('grant', 'break_glass')", name="kind"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index("ix_case_grants_user_id_household_id", "user_id", "household_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    granted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    starts_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))


class HouseholdRestriction(TenantModel):
    """A case that nobody opens without a grant, such as that of a colleague's relative."""

    __tablename__ = "household_restrictions"
    __table_args__ = (CheckConstraint("kind IN ('staff_relative', 'threatened')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_at: Mapped[datetime | None]
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    lifted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
