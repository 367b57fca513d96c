"""Forms teams and says who belongs to them; every change is dated and counts at once."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from hearth.accounts.models import User
from hearth.accounts.policy_models import Team, TeamMember
from hearth.accounts.services import SignedIn
from hearth.audit import services as audit
from hearth.staff.placing import ToOneselfError, offered, refuse_placing


class TeamNameTakenError(Exception):
    """Another team has this name."""


def teams(session: Session) -> Sequence[Team]:
    """Every team, by name."""
    return session.scalars(select(Team).order_by(func.lower(Team.name), Team.id)).all()


def members_of(session: Session, team_id: uuid.UUID) -> Sequence[TeamMember]:
    """Who belongs to a team now, and who did, the latest change first."""
    return session.scalars(
        select(TeamMember)
        .where(TeamMember.team_id == team_id)
        .options(joinedload(TeamMember.user))
        .order_by(TeamMember.until_at.desc().nulls_first(), TeamMember.from_at, TeamMember.id)
    ).all()


def form_team(session: Session, *, name: str, created_by: uuid.UUID) -> Team:
    """Form a team that nobody belongs to yet.

    :raises TeamNameTakenError: a team has this name.
    """
    known = select(Team.id).where(func.lower(Team.name) == name.lower())
    if session.scalar(known) is not None:
        raise TeamNameTakenError
    team = Team(name=name, created_by=created_by)
    session.add(team)
    session.flush()
    audit.record(
        session,
        action="team.formed",
        subject_type="team",
        subject_id=team.id,
        actor_id=created_by,
    )
    return team


def join(session: Session, team: Team, *, user_id: uuid.UUID, actor: SignedIn) -> TeamMember:
    """Let a colleague belong to a team from now on.

    :raises ToOneselfError: the actor would put herself there, or belongs to the team.
    :raises NotYoursToPlaceError: the colleague is beyond the actor's reach.
    """
    _refuse(session, team.id, user_id, actor)
    present = member_of(session, team_id=team.id, user_id=user_id)
    if present is not None:
        return present
    member = TeamMember(
        team_id=team.id, user_id=user_id, set_by=actor.id, from_at=datetime.now(UTC)
    )
    session.add(member)
    session.flush()
    _record(session, "team.joined", member, actor.id)
    return member


def member_of(session: Session, *, team_id: uuid.UUID, user_id: uuid.UUID) -> TeamMember | None:
    """Somebody's present time in a team, or None."""
    return session.scalars(
        select(TeamMember).where(
            TeamMember.team_id == team_id,
            TeamMember.user_id == user_id,
            TeamMember.until_at.is_(None),
        )
    ).one_or_none()


def leave(session: Session, member: TeamMember, *, actor: SignedIn) -> None:
    """Let a colleague belong to a team no longer.

    :raises ToOneselfError: the actor belongs to the team.
    :raises NotYoursToPlaceError: the colleague is beyond the actor's reach.
    """
    _refuse(session, member.team_id, member.user_id, actor)
    end_membership(session, member, ended_by=actor.id)


def end_membership(session: Session, member: TeamMember, *, ended_by: uuid.UUID) -> None:
    """Let somebody's time in a team be over, whoever belongs to it: her account is closed."""
    member.until_at, member.ended_by = datetime.now(UTC), ended_by
    session.flush()
    _record(session, "team.left", member, ended_by)


def is_mine(session: Session, team_id: uuid.UUID, actor: SignedIn) -> bool:
    """Whether somebody belongs to a team; who else does is then for others to say.

    A team opens its families to every member: a colleague who joins brings hers along.
    """
    return member_of(session, team_id=team_id, user_id=actor.id) is not None


def possible_members(
    session: Session, team_id: uuid.UUID, *, actor: SignedIn
) -> list[tuple[uuid.UUID, str]]:
    """Whom somebody may put into a team, by name: who works here and does not belong to it."""
    if is_mine(session, team_id, actor):
        return []
    here = select(TeamMember.user_id).where(
        TeamMember.team_id == team_id, TeamMember.until_at.is_(None)
    )
    rows = session.execute(
        select(User.id, User.name)
        .where(User.disabled_at.is_(None), User.id.not_in(here))
        .order_by(User.name, User.id)
    )
    return offered(session, [(row.id, row.name) for row in rows], actor)


def _refuse(session: Session, team_id: uuid.UUID, user_id: uuid.UUID, actor: SignedIn) -> None:
    if is_mine(session, team_id, actor):
        raise ToOneselfError
    refuse_placing(session, user_id, actor)


def _record(session: Session, action: str, member: TeamMember, actor_id: uuid.UUID) -> None:
    audit.record(
        session,
        action=action,
        subject_type="team",
        subject_id=member.team_id,
        actor_id=actor_id,
        facts={"user": str(member.user_id)},
    )
