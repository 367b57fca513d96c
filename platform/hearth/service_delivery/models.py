"""The table of services and of the persons each was for."""

import uuid
from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Time, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Earlier, Ended, NotADoor, Withdrawn
from hearth.data_classes import FieldClass
from hearth.data_records import (
    OF_HOUSEHOLD,
    OF_PERSON,
    Basis,
    DataGroup,
    DataRecord,
    Purpose,
    SubjectKind,
    SubjectPath,
)
from hearth.families.codes import code_column, one_of
from hearth.families.models import Household, Person
from hearth.sealing import sealed as sealed_text
from hearth.service_delivery.vocabulary import KIND_CLASSES, TOLD_BY_KIND, ServiceKind, ServiceMode
from tenants.models import TenantModel, new_id


def asked_by_note(service: "ServiceDelivery") -> frozenset[FieldClass]:
    """What somebody has to read before she reads what was written about a service.

    The words of an entry that was corrected are about what it was corrected to as well. A sealed
    note opens by its owner's word, whatever it is about.
    """
    told = FieldClass.FREE_TEXT
    own = told if service.sealed else KIND_CLASSES.get(service.kind, told)
    # Only what was superseded is followed, so that a list of those that stand asks nothing more.
    newer = service.newer if service.superseded_at else None
    return frozenset({told, own}) | (asked_by_note(newer) if newer else frozenset())


class ServiceDelivery(TenantModel):
    """One service; a correction is a new row that names the one it supersedes."""

    __tablename__ = "service_deliveries"
    __closes__ = (
        Ended(
            kind="entries cancelled",
            columns=("cancelled_at", "cancelled_by", "cancelling_note_sealed"),
            corrects="supersedes_id",
        ),
        Withdrawn(kind="entries sealed", columns=("sealed",), opens=False),
        Earlier(
            kind="entries that open no longer what they did",
            column="opens_from",
            otherwise="delivered_on",
            corrects="supersedes_id",
        ),
        NotADoor(
            columns=("superseded_at", "supersedes_id"),
            because="what took its place came after the backup and is gone",
        ),
        NotADoor(
            columns=("household_id", "provided_by", "through_grant"),
            because="a correction keeps whose it is, and who did it by what",
        ),
        NotADoor(
            columns=("mode", "began_at", "minutes", "note_sealed", "recorded_at", "recorded_by"),
            because="whoever reads the entry read it before",
        ),
        NotADoor(
            columns=("kind",), because="the guide for restoring says to look through what it opens"
        ),
    )
    __table_args__ = (
        one_of("kind", ServiceKind),
        one_of("mode", ServiceMode),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
        # A day is granted because the organisation's day may begin half a day before UTC's.
        CheckConstraint(
            "delivered_on <= (recorded_at AT TIME ZONE 'UTC')::date + 1", name="not_tomorrow"
        ),
        CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled"),
        CheckConstraint("superseded_at IS NULL OR cancelled_at IS NULL", name="ended_once"),
        Index("ix_service_deliveries_household_id_delivered_on", "household_id", "delivered_on"),
        Index("ix_service_deliveries_delivered_on", "delivered_on"),
        Index("ix_service_deliveries_provided_by", "provided_by", "household_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={
            "kind": FieldClass.HEALTH,
            "began_at": FieldClass.CASEWORK,
            "minutes": FieldClass.CASEWORK,
            "sealed": FieldClass.TECHNICAL,
            "through_grant": FieldClass.TECHNICAL,
            "opens_from": FieldClass.TECHNICAL,
        },
        subject=(OF_HOUSEHOLD,),
        dated=("delivered_on",),
        named_by="service_recipients",
        others=frozenset({"note", "cancelling_note"}),
        asks={"kind": TOLD_BY_KIND, "note": asked_by_note, "cancelling_note": asked_by_note},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    kind: Mapped[ServiceKind] = mapped_column(code_column(ServiceKind))
    mode: Mapped[ServiceMode] = mapped_column(code_column(ServiceMode))
    delivered_on: Mapped[date]
    began_at: Mapped[time | None] = mapped_column(Time())
    """The time of day on the organisation's clock."""
    minutes: Mapped[int | None] = mapped_column(SmallInteger)
    note = sealed_text(FieldClass.FREE_TEXT, subject="household_id")
    sealed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether the note is read by whoever provided the service and those she chose alone."""
    provided_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    through_grant: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether reading or serving there was not hers by role: then the entry opens no file."""
    opens_from: Mapped[date | None]
    """The earliest day that ever stood here; days of access are not won by a correction."""
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("service_deliveries.id"), unique=True
    )
    superseded_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    cancelling_note = sealed_text(FieldClass.FREE_TEXT, subject="household_id")

    household: Mapped[Household] = relationship()
    newer: Mapped["ServiceDelivery | None"] = relationship(
        foreign_keys=[supersedes_id], uselist=False, viewonly=True
    )
    """The entry that took this one's place."""
    provider: Mapped[User] = relationship(foreign_keys=[provided_by])
    recorder: Mapped[User] = relationship(foreign_keys=[recorded_by])
    canceller: Mapped[User | None] = relationship(foreign_keys=[cancelled_by])
    recipients: Mapped[list["ServiceRecipient"]] = relationship(back_populates="service")

    @property
    def is_valid(self) -> bool:
        """Whether the entry stands, neither superseded nor cancelled."""
        return self.superseded_at is None and self.cancelled_at is None


class ServiceRecipient(TenantModel):
    """One person for whom a service was."""

    __tablename__ = "service_recipients"
    __table_args__ = (Index("ix_service_recipients_person_id", "person_id"),)

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        subject=(
            OF_PERSON,
            SubjectPath(SubjectKind.HOUSEHOLD, "service_id", "household_id"),
        ),
    )

    service_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("service_deliveries.id"), primary_key=True
    )
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)

    service: Mapped[ServiceDelivery] = relationship(back_populates="recipients")
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class NoteGrant(TenantModel):
    """A colleague who may read a sealed note, from when to when; its owner alone decides."""

    __tablename__ = "note_grants"
    __closes__ = (
        Ended(kind="readers of sealed notes taken back", columns=("until_at",), starts="from_at"),
    )
    __table_args__ = (
        CheckConstraint("until_at >= from_at", name="until_at"),
        Index(
            "uq_note_grants_current",
            "service_id",
            "user_id",
            unique=True,
            postgresql_where=text("until_at IS NULL"),
        ),
        Index("ix_note_grants_user_id", "user_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.SECURITY,
        purpose=Purpose.SECURITY,
        basis=Basis.LEGITIMATE_INTEREST,
        subject=(
            SubjectPath(SubjectKind.HOUSEHOLD, "service_id", "household_id"),
            SubjectPath(SubjectKind.STAFF, "user_id"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    service_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_deliveries.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
