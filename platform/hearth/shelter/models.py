"""Tables of houses, places, stays and nights, with the rules the database itself keeps."""

import datetime
import uuid
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.closings import NotADoor
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
from hearth.sealing import sealed
from tenants.models import TenantModel, new_id


class HouseKind(StrEnum):
    """What a house is for."""

    CRISIS_FLAT = "crisis_flat"
    SHELTER = "shelter"
    FAMILY_HOUSE = "family_house"


class PlaceKind(StrEnum):
    """What a person sleeps in."""

    BED = "bed"
    COT = "cot"


class Destination(StrEnum):
    """Where a family goes when it leaves."""

    OWN_HOME = "own_home"
    RENTED_HOME = "rented_home"
    FAMILY_OR_FRIENDS = "family_or_friends"
    SUPPORTED_HOUSING = "supported_housing"
    INSTITUTION = "institution"
    UNSAFE_HOME = "unsafe_home"
    UNKNOWN = "unknown"


class EndReason(StrEnum):
    """Why a stay ends."""

    AS_AGREED = "as_agreed"
    OWN_WISH = "own_wish"
    OTHER_HELP = "other_help"
    HOUSE_RULES = "house_rules"
    LEFT_WITHOUT_WORD = "left_without_word"
    ENTERED_BY_MISTAKE = "entered_by_mistake"


class ChangeKind(StrEnum):
    """What was decided about a stay."""

    ADMITTED = "admitted"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    MOVED = "moved"
    ENDED = "ended"
    CORRECTED = "corrected"


# Whoever does not read where somebody lives sees no stay at all, and learns of none.
OF_A_STAY = frozenset({FieldClass.LOCATION})


class House(TenantModel):
    """A house or flat with places to sleep."""

    __tablename__ = "houses"
    __closes__ = (
        NotADoor(columns=("open_to",), because="nobody works in a house because it is open"),
    )
    __table_args__ = (
        one_of("kind", HouseKind),
        CheckConstraint("open_to > open_from", name="open_to"),
        CheckConstraint("guideline_nights BETWEEN 1 AND 3660", name="guideline_nights"),
    )

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.SHELTER,
        basis=Basis.NOT_PERSONAL,
        classes={
            "name": FieldClass.LOCATION,
            "guideline_nights": FieldClass.CASEWORK,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[HouseKind] = mapped_column(code_column(HouseKind))
    open_from: Mapped[datetime.date]
    open_to: Mapped[datetime.date | None]
    guideline_nights: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    places: Mapped[list["Place"]] = relationship(back_populates="house", order_by="Place.name")

    def is_open_during(self, start: datetime.date, end: datetime.date) -> bool:
        """Say whether the house is open on every night from `start` to before `end`."""
        return self.open_from <= start and (self.open_to is None or end <= self.open_to)


class Place(TenantModel):
    """One bed or cot."""

    __tablename__ = "places"
    __closes__ = (NotADoor(columns=("open_to",), because="an empty place shows nobody to anybody"),)
    __table_args__ = (
        UniqueConstraint("house_id", "name"),
        # What a stay place points at, so that its place always lies in its house.
        UniqueConstraint("id", "house_id"),
        one_of("kind", PlaceKind),
        CheckConstraint("open_to > open_from", name="open_to"),
    )

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.SHELTER,
        basis=Basis.NOT_PERSONAL,
        classes={
            "name": FieldClass.LOCATION,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    house_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("houses.id"))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[PlaceKind] = mapped_column(code_column(PlaceKind))
    open_from: Mapped[datetime.date]
    open_to: Mapped[datetime.date | None]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    house: Mapped[House] = relationship(back_populates="places")

    def is_open_during(self, start: datetime.date, end: datetime.date) -> bool:
        """Say whether the place can be slept in on every night from `start` to before `end`."""
        return self.open_from <= start and (self.open_to is None or end <= self.open_to)


class Stay(TenantModel):
    """One household under our roof, from admission until it leaves."""

    __tablename__ = "stays"
    __closes__ = (
        NotADoor(
            columns=("ended_on",),
            because="its house saw these nights before, and where the family went came later",
        ),
    )
    __table_args__ = (
        CheckConstraint("planned_until > admitted_on", name="planned_until"),
        CheckConstraint("ended_on >= admitted_on", name="ended_on"),
        CheckConstraint(
            "(ended_on IS NULL) = (end_reason IS NULL)"
            " AND (ended_on IS NULL) = (destination IS NULL)",
            name="ended",
        ),
        one_of("end_reason", EndReason),
        one_of("destination", Destination),
        Index(
            "uq_stays_open_household",
            "household_id",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.SHELTER,
        basis=Basis.CONSENT,
        subject=(OF_HOUSEHOLD,),
        dated=("admitted_on",),
        others=frozenset({"departure_note"}),
        asks_always=OF_A_STAY,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"), index=True)
    house_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("houses.id"))
    admitted_on: Mapped[datetime.date]
    planned_until: Mapped[datetime.date]
    ended_on: Mapped[datetime.date | None]
    end_reason: Mapped[EndReason | None] = mapped_column(code_column(EndReason))
    destination: Mapped[Destination | None] = mapped_column(code_column(Destination))
    departure_note = sealed(FieldClass.FREE_TEXT, subject="household_id")
    admitted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    house: Mapped[House] = relationship()
    stay_places: Mapped[list["StayPlace"]] = relationship(
        back_populates="stay", order_by="StayPlace.nights"
    )
    changes: Mapped[list["StayChange"]] = relationship(
        back_populates="stay", order_by="StayChange.recorded_at, StayChange.id"
    )

    @property
    def is_open(self) -> bool:
        """Whether the family has not left yet."""
        return self.ended_on is None

    @property
    def until(self) -> datetime.date:
        """The first day without a night: the day it left, or the day agreed for leaving."""
        return self.ended_on or self.planned_until

    def is_overdue(self, on: datetime.date) -> bool:
        """Say whether the agreed day has come and nobody has said what happens now."""
        return self.is_open and self.planned_until <= on

    def nights(self, on: datetime.date) -> int:
        """The nights from admission until it left, or until today for a family still here."""
        return max(0, (min(self.until, on) - self.admitted_on).days)


class StayPlace(TenantModel):
    """Who sleeps in which place on which nights; without a place of its own, in someone's bed."""

    __tablename__ = "stay_places"
    __table_args__ = (
        ForeignKeyConstraint(["place_id", "house_id"], ["places.id", "places.house_id"]),
        CheckConstraint(
            "NOT (isempty(nights) OR lower_inf(nights) OR upper_inf(nights))",
            name="nights",
        ),
        ExcludeConstraint(
            (literal_column("place_id"), "="),
            (literal_column("nights"), "&&"),
            name="ex_stay_places_place_id",
            using="gist",
        ),
        ExcludeConstraint(
            (literal_column("person_id"), "="),
            (literal_column("nights"), "&&"),
            name="ex_stay_places_person_id",
            using="gist",
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.SHELTER,
        basis=Basis.CONSENT,
        classes={
            "place_id": FieldClass.LOCATION,
        },
        asks_always=OF_A_STAY,
        subject=(
            OF_PERSON,
            SubjectPath(SubjectKind.HOUSEHOLD, "stay_id", "household_id"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    house_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("houses.id"))
    place_id: Mapped[uuid.UUID | None]
    nights: Mapped[Range[datetime.date]] = mapped_column(DATERANGE())

    stay: Mapped[Stay] = relationship(back_populates="stay_places")
    place: Mapped[Place | None] = relationship(
        primaryjoin="foreign(StayPlace.place_id) == Place.id", viewonly=True
    )
    house: Mapped[House] = relationship(viewonly=True)

    @property
    def starts_on(self) -> datetime.date:
        """The day of the first night."""
        return _bound(self.nights.lower)

    @property
    def ends_on(self) -> datetime.date:
        """The day after the last night."""
        return _bound(self.nights.upper)


def _bound(day: datetime.date | None) -> datetime.date:
    if day is None:
        raise ValueError("The nights of a stay have a beginning and an end.")
    return day


class StayChange(TenantModel):
    """What was decided about a stay, when and by whom; the database lets nobody alter it."""

    __tablename__ = "stay_changes"
    __closes__ = (
        NotADoor(columns=("before_on", "after_on"), because="a change is written once and stays"),
    )
    __table_args__ = (one_of("kind", ChangeKind),)

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.SHELTER,
        basis=Basis.CONSENT,
        classes={},
        subject=(SubjectPath(SubjectKind.HOUSEHOLD, "stay_id", "household_id"),),
        dated=("effective_on",),
        others=frozenset({"note"}),
        asks_always=OF_A_STAY,
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    stay_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stays.id"), index=True)
    kind: Mapped[ChangeKind] = mapped_column(code_column(ChangeKind))
    effective_on: Mapped[datetime.date]
    before_on: Mapped[datetime.date | None]
    after_on: Mapped[datetime.date | None]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    place_before_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    place_after_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    note = sealed(FieldClass.FREE_TEXT, subject="stay.household_id")
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    stay: Mapped[Stay] = relationship(back_populates="changes")
