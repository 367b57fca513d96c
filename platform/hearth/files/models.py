"""The bytes of files, and the links that open each of them once."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from hearth.closings import Over
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from hearth.sealing import sealed_bytes
from tenants.models import TenantModel, new_id

# A paper may be a passport, a diagnosis or a court's letter, and nobody said which when it came in;
# it opens with its name, which is what somebody wrote.
ASKED_BY_A_PAPER = frozenset(
    {FieldClass.IDENTITY, FieldClass.HEALTH, FieldClass.LEGAL, FieldClass.FREE_TEXT}
)


class StoredFile(TenantModel):
    """One file as it was written anew here; the name somebody's computer gave it is not kept.

    The organisation's own role can add a file and read it, and neither change nor delete it.
    """

    __tablename__ = "stored_files"

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={"kind": FieldClass.CASEWORK, "size": FieldClass.TECHNICAL},
        subject=(SubjectPath(SubjectKind.HOUSEHOLD, "subject_id"),),
        others=frozenset({"content"}),
        dated=("stored_at",),
        asks={"content": ASKED_BY_A_PAPER},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    size: Mapped[int] = mapped_column(Integer)
    subject_id: Mapped[uuid.UUID]
    """Whose key seals it: the family whose file it belongs to."""
    content = sealed_bytes(FieldClass.IDENTITY, subject="subject_id")
    stored_at: Mapped[datetime] = mapped_column(server_default=func.now())
    stored_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))


class FileLink(TenantModel):
    """A link that opens a file once, for whoever asked for it in that very sign-in."""

    __tablename__ = "file_links"
    __closes__ = (Over(kind="links to files ended", ends="expires_at", unless="used_at"),)

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
    )

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(), primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"), index=True)
    session_hash: Mapped[bytes] = mapped_column(LargeBinary())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
