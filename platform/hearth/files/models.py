"""The bytes of files, and the links that open each of them once."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from hearth.data_classes import FieldClass
from hearth.sealing import sealed_bytes
from tenants.models import TenantModel, new_id


class StoredFile(TenantModel):
    """One file as it was written anew here; the name somebody's computer gave it is not kept.

    The organisation's own role can add a file and read it, and neither change nor delete it.
    """

    __tablename__ = "stored_files"

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

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(), primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"), index=True)
    session_hash: Mapped[bytes] = mapped_column(LargeBinary())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
