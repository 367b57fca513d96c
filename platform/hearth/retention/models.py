"""The table of notices: whose data end, when, and what a human said to it."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hearth.closings import Ended, NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind
from hearth.families.codes import code_column, one_of
from hearth.subject_rights.models import WHOMEVER
from tenants.models import TenantModel, new_id


class Answer(StrEnum):
    """What a human said to a notice."""

    KEEP = "keep"
    LET_GO = "let_go"


class RetentionNotice(TenantModel):
    """Somebody's data have served their time; without another word they end thirty days later."""

    __tablename__ = "retention_notices"
    __closes__ = (
        Ended(
            kind="data kept by a human's word",
            columns=(
                "answered_at",
                "answer",
                "keep_until",
                "reason",
                "answered_by",
                "approved_at",
                "approved_by",
            ),
            only={"answer": "keep"},
            # Who let it go before, and who said so too, have been overruled.
            over={"answer": "keep"},
        ),
        NotADoor(
            columns=("ends_on", "done_at"),
            because="what was erased is carried over by the list of the erased",
        ),
    )
    __table_args__ = (
        one_of("data_group", DataGroup),
        one_of("subject_kind", SubjectKind),
        one_of("answer", Answer),
        CheckConstraint("(answer = 'keep') = (keep_until IS NOT NULL)", name="keep_until"),
        CheckConstraint("answer IS DISTINCT FROM 'keep' OR reason IS NOT NULL", name="reason"),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint(
            "approved_by IS NULL OR (answer IS NOT DISTINCT FROM 'let_go'"
            " AND answered_by IS NOT NULL AND approved_by <> answered_by)",
            name="two_people",
        ),
        Index(
            "uq_retention_notices_open",
            "subject_id",
            unique=True,
            postgresql_where=text("done_at IS NULL AND answer IS DISTINCT FROM 'keep'"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.RIGHTS,
        purpose=Purpose.RIGHTS,
        basis=Basis.LEGAL_DUTY,
        classes={"reason": FieldClass.FREE_TEXT},
        subject=WHOMEVER,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    data_group: Mapped[DataGroup] = mapped_column(code_column(DataGroup))
    subject_kind: Mapped[SubjectKind] = mapped_column(code_column(SubjectKind))
    subject_id: Mapped[uuid.UUID]
    due_on: Mapped[date] = mapped_column(Date)
    noticed_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    answer: Mapped[Answer | None] = mapped_column(code_column(Answer))
    keep_until: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None]
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    """The second person who said to let it go; before that nothing ends early."""
    approved_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def needs_second_word(self) -> bool:
        """Whether one person has let it go and another one has not said so yet."""
        return self.answer is Answer.LET_GO and self.approved_by is None
