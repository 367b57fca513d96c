"""Tables inside each organisation: words of the blind index, and keys that are to be destroyed."""

import uuid
from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.models import TenantModel


class BlindWord(TenantModel):
    """A word under which a subject is found; without the organisation's key it says nothing."""

    __tablename__ = "blind_index"
    __table_args__ = (Index("ix_blind_index_subject_id", "subject_id"),)

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class KeyDestruction(TenantModel):
    """A subject whose key is to be destroyed; asked for and done are two moments."""

    __tablename__ = "key_destructions"
    __table_args__ = (
        Index(
            "ix_key_destructions_waiting",
            "requested_at",
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]
