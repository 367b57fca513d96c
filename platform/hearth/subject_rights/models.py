"""Tables of requests, their steps, the redaction queue, erasures and legal holds."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.closings import Ended, Follows, NotADoor, Stands, Withdrawn
from hearth.data_classes import FieldClass
from hearth.data_records import (
    Basis,
    DataGroup,
    DataRecord,
    Purpose,
    SubjectKind,
    SubjectPath,
)
from hearth.families.codes import code_column, one_of
from hearth.subject_rights.vocabulary import (
    Asker,
    Decision,
    ErasureKind,
    RequestKind,
    Step,
    Verdict,
)
from tenants.models import TenantModel, new_id

WHOMEVER = tuple(SubjectPath(kind, "subject_id") for kind in SubjectKind)
BY_REQUEST = tuple(SubjectPath(kind, "request_id", "subject_id") for kind in SubjectKind)


def _record(
    subject: tuple[SubjectPath, ...] = (),
    others: frozenset[str] = frozenset(),
    **classes: FieldClass,
) -> DataRecord:
    return DataRecord(
        group=DataGroup.RIGHTS,
        purpose=Purpose.RIGHTS,
        basis=Basis.LEGAL_DUTY,
        classes=classes,
        subject=subject,
        others=others,
    )


class SubjectRequest(TenantModel):
    """Somebody asks about somebody's data; ``subject_id`` leads to a person, donor or colleague."""

    __tablename__ = "subject_requests"
    __closes__ = (
        Ended(kind="requests answered", columns=("closed_at", "outcome")),
        NotADoor(
            columns=("needs_safeguarding", "whole_family"),
            because="it is fixed when the request is taken",
        ),
    )
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("subject_kind", SubjectKind),
        one_of("asked_by", Asker),
        one_of("outcome", Step),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed"),
        CheckConstraint("due_on >= received_on", name="due_on"),
        Index("ix_subject_requests_subject_id", "subject_id"),
        Index("ix_subject_requests_due_on", "due_on"),
    )

    __record__ = _record(
        WHOMEVER,
        frozenset({"asker_name"}),
        asker_name=FieldClass.IDENTITY,
        needs_safeguarding=FieldClass.TECHNICAL,
        whole_family=FieldClass.TECHNICAL,
        wish=FieldClass.FREE_TEXT,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[RequestKind] = mapped_column(code_column(RequestKind))
    subject_kind: Mapped[SubjectKind] = mapped_column(code_column(SubjectKind))
    subject_id: Mapped[uuid.UUID]
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("households.id"))
    """From whose file it was asked; how it is reached safely stands there."""
    asked_by: Mapped[Asker] = mapped_column(code_column(Asker))
    asker_name: Mapped[str | None]
    received_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    needs_safeguarding: Mapped[bool]
    whole_family: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    wish: Mapped[str | None]
    received_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    outcome: Mapped[Step | None] = mapped_column(code_column(Step))

    steps: Mapped[list["RequestStep"]] = relationship(
        back_populates="request", order_by="RequestStep.at, RequestStep.id"
    )

    @property
    def is_open(self) -> bool:
        """Whether it still has to be answered."""
        return self.closed_at is None

    @property
    def is_handed_out(self) -> bool:
        """Whether the file went out, and nobody has said since that it is to be made anew."""
        last = self.last_of(Step.EXPORTED, Step.EXPORT_RENEWED)
        return last is not None and last.step is Step.EXPORTED

    def has(self, *steps: Step) -> bool:
        """Whether one of these steps was taken."""
        return any(taken.step in steps for taken in self.steps)

    def last_of(self, *steps: Step) -> "RequestStep | None":
        """The latest of these steps that was taken."""
        return next((taken for taken in reversed(self.steps) if taken.step in steps), None)


class RequestStep(TenantModel):
    """One dated step of a request; rows are only ever added."""

    __tablename__ = "subject_request_steps"
    __closes__ = (
        Follows(
            kind="steps that keep a file from being handed out",
            only={"step": frozenset({Step.IDENTITY_DOUBTFUL, Step.UNSAFE, Step.EXPORTED})},
        ),
    )
    __table_args__ = (one_of("step", Step),)

    __record__ = _record(BY_REQUEST, note=FieldClass.FREE_TEXT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("subject_requests.id"), index=True)
    step: Mapped[Step] = mapped_column(code_column(Step))
    note: Mapped[str | None]
    by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    request: Mapped[SubjectRequest] = relationship(back_populates="steps")


class Disclosure(TenantModel):
    """One field of one row that may tell of somebody else; holds no contents itself."""

    __tablename__ = "subject_disclosures"
    __closes__ = (
        Withdrawn(
            kind="entries no longer handed out",
            columns=("decision", "decided_by", "decided_at", "read_mark"),
            opens="release",
        ),
    )
    __table_args__ = (
        one_of("decision", Decision),
        UniqueConstraint("request_id", "table_name", "row_id", "field"),
        CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided"),
    )

    __record__ = _record(
        BY_REQUEST,
        table_name=FieldClass.TECHNICAL,
        field=FieldClass.TECHNICAL,
        read_mark=FieldClass.TECHNICAL,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("subject_requests.id"))
    table_name: Mapped[str] = mapped_column(String(63))
    row_id: Mapped[uuid.UUID]
    field: Mapped[str] = mapped_column(String(63))
    decision: Mapped[Decision | None] = mapped_column(code_column(Decision))
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    read_mark: Mapped[str | None] = mapped_column(String(64))
    """What stood there when it was released: by this it is told whether it still does."""


class ErasureProposal(TenantModel):
    """An erasure that one person asks for and another one decides about."""

    __tablename__ = "erasure_proposals"
    __closes__ = (
        Ended(
            kind="proposals to erase decided",
            columns=("decided_at", "verdict", "decided_by", "note"),
        ),
    )
    __table_args__ = (
        one_of("subject_kind", SubjectKind),
        one_of("verdict", Verdict),
        CheckConstraint("(verdict IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decided_by IS NULL OR decided_by <> asked_by", name="two_people"),
        Index(
            "uq_erasure_proposals_open",
            "subject_id",
            unique=True,
            postgresql_where=text("verdict IS NULL"),
        ),
    )

    __record__ = _record(WHOMEVER, reason=FieldClass.FREE_TEXT, note=FieldClass.FREE_TEXT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject_kind: Mapped[SubjectKind] = mapped_column(code_column(SubjectKind))
    subject_id: Mapped[uuid.UUID]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("subject_requests.id"), index=True)
    reason: Mapped[str | None]
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    verdict: Mapped[Verdict | None] = mapped_column(code_column(Verdict))
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]

    request: Mapped[SubjectRequest] = relationship()


class ErasureCertificate(TenantModel):
    """What was erased, how and by whose decision; names nobody but those who decided."""

    __tablename__ = "erasure_certificates"
    __table_args__ = (one_of("kind", ErasureKind),)

    __record__ = _record(
        subject_hash=FieldClass.TECHNICAL,
        counts=FieldClass.CASEWORK,
        kept=FieldClass.CASEWORK,
        method=FieldClass.TECHNICAL,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[ErasureKind] = mapped_column(code_column(ErasureKind))
    subject_hash: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("subject_requests.id"))
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    method: Mapped[str] = mapped_column(String(40))
    counts: Mapped[dict[str, Any]]
    kept: Mapped[dict[str, Any]]
    last_key_backup_ends_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Erasure(TenantModel):
    """One subject that was erased; a restored backup is made to forget it again from this list."""

    __tablename__ = "erasures"
    __table_args__ = (
        one_of("subject_kind", SubjectKind),
        one_of("kind", ErasureKind),
    )

    __record__ = _record(WHOMEVER)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    certificate_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("erasure_certificates.id"), index=True
    )
    subject_kind: Mapped[SubjectKind] = mapped_column(code_column(SubjectKind))
    subject_id: Mapped[uuid.UUID] = mapped_column(index=True)
    kind: Mapped[ErasureKind] = mapped_column(code_column(ErasureKind))
    approved_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    last_key_backup_ends_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class LegalHold(TenantModel):
    """As long as it stands, nothing about its subject is erased."""

    __tablename__ = "legal_holds"
    __closes__ = (
        Stands(kind="holds that stand", until="lifted_at"),
        NotADoor(columns=("until_on",), because="it is fixed when the hold is set"),
    )
    __table_args__ = (
        one_of("subject_kind", SubjectKind),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        Index("ix_legal_holds_subject_id", "subject_id"),
    )

    __record__ = _record(WHOMEVER, reason=FieldClass.FREE_TEXT, lifting_note=FieldClass.FREE_TEXT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    subject_kind: Mapped[SubjectKind] = mapped_column(code_column(SubjectKind))
    subject_id: Mapped[uuid.UUID]
    reason: Mapped[str] = mapped_column(Text())
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_on: Mapped[date | None] = mapped_column(Date)
    lifted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]
    lifting_note: Mapped[str | None]
