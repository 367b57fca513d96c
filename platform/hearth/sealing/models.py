"""Tables inside each organisation: words of the blind index, and keys that are to be destroyed."""

import uuid
from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hearth.closings import NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from tenants.models import TenantModel


class BlindWord(TenantModel):
    """A word under which a subject is found; without the organisation's key it says nothing."""

    __tablename__ = "blind_index"
    __table_args__ = (Index("ix_blind_index_subject_id", "subject_id"),)

    # The words go with the key of whom they lead to.
    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        classes={"kind": FieldClass.TECHNICAL},
        subject=(
            SubjectPath(SubjectKind.PERSON, "subject_id"),
            SubjectPath(SubjectKind.REFERRAL, "subject_id"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class KeyDestruction(TenantModel):
    """A subject whose key is to be destroyed; asked for and done are two moments."""

    __tablename__ = "key_destructions"
    __closes__ = (
        NotADoor(columns=("done_at",), because="it is carried over with the list of the erased"),
    )
    __table_args__ = (
        Index(
            "ix_key_destructions_waiting",
            "requested_at",
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.RIGHTS,
        purpose=Purpose.RIGHTS,
        basis=Basis.LEGAL_DUTY,
        subject=(
            SubjectPath(SubjectKind.PERSON, "subject_id"),
            SubjectPath(SubjectKind.HOUSEHOLD, "subject_id"),
            SubjectPath(SubjectKind.REFERRAL, "subject_id"),
        ),
    )

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]
