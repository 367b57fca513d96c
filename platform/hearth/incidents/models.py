"""Tables of incidents, their entries, whom they concern and who was told."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.closings import NotADoor
from hearth.data_classes import FieldClass
from hearth.data_records import OF_PERSON, Basis, DataGroup, DataRecord, Purpose, SubjectPath
from hearth.families.codes import code_column, one_of
from tenants.models import TenantModel, new_id


class IncidentKind(StrEnum):
    """What happened to the data."""

    SEEN = "seen"
    SENT_WRONG = "sent_wrong"
    LOST = "lost"
    STOLEN = "stolen"
    BROKEN_INTO = "broken_into"
    CHANGED = "changed"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class EntryKind(StrEnum):
    """What an entry tells."""

    FACT = "fact"
    CORRECTION = "correction"
    CONSEQUENCE = "consequence"
    MEASURE = "measure"
    AUTHORITY_FIRST = "authority_first"
    AUTHORITY_RESULT = "authority_result"
    LESSONS = "lessons"


class Way(StrEnum):
    """How a person was told."""

    IN_PERSON = "in_person"
    CALL = "call"
    LETTER = "letter"
    BY_KEY_WORKER = "by_key_worker"
    NOT_TOLD = "not_told"


def _record(*subject: SubjectPath, **classes: FieldClass) -> DataRecord:
    return DataRecord(
        group=DataGroup.RIGHTS,
        purpose=Purpose.RIGHTS,
        basis=Basis.LEGAL_DUTY,
        classes=classes,
        subject=subject,
    )


class Incident(TenantModel):
    """Something happened to people's data."""

    __tablename__ = "incidents"
    __closes__ = (
        NotADoor(
            columns=("closed_at",), because="an incident that is open again is looked at again"
        ),
        NotADoor(columns=("high_risk",), because="it is fixed when the incident is opened"),
    )
    __table_args__ = (
        one_of("kind", IncidentKind),
        CheckConstraint("closed_at >= opened_at", name="closed_at"),
    )

    __record__ = _record(
        summary=FieldClass.FREE_TEXT,
        systems=FieldClass.TECHNICAL,
        high_risk=FieldClass.CASEWORK,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[IncidentKind] = mapped_column(code_column(IncidentKind))
    summary: Mapped[str] = mapped_column(Text())
    systems: Mapped[str]
    high_risk: Mapped[bool]
    aware_at: Mapped[datetime]
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    entries: Mapped[list["IncidentEntry"]] = relationship(
        back_populates="incident", order_by="IncidentEntry.at, IncidentEntry.id"
    )
    searches: Mapped[list["IncidentSearch"]] = relationship(order_by="IncidentSearch.made_at")

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it."""
        return self.closed_at is None

    def said(self, kind: EntryKind) -> "IncidentEntry | None":
        """The first entry of a kind."""
        return next((entry for entry in self.entries if entry.kind is kind), None)


class IncidentEntry(TenantModel):
    """One dated entry; rows are only ever added."""

    __tablename__ = "incident_entries"
    __table_args__ = (one_of("kind", EntryKind),)

    __record__ = _record(text=FieldClass.FREE_TEXT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incidents.id"), index=True)
    kind: Mapped[EntryKind] = mapped_column(code_column(EntryKind))
    text: Mapped[str] = mapped_column(Text())
    happened_at: Mapped[datetime]
    by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    incident: Mapped[Incident] = relationship(back_populates="entries")


class IncidentSearch(TenantModel):
    """A question for whose data are concerned, with the number it found; never changed."""

    __tablename__ = "incident_searches"

    __record__ = _record(criteria=FieldClass.TECHNICAL, found=FieldClass.CASEWORK)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incidents.id"), index=True)
    criteria: Mapped[dict[str, Any]]
    found: Mapped[int] = mapped_column(Integer)
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AffectedPerson(TenantModel):
    """Somebody whose data are concerned, as a search found her."""

    __tablename__ = "incident_people"

    __record__ = _record(OF_PERSON)

    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("people.id"), primary_key=True, index=True
    )
    search_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident_searches.id"))


class PersonNotice(TenantModel):
    """Who told a person, by what way and when, or why she was not told; rows are only added."""

    __tablename__ = "incident_person_notices"
    __table_args__ = (one_of("way", Way),)

    __record__ = _record(OF_PERSON, note=FieldClass.FREE_TEXT)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incidents.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    way: Mapped[Way] = mapped_column(code_column(Way))
    note: Mapped[str | None]
    told_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    told_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
