"""Tables of households, the people in them and who accompanies them, all dated."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Ended, Follows, Later, NotADoor, Withdrawn
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
from hearth.families.births import Birth, BirthPrecision
from hearth.families.codes import code_column, one_of
from hearth.families.vocabulary import (
    CARING,
    TOLD_BY_NEED,
    ClosingReason,
    LeavingReason,
    MemberRole,
    Need,
    Sex,
)
from hearth.sealing import Kind, sealed, sealed_record
from hearth.sealing.markers import Unreadable
from tenants.models import TenantModel, new_id


class CaseCounter(TenantModel):
    """The last case number given out in a year."""

    __tablename__ = "case_counters"

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={
            "year": FieldClass.TECHNICAL,
            "last_number": FieldClass.TECHNICAL,
        },
    )

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(Integer)


class Person(TenantModel):
    """A mother, a child, a partner: who they are and how they may be reached safely."""

    __tablename__ = "people"
    __closes__ = (
        Withdrawn(
            kind="people whom it is not safe to call",
            columns=("safe_to_call",),
            opens=True,
            said_of=("phone_sealed", "contact_note_sealed"),
        ),
        NotADoor(columns=("born_on",), because="how old somebody is opens nothing of hers"),
    )
    __table_args__ = (
        CheckConstraint("(born_on IS NULL) = (birth_precision = 'unknown')", name="born_on"),
        # A day is granted because the organisation's day may begin half a day before UTC's.
        CheckConstraint(
            "birth_precision = 'expected' OR born_on <= (recorded_at AT TIME ZONE 'UTC')::date + 1",
            name="not_born_tomorrow",
        ),
        one_of("birth_precision", BirthPrecision),
        one_of("sex", Sex),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={
            "born_on": FieldClass.IDENTITY,
            "birth_precision": FieldClass.IDENTITY,
            "sex": FieldClass.IDENTITY,
            "preferred_language": FieldClass.IDENTITY,
            "safe_to_call": FieldClass.CONTACT,
        },
        subject=(SubjectPath(SubjectKind.PERSON, "id"),),
        others=frozenset({"contact_note", "safe_to_call"}),
        blanks={"birth_precision": "unknown", "sex": "unknown"},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    given_name = sealed(FieldClass.IDENTITY, subject="id", default="", kind=Kind.GIVEN_NAME)
    family_name = sealed(FieldClass.IDENTITY, subject="id", default="", kind=Kind.SURNAME)
    patronymic = sealed(FieldClass.IDENTITY, subject="id", kind=Kind.GIVEN_NAME)
    born_on: Mapped[date | None] = mapped_column(Date)
    birth_precision: Mapped[BirthPrecision] = mapped_column(
        code_column(BirthPrecision), default=BirthPrecision.UNKNOWN, server_default="unknown"
    )
    sex: Mapped[Sex] = mapped_column(
        code_column(Sex), default=Sex.UNKNOWN, server_default="unknown"
    )
    preferred_language: Mapped[str | None] = mapped_column(String(10))
    phone = sealed(FieldClass.CONTACT, subject="id", kind=Kind.PHONE)
    safe_to_call: Mapped[bool | None]
    """None means that nobody has asked yet, which is treated as "do not call"."""
    contact_note = sealed(FieldClass.CONTACT, subject="id")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def birth(self) -> Birth:
        """The date of birth with its precision."""
        return Birth(self.born_on, self.birth_precision)

    @property
    def full_name(self) -> str:
        """Given name, patronymic and family name, as far as they are known."""
        parts = [part for part in (self.given_name, self.patronymic, self.family_name) if part]
        # Why nothing can be read is said once, not for every part of the name.
        return next((part for part in parts if isinstance(part, Unreadable)), " ".join(parts))


class PersonCorrection(TenantModel):
    """What was recorded about a person before somebody corrected it; written once."""

    __tablename__ = "person_corrections"

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        subject=(OF_PERSON,),
        others=frozenset({"before"}),
        # It holds the way to reach somebody beside the name.
        asks={"before": frozenset({FieldClass.CONTACT})},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"), index=True)
    corrected_at: Mapped[datetime] = mapped_column(server_default=func.now())
    corrected_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    before = sealed_record(FieldClass.IDENTITY, subject="person_id")


class Household(TenantModel):
    """One family as a case, whoever belongs to it at the moment."""

    __tablename__ = "households"

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={
            "case_number": FieldClass.CASEWORK,
        },
        subject=(SubjectPath(SubjectKind.HOUSEHOLD, "id"),),
        dated=("recorded_at",),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    case_number: Mapped[str] = mapped_column(String(20), unique=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    episodes: Mapped[list["CaseEpisode"]] = relationship(
        back_populates="household", order_by="CaseEpisode.opened_on, CaseEpisode.id"
    )
    members: Mapped[list["HouseholdMember"]] = relationship(
        back_populates="household", order_by="HouseholdMember.joined_on, HouseholdMember.id"
    )
    key_workers: Mapped[list["KeyWorker"]] = relationship(
        back_populates="household", order_by="KeyWorker.from_on, KeyWorker.id"
    )

    @property
    def open_episode(self) -> "CaseEpisode | None":
        """The episode that runs, if the case is open."""
        return next((e for e in reversed(self.episodes) if e.closed_on is None), None)

    @property
    def is_open(self) -> bool:
        """Whether the family is accompanied at the moment."""
        return self.open_episode is not None

    @property
    def current_members(self) -> list["HouseholdMember"]:
        """Who belongs to the household at the moment, adults first, then children by age."""
        here = [m for m in self.members if m.is_current]
        return sorted(here, key=HouseholdMember.order_of_mention)

    @property
    def current_key_worker(self) -> User | None:
        """Who accompanies the family at the moment."""
        return next((k.user for k in reversed(self.key_workers) if k.until_on is None), None)


class CaseEpisode(TenantModel):
    """A case from opening to closing; a family that returns begins another one."""

    __tablename__ = "case_episodes"
    __closes__ = (
        NotADoor(columns=("closed_on",), because="whether its case is open opens a file to nobody"),
    )
    __table_args__ = (
        CheckConstraint("closed_on >= opened_on", name="closed_after_opened"),
        CheckConstraint(
            "(closed_on IS NULL) = (closing_reason IS NULL)", name="closed_with_reason"
        ),
        one_of("closing_reason", ClosingReason),
        ExcludeConstraint(
            ("household_id", "="),
            (text("daterange(opened_on, closed_on)"), "&&"),
            name="ex_case_episodes_one_at_a_time",
        ),
        Index("ix_case_episodes_household_id", "household_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={},
        subject=(OF_HOUSEHOLD,),
        dated=("opened_on",),
        others=frozenset({"closing_note"}),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    opened_on: Mapped[date] = mapped_column(Date)
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    closed_on: Mapped[date | None] = mapped_column(Date)
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    closing_reason: Mapped[ClosingReason | None] = mapped_column(code_column(ClosingReason))
    closing_note = sealed(FieldClass.FREE_TEXT, subject="household_id")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    household: Mapped[Household] = relationship(back_populates="episodes")
    needs: Mapped[list["HouseholdNeed"]] = relationship(back_populates="episode")

    @property
    def primary_need(self) -> Need | None:
        """What the family came for first of all."""
        return next((n.need for n in self.needs if n.is_primary), None)


class HouseholdNeed(TenantModel):
    """One thing a family asked for when an episode began."""

    __tablename__ = "household_needs"
    __closes__ = (NotADoor(columns=("is_primary",), because="which need came first opens nothing"),)
    __table_args__ = (
        one_of("need", Need),
        Index(
            "ix_household_needs_one_primary",
            "episode_id",
            unique=True,
            postgresql_where=text("is_primary"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        classes={
            "is_primary": FieldClass.CASEWORK,
        },
        subject=(SubjectPath(SubjectKind.HOUSEHOLD, "episode_id", "household_id"),),
        dated=("episode_id", "opened_on"),
        asks={"need": TOLD_BY_NEED},
    )

    episode_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("case_episodes.id"), primary_key=True)
    need: Mapped[Need] = mapped_column(code_column(Need), primary_key=True)
    is_primary: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

    episode: Mapped[CaseEpisode] = relationship(back_populates="needs")


class HouseholdMember(TenantModel):
    """A person's time in a household.

    A mistake is mended by a new row that names the one it supersedes; what was once recorded stays.
    """

    __tablename__ = "household_members"
    __closes__ = (
        Ended(
            kind="people who left their family",
            columns=("left_on", "leaving_reason", "left_recorded_by"),
            starts="joined_on",
            corrects="supersedes_id",
            earlier=True,
            over={"leaving_reason": LeavingReason.ADDED_BY_MISTAKE},
        ),
        # Whoever came back knows nothing of the days on which she was away.
        Later(
            kind="people who came to their family later",
            column="joined_on",
            ends="left_on",
            corrects="supersedes_id",
        ),
        # The file of whoever leads a family is hers, and nothing in it waits for a human.
        Withdrawn(
            kind="people who do not lead their family",
            columns=("role",),
            opens=CARING,
            corrects="supersedes_id",
        ),
        # What tells of another adult is kept back; what tells of a child is not.
        Withdrawn(
            kind="people who are no child of their family",
            columns=("role",),
            opens=CARING | {MemberRole.CHILD},
            corrects="supersedes_id",
        ),
        NotADoor(
            columns=("superseded_at", "supersedes_id"),
            because="what took its place came after the backup and is gone",
        ),
        NotADoor(
            columns=("household_id", "person_id", "recorded_at", "recorded_by"),
            because="a correction keeps who it is and where, and who wrote it opens nothing",
        ),
    )
    __table_args__ = (
        CheckConstraint("left_on >= joined_on", name="left_after_joined"),
        CheckConstraint("(left_on IS NULL) = (leaving_reason IS NULL)", name="left_with_reason"),
        one_of("role", MemberRole),
        one_of("leaving_reason", LeavingReason),
        ExcludeConstraint(
            ("household_id", "="),
            ("person_id", "="),
            (text("daterange(joined_on, left_on)"), "&&"),
            where=text("superseded_at IS NULL"),
            name="ex_household_members_one_at_a_time",
        ),
        Index("ix_household_members_household_id", "household_id"),
        Index("ix_household_members_person_id", "person_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        subject=(
            OF_PERSON,
            OF_HOUSEHOLD,
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("people.id"))
    role: Mapped[MemberRole] = mapped_column(code_column(MemberRole))
    joined_on: Mapped[date] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    leaving_reason: Mapped[LeavingReason | None] = mapped_column(code_column(LeavingReason))
    left_recorded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    supersedes_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("household_members.id"), unique=True
    )
    superseded_at: Mapped[datetime | None]

    household: Mapped[Household] = relationship(back_populates="members")
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)

    @property
    def is_valid(self) -> bool:
        """Whether the row stands, that is, no correction took its place."""
        return self.superseded_at is None

    @property
    def is_current(self) -> bool:
        """Whether the person belongs to the household now."""
        return self.is_valid and self.left_on is None

    def order_of_mention(self) -> tuple[int, date, str]:
        """Mother first, then other adults, then children from the eldest to the unborn."""
        born = self.person.born_on or date.max
        return list(MemberRole).index(self.role), born, str(self.id)


class KeyWorker(TenantModel):
    """Who accompanies a family, and from when to when; one person at a time."""

    __tablename__ = "key_workers"
    __closes__ = (
        Ended(kind="times as key worker ended", columns=("until_on",), starts="from_on"),
        # A family waits with the team of the last of them.
        Follows(kind="times as key worker that followed"),
    )
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="until_after_from"),
        ExcludeConstraint(
            ("household_id", "="),
            (text("daterange(from_on, until_on)"), "&&"),
            name="ex_key_workers_one_at_a_time",
        ),
        Index("ix_key_workers_household_id", "household_id"),
        Index("ix_key_workers_user_id", "user_id"),
    )

    __record__ = DataRecord(
        group=DataGroup.FAMILY_FILES,
        purpose=Purpose.ACCOMPANIMENT,
        basis=Basis.CONSENT,
        subject=(OF_HOUSEHOLD,),
        dated=("from_on",),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    household_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("households.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)

    household: Mapped[Household] = relationship(back_populates="key_workers")
    user: Mapped[User] = relationship()
