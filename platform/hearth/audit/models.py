"""Tables of events, reads and anchors; the organisation's own role may add rows and read them."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

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
from tenants.models import TenantModel, new_id


class AuditEvent(TenantModel):
    """One link of the chain.

    Nothing here refers to another table: the chain outlives what it speaks of, and a reference
    would lock rows while the chain is held.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("seq > 0", name="seq"),
        CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous_hash) = 32", name="hash_length"
        ),
        Index("ix_audit_events_at", "at"),
        Index("ix_audit_events_actor_id_seq", "actor_id", "seq"),
        Index("ix_audit_events_action_seq", "action", "seq"),
        Index("ix_audit_events_household_id_seq", "household_id", "seq"),
    )

    # The chain speaks in ids and codes; whoever asks what was done in her file is told by a human.
    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={
            "seq": FieldClass.TECHNICAL,
            "actor_id": FieldClass.STAFF,
            "action": FieldClass.STAFF,
            "subject_type": FieldClass.TECHNICAL,
            "facts": FieldClass.TECHNICAL,
        },
        subject=(OF_HOUSEHOLD, SubjectPath(SubjectKind.STAFF, "actor_id")),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[uuid.UUID | None]
    household_id: Mapped[uuid.UUID | None]
    facts: Mapped[dict[str, Any]]
    salt: Mapped[bytes | None] = mapped_column(LargeBinary())
    """Chance, hashed with the event and shown to nobody; the oldest events were written without."""
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary())
    hash: Mapped[bytes] = mapped_column(LargeBinary(), unique=True)


class AuditChain(TenantModel):
    """One row, held by whoever appends to the chain; no other organisation's role can hold it."""

    __tablename__ = "audit_chain"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={"only_row": FieldClass.TECHNICAL},
    )

    only_row: Mapped[bool] = mapped_column(primary_key=True, default=True)


class PersonRead(TenantModel):
    """One look at a page or a list, with everybody of a family whom it showed."""

    __tablename__ = "person_reads"
    __closes__ = (NotADoor(columns=("person_ids",), because="a look is written once and stays"),)
    __table_args__ = (
        Index("ix_person_reads_household_id_read_at", "household_id", "read_at"),
        Index("ix_person_reads_user_id_read_at", "user_id", "read_at"),
        Index("ix_person_reads_person_ids", "person_ids", postgresql_using="gin"),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={
            "person_ids": FieldClass.TECHNICAL,
            "purpose": FieldClass.CASEWORK,
            "number": FieldClass.TECHNICAL,
            "read_at": FieldClass.CASEWORK,
        },
        subject=(
            OF_HOUSEHOLD,
            SubjectPath(SubjectKind.REFERRAL, "subject_id"),
            SubjectPath(SubjectKind.STAFF, "user_id"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    household_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("households.id"))
    subject_id: Mapped[uuid.UUID | None]
    """What was shown where it is no family's file: a referral that has not become a case."""
    person_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()), server_default="{}")
    purpose: Mapped[str] = mapped_column(String(40))
    number: Mapped[int] = mapped_column(Integer, server_default="1")
    """How many entries a list showed."""
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AuditAnchor(TenantModel):
    """A signed head that was sent outside; the copy here only says which one it was."""

    __tablename__ = "audit_anchors"

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={"seq": FieldClass.TECHNICAL},
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary())
    made_at: Mapped[datetime]
    public_key: Mapped[bytes] = mapped_column(LargeBinary())
    signature: Mapped[bytes] = mapped_column(LargeBinary())
