"""Tables of looks and their reviews; the organisation's own role may add rows and read them."""

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.break_glass.vocabulary import Outcome, Reason
from hearth.closings import NotADoor
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
from hearth.families.models import Household
from hearth.sealing import sealed
from tenants.models import TenantModel, new_id


class GlassLook(TenantModel):
    """One look at one case; ``user_id`` may open it from ``opened_at`` until ``ends_at``."""

    __tablename__ = "glass_looks"
    __closes__ = (
        NotADoor(
            columns=("ends_at", "restricted"),
            because="it is fixed when the look begins, and its grant is what opens",
        ),
    )
    __table_args__ = (
        CheckConstraint("ends_at > opened_at", name="ends_after_opening"),
        one_of("reason", Reason),
        UniqueConstraint("id", "user_id", name="uq_glass_looks_id_user_id"),
        Index("ix_glass_looks_user_id_ends_at", "user_id", "ends_at"),
        Index("ix_glass_looks_opened_at", "opened_at"),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={
            "restricted": FieldClass.TECHNICAL,
        },
        subject=(OF_HOUSEHOLD, SubjectPath(SubjectKind.STAFF, "user_id")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_grants.id"), unique=True)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[Reason] = mapped_column(code_column(Reason))
    explanation = sealed(FieldClass.FREE_TEXT, subject="household_id", required=True)
    restricted: Mapped[bool]
    """Whether the case was open by grant alone, so that the directors were told too."""
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    review_due_on: Mapped[date] = mapped_column(Date)

    household: Mapped[Household] = relationship()
    user: Mapped[User] = relationship()
    review: Mapped["GlassReview | None"] = relationship(back_populates="look")

    def is_overdue(self, today: date) -> bool:
        """Whether the last day for the review has passed without one."""
        return self.review is None and self.review_due_on < today


class GlassReview(TenantModel):
    """What somebody other than the one who looked decided about it; once."""

    __tablename__ = "glass_reviews"
    __table_args__ = (
        one_of("outcome", Outcome),
        # Whose look it was stands here again so that the database itself can compare.
        CheckConstraint("reviewed_by <> looked_by", name="somebody_else"),
        ForeignKeyConstraint(
            ["look_id", "looked_by"],
            ["glass_looks.id", "glass_looks.user_id"],
            name="fk_glass_reviews_look_id_glass_looks",
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={"looked_by": FieldClass.STAFF},
        subject=(
            OF_HOUSEHOLD,
            SubjectPath(SubjectKind.STAFF, "looked_by"),
            SubjectPath(SubjectKind.STAFF, "reviewed_by"),
        ),
    )

    look_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    looked_by: Mapped[uuid.UUID]
    reviewed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(code_column(Outcome))
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    note = sealed(FieldClass.FREE_TEXT, subject="household_id", required=True)

    look: Mapped[GlassLook] = relationship(back_populates="review")
    reviewer: Mapped[User] = relationship()

    @property
    def id(self) -> uuid.UUID:
        """There is one review for a look, so the look's id is its own."""
        return self.look_id
