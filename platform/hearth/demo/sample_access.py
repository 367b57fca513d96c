"""Who sees what in the sample data: one team, who works in the houses, one restricted file."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.policy_models import HouseWorker, RoleAssignment, Team, TeamMember
from hearth.case_access.services import give, restrict
from hearth.families.access_models import RestrictionKind
from hearth.families.models import CaseEpisode, Household, KeyWorker
from hearth.shelter.models import House

TEAM_NAME: Final = "Сопровождение семей (учебный пример)"
REASON: Final = "Учебный пример: ведёт семью дальше."
REASON_TO_HELP: Final = "Учебный пример: консультирует семью."
LET_IN: Final = 5


def write_access(session: Session, staff: Mapping[str, Sequence[uuid.UUID]]) -> None:
    """Let colleagues work together and in the houses, and close the oldest open file."""
    administrator = staff["administrator"][0]
    team = Team(name=TEAM_NAME, created_by=administrator)
    team.members = [
        TeamMember(user_id=user_id, set_by=administrator)
        for user_id in (*staff["social-worker"], *staff["supervisor"])
    ]
    session.add(team)
    session.add_all(
        HouseWorker(house_id=house_id, user_id=user_id, set_by=administrator)
        for house_id in session.scalars(select(House.id).order_by(House.name))
        for user_id in staff["house-staff"]
    )
    session.add_all(
        RoleAssignment(user_id=user_id, role=role)
        for role, user_ids in staff.items()
        for user_id in user_ids
    )
    session.flush()
    _let_specialists_in(session, staff)
    _restrict_one(session, staff)


def _let_specialists_in(session: Session, staff: Mapping[str, Sequence[uuid.UUID]]) -> None:
    """Who helps in a few families by name goes on there; elsewhere she reads for a while."""
    for number, specialist in enumerate(staff["specialist"]):
        households = session.scalars(
            select(Household)
            .join(CaseEpisode, CaseEpisode.household_id == Household.id)
            .where(CaseEpisode.closed_on.is_(None))
            .order_by(Household.case_number.desc())
            .offset(number * LET_IN)
            .limit(LET_IN)
        ).all()
        for household in households:
            give(
                session,
                household,
                user_id=specialist,
                reason=REASON_TO_HELP,
                ends_at=None,
                granted_by=staff["supervisor"][0],
            )


def _restrict_one(session: Session, staff: Mapping[str, Sequence[uuid.UUID]]) -> None:
    oldest = session.execute(
        select(Household, KeyWorker.user_id)
        .join(CaseEpisode, CaseEpisode.household_id == Household.id)
        .join(KeyWorker, KeyWorker.household_id == Household.id)
        .where(CaseEpisode.closed_on.is_(None), KeyWorker.until_on.is_(None))
        .order_by(Household.case_number)
        .limit(1)
    ).first()
    if oldest is None:
        return
    household, key_worker = oldest
    restrict(
        session,
        household,
        kind=RestrictionKind.THREATENED,
        keeper_ids=[key_worker, staff["director"][0]],
        reason=REASON,
        set_by=staff["supervisor"][0],
    )
