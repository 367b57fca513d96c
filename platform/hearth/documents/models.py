"""A file that belongs to a family, and what it is."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Ended
from hearth.data_classes import FieldClass
from hearth.data_records import OF_HOUSEHOLD, Basis, DataGroup, DataRecord, Purpose
from hearth.files.models import StoredFile
from hearth.sealing import sealed
from tenants.models import TenantModel, new_id


class HouseholdDocument(TenantModel):
    """One document of a family; its title is what the person who added it called it."""

    __tablename__ = "household_documents"
    __closes__ = (
        Ended(
            kind="documents withdrawn",
            columns=("withdrawn_at", "withdrawn_by", "withdrawn_because_sealed"),
        ),
    )
    __table_args__ = (
        CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn_by_somebody"
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={
            "added_at": FieldClass.CASEWORK,
            "withdrawn_at": FieldClass.CASEWORK,
        },
        subject=(OF_HOUSEHOLD,),
        dated=("added_at",),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"), index=True)
    file_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stored_files.id"), unique=True)
    title = sealed(FieldClass.FREE_TEXT, subject="household_id", required=True)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    withdrawn_because = sealed(FieldClass.FREE_TEXT, subject="household_id")

    file: Mapped[StoredFile] = relationship()
    adder: Mapped[User] = relationship(foreign_keys=[added_by])

    @property
    def is_open(self) -> bool:
        """Whether the document may still be opened."""
        return self.withdrawn_at is None
