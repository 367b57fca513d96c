"""Finds families, and says what of them is somebody's to decide: by her role, or let in by name."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    Uuid,
    and_,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, selectinload

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import POLICY
from hearth.accounts.services import SignedIn
from hearth.families.access_models import CaseGrant
from hearth.families.models import CaseEpisode, Household, HouseholdMember, KeyWorker
from hearth.families.reach import (
    Asks,
    Reach,
    Way,
    by_role,
    for_good,
    is_for_good,
    is_restricted,
    opens,
    reach_of,
    visible_households,
    ways,
)

AT_ONCE = 200


def is_reached_by_role(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> bool:
    """Whether a permission counts on a family by scope alone, without grant or earlier service."""
    within = by_role(user, permission)
    found = session.scalar(select(Household.id).where(Household.id == household_id, within))
    return found is not None


def is_hers_for_good(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> bool:
    """Whether a permission counts on a family for somebody who is no guest there."""
    hers = for_good(user, permission)
    found = session.scalar(select(Household.id).where(Household.id == household_id, hers))
    return found is not None


def is_hers_to_hand_over(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> bool:
    """Whether somebody says who accompanies a family: by her role, or as a restricted one's keeper.

    What a guest hands over, to herself or to a team-mate, would stay open when her visit is over;
    and what is not hers to read by role she does not hand to herself.
    """
    asked = (permission, Permission.FAMILIES_READ)
    if all(is_reached_by_role(session, household_id, user=user, permission=one) for one in asked):
        return True
    keepers = keepers_of(session, household_id)
    return keepers is not None and user.id in keepers and user.may(permission)


def may_reopen(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> bool:
    """Whether somebody opens a family's case anew: nobody who was let in until a day."""
    asked = (Permission.FAMILIES_WRITE, Permission.FAMILIES_READ)
    return all(is_hers_for_good(session, household_id, user=user, permission=one) for one in asked)


def keepers_of(session: Session, household_id: uuid.UUID) -> set[uuid.UUID] | None:
    """Who was let into a restricted family by name and without an end; None for one that is open.

    Nobody else accompanies it: she could not open its file.
    """
    restricted = select(Household.id).where(Household.id == household_id, is_restricted())
    if session.scalar(restricted) is None:
        return None
    kept = select(CaseGrant.user_id).where(
        CaseGrant.household_id == household_id, is_for_good(datetime.now(UTC))
    )
    return set(session.scalars(kept))


def ways_in(
    session: Session, household_id: uuid.UUID, users: Iterable[Asks], permission: Permission
) -> dict[uuid.UUID, set[Way]]:
    """Who of these has one family by a permission, and why each of them does."""
    asked = [
        select(literal(user.id, Uuid()), literal(way)).where(Household.id == household_id, opens)
        for user in users
        for way, opens in ways(user, permission).items()
    ]
    found: dict[uuid.UUID, set[Way]] = {}
    for start in range(0, len(asked), AT_ONCE):
        for user_id, way in session.execute(union_all(*asked[start : start + AT_ONCE])):
            found.setdefault(user_id, set()).add(Way(way))
    return found


def find_household(
    session: Session,
    household_id: uuid.UUID,
    *,
    user: SignedIn,
    permission: Permission,
    own_entries: bool = False,
) -> Household | None:
    """One family with its members, episodes and key workers; None for one she may not see."""
    visible = visible_households(user, permission, own_entries=own_entries)
    return session.scalars(
        select(Household)
        .where(Household.id == household_id, visible)
        .options(
            selectinload(Household.members),
            selectinload(Household.episodes).selectinload(CaseEpisode.needs),
            selectinload(Household.key_workers).joinedload(KeyWorker.user),
        )
    ).one_or_none()


def permissions_on(
    session: Session, household_id: uuid.UUID, *, user: SignedIn
) -> frozenset[Permission]:
    """What of this person's permissions counts on one family, for the buttons of its file."""
    held = {one: reach_of(user, one) for one in sorted(user.permissions)}
    here = within_reach(session, Household.id == household_id, held.values(), user=user)
    return frozenset(one for one, reach in held.items() if reach in here.get(household_id, ()))


def within_reach(
    session: Session,
    families: ColumnElement[bool],
    reaches: Collection[Reach | None],
    *,
    user: SignedIn,
) -> Mapping[uuid.UUID, frozenset[Reach]]:
    """Which of these reaches come to each of some families; each is asked once."""
    asked = list(dict.fromkeys(one for one in reaches if one is not None))
    columns = [opens(user, one).label(f"reach_{n}") for n, one in enumerate(asked)]
    rows = session.execute(select(Household.id, *columns).where(families))
    return {
        row[0]: frozenset(one for one, comes in zip(asked, row[1:], strict=True) if comes)
        for row in rows
    }


def is_visible(
    session: Session,
    household_id: uuid.UUID,
    *,
    user: SignedIn,
    permission: Permission,
    own_entries: bool = False,
) -> bool:
    """Whether a family is among those that a permission of this person counts on."""
    condition = visible_households(user, permission, own_entries=own_entries)
    found = session.scalar(select(Household.id).where(Household.id == household_id, condition))
    return found is not None


def is_bound(user: Asks) -> bool:
    """Whether what is restricted binds somebody's work on records, requests and incidents, too.

    The officer is asked about every family: the law gives the people of a restricted one the same
    rights. She is known by what she is, so that taking something away from another role makes
    nobody an officer. Whoever is, besides, something that reads files is bound.
    """
    reads_files = any(Permission.FAMILIES_READ in POLICY[role].scopes for role in user.roles)
    return reads_files or Role.PRIVACY_OFFICER not in user.roles


def entrusted_households(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` for work that is about everybody's data, not about a file.

    Whoever is bound does such work for the families whose files she opens, too: what was taken from
    her there is not given back by a log, a request or an incident.
    """
    if not is_bound(user):
        return true()
    opens = visible_households(user, Permission.FAMILIES_READ)
    return and_(visible_households(user, permission), opens)


def entrusted_for_good(user: Asks, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` for what such work decides and what outlasts a visit."""
    if not is_bound(user):
        return true()
    return and_(for_good(user, permission), for_good(user, Permission.FAMILIES_READ))


def hidden_people(
    user: Asks, permission: Permission, *, to_decide: bool = False
) -> Select[uuid.UUID]:
    """Who belongs or belonged to a family that is not entrusted to somebody, or not to decide.

    What is kept about one person tells of every family she was in: it is entrusted to whoever is
    entrusted with all of them.
    """
    entrusted = entrusted_for_good if to_decide else entrusted_households
    return (
        select(HouseholdMember.person_id)
        .join(Household, Household.id == HouseholdMember.household_id)
        .where(HouseholdMember.superseded_at.is_(None), ~entrusted(user, permission))
    )


def people_to_look_for(
    session: Session, household: Household, *, user: SignedIn, permission: Permission
) -> set[uuid.UUID]:
    """Who of a family is looked for where more than its file tells of her, as in lists.

    Somebody who belongs or belonged to another family, too, which whoever asks does not have, stood
    in such a list because of that one.
    """
    people = {member.person_id for member in household.members}
    elsewhere = hidden_people(user, permission).where(
        HouseholdMember.household_id != household.id, HouseholdMember.person_id.in_(people)
    )
    return people.difference(session.scalars(elsewhere))


def find_entrusted(
    session: Session, household_id: uuid.UUID, *, user: SignedIn, permission: Permission
) -> Household | None:
    """One family whose data are entrusted to somebody through a permission, or None."""
    condition = entrusted_households(user, permission)
    return session.scalars(
        select(Household).where(Household.id == household_id, condition)
    ).one_or_none()
