"""The table of consents with their withdrawal."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from hearth.closings import Ended, NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import (
    OF_HOUSEHOLD,
    OF_PERSON,
    Basis,
    DataGroup,
    DataRecord,
    Purpose,
)
from hearth.families.codes import code_column, one_of
from hearth.sealing import sealed
from tenants.models import TenantModel, new_id


class ConsentPurpose(StrEnum):
    """What somebody agrees to; none of them is a condition of being helped."""

    FILE = "file"
    SHARE_WITH_BODY = "share_with_body"
    HANDOVER = "handover"
    PHOTO_STORY = "photo_story"
    CONTACT_AFTERWARDS = "contact_afterwards"


class Giver(StrEnum):
    """Who says yes."""

    SELF = "self"
    GUARDIAN = "guardian"


class Medium(StrEnum):
    """In what form the yes was given."""

    PAPER = "paper"
    SPOKEN = "spoken"
    SCREEN = "screen"


class Consent(TenantModel):
    """One yes, and perhaps its end; nothing but the withdrawal and its effect is ever added."""

    __tablename__ = "consents"
    __closes__ = (
        Ended(
            kind="consents withdrawn",
            columns=("withdrawn_at", "withdrawn_by", "withdrawal_note_sealed"),
        ),
        Ended(
            kind="withdrawals that took effect",
            columns=("effect_at", "effect_by", "effect_note_sealed"),
        ),
        NotADoor(
            columns=("valid_until", "assent", "categories"),
            because="it is fixed when the consent is given",
        ),
    )
    __table_args__ = (
        one_of("purpose", ConsentPurpose),
        one_of("giver", Giver),
        one_of("medium", Medium),
        CheckConstraint("valid_until > valid_from", name="valid_until"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        CheckConstraint("effect_at IS NULL OR withdrawn_at IS NOT NULL", name="effect"),
        CheckConstraint("giver = 'self' OR giver_name_sealed IS NOT NULL", name="giver_name"),
        Index("ix_consents_household_id", "household_id"),
        Index("ix_consents_valid_until", "valid_until"),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.LEGAL_DUTY,
        classes={
            "assent": FieldClass.CASEWORK,
            "categories": FieldClass.CASEWORK,
            "text_version": FieldClass.TECHNICAL,
            "text_hash": FieldClass.TECHNICAL,
            "language": FieldClass.CASEWORK,
        },
        subject=(OF_PERSON, OF_HOUSEHOLD),
        others=frozenset({"giver_name"}),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    purpose: Mapped[ConsentPurpose] = mapped_column(code_column(ConsentPurpose))
    categories: Mapped[list[str]]
    recipients = sealed(FieldClass.FREE_TEXT, subject="person_id", default="")
    giver: Mapped[Giver] = mapped_column(code_column(Giver))
    giver_name = sealed(FieldClass.IDENTITY, subject="person_id")
    assent: Mapped[bool | None]
    """A child's own yes; None where it was too young to be asked."""
    medium: Mapped[Medium] = mapped_column(code_column(Medium))
    language: Mapped[str] = mapped_column(String(10))
    text_version: Mapped[str] = mapped_column(String(20))
    text_hash: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    withdrawal_note = sealed(FieldClass.FREE_TEXT, subject="person_id")
    effect_at: Mapped[datetime | None]
    effect_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    effect_note = sealed(FieldClass.FREE_TEXT, subject="person_id")

    def is_valid(self, on: date) -> bool:
        """Whether it may be relied on that day."""
        return self.withdrawn_at is None and self.valid_from <= on <= self.valid_until
