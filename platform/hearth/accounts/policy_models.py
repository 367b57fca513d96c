"""Tables with which an organisation narrows roles, forms teams and says who works in which house.

Every row is dated: what is changed is ended and written anew, and says who did it.
"""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Ended, Stands
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from tenants.models import TenantModel, new_id

CURRENT = text("until_at IS NULL")


def _record(*subject: SubjectPath, **classes: FieldClass) -> DataRecord:
    return DataRecord(
        group=DataGroup.STAFF,
        purpose=Purpose.STAFF,
        basis=Basis.CONTRACT,
        classes=classes,
        subject=subject,
    )


WHOSE = SubjectPath(SubjectKind.STAFF, "user_id")


class OwnRole(TenantModel):
    """A role with a name of the organisation's own, which never exceeds the one it derives from."""

    __tablename__ = "own_roles"

    __record__ = _record(base=FieldClass.TECHNICAL, name=FieldClass.TECHNICAL)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    base: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))

    @property
    def code(self) -> str:
        """What stands among a user's roles."""
        return str(self.id)


class RoleRule(TenantModel):
    """One narrowing of one role, from when to when, and by whom."""

    __tablename__ = "role_rules"
    __closes__ = (Stands(kind="rules that narrow a role", until="until_at"),)
    __table_args__ = (
        CheckConstraint("until_at >= from_at", name="until_at"),
        CheckConstraint("(until_at IS NULL) = (ended_by IS NULL)", name="ended"),
        Index("uq_role_rules_current", "role", "item", unique=True, postgresql_where=CURRENT),
    )

    __record__ = _record(
        role=FieldClass.TECHNICAL, item=FieldClass.TECHNICAL, rule=FieldClass.TECHNICAL
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    role: Mapped[str] = mapped_column(String(40))
    item: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str] = mapped_column(String(20))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    until_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))


class RoleAssignment(TenantModel):
    """Who was given which role, by whom and when; ``users.roles`` is what holds at the moment."""

    __tablename__ = "role_assignments"
    __closes__ = (
        Ended(kind="roles taken", columns=("until_at", "taken_by"), starts="from_at"),
        # Whoever gave a role does not approve the account that waits because of it.
        Stands(kind="roles taken and given anew", until="until_at", held="role"),
    )
    __table_args__ = (
        CheckConstraint("until_at >= from_at", name="until_at"),
        Index(
            "uq_role_assignments_current", "user_id", "role", unique=True, postgresql_where=CURRENT
        ),
    )

    __record__ = _record(WHOSE, role=FieldClass.STAFF)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str] = mapped_column(String(40))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    given_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    until_at: Mapped[datetime | None]
    taken_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))


class Team(TenantModel):
    """Colleagues who stand in for each other."""

    __tablename__ = "teams"

    __record__ = _record(name=FieldClass.STAFF)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))

    members: Mapped[list["TeamMember"]] = relationship(
        back_populates="team", order_by="TeamMember.from_at, TeamMember.id"
    )


class TeamMember(TenantModel):
    """Somebody's time in a team."""

    __tablename__ = "team_members"
    __closes__ = (
        Ended(kind="times in teams ended", columns=("until_at", "ended_by"), starts="from_at"),
    )
    __table_args__ = (
        CheckConstraint("until_at >= from_at", name="until_at"),
        Index(
            "uq_team_members_current", "team_id", "user_id", unique=True, postgresql_where=CURRENT
        ),
        Index("ix_team_members_user_id", "user_id"),
    )

    __record__ = _record(WHOSE)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("teams.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    until_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    team: Mapped[Team] = relationship(back_populates="members")
    user: Mapped[User] = relationship(foreign_keys=[user_id])


class HouseWorker(TenantModel):
    """Somebody's time at work in a house."""

    __tablename__ = "house_workers"
    __closes__ = (
        Ended(kind="times in houses ended", columns=("until_at", "ended_by"), starts="from_at"),
    )
    __table_args__ = (
        CheckConstraint("until_at >= from_at", name="until_at"),
        Index(
            "uq_house_workers_current", "house_id", "user_id", unique=True, postgresql_where=CURRENT
        ),
        Index("ix_house_workers_user_id", "user_id"),
    )

    __record__ = _record(WHOSE)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    house_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("houses.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    from_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    until_at: Mapped[datetime | None]
    ended_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))

    user: Mapped[User] = relationship(foreign_keys=[user_id])
