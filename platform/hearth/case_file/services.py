"""Gathers what the features know about one family, as far as the reader may see it."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn, names_of
from hearth.audit.services import Reader, readers_of
from hearth.families import services as families
from hearth.families.access import (
    is_hers_to_hand_over,
    is_visible,
    may_reopen,
    permissions_on,
)
from hearth.families.besides import closed_purposes
from hearth.families.knowing import known_in
from hearth.families.models import Household
from hearth.families.seen import SeenHousehold, see_household
from hearth.families.vocabulary import ClosingReason
from hearth.intake.seen import SeenReferral, see_referrals
from hearth.intake.services import referrals_of
from hearth.service_delivery.sealed import SeenService, see_services
from hearth.service_delivery.services import entries_of
from hearth.shelter.seen import SeenStay, see_stays
from hearth.shelter.services import stays_of


class StillInShelterError(ValueError):
    """A case is not closed while the family sleeps in one of the houses.

    ``is_known`` says whether whoever closes it may learn that it does.
    """

    def __init__(self, *, is_known: bool) -> None:
        super().__init__("the family sleeps in one of the houses")
        self.is_known = is_known


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One family with everything that happened."""

    household: SeenHousehold
    allows: frozenset[Permission]
    may_hand_over: bool
    may_reopen: bool
    may_correct: frozenset[uuid.UUID]
    referrals: list[SeenReferral]
    stays: list[SeenStay]
    deliveries: list[SeenService]
    readers: list[Reader]
    staff: dict[uuid.UUID, str]

    @property
    def open_stay(self) -> SeenStay | None:
        """The stay of a family that sleeps in one of the houses now."""
        return next((stay for stay in self.stays if stay.is_open), None)


def open_file(session: Session, household: Household, *, user: SignedIn) -> CaseFile:
    """Gather a family's file as far as somebody sees it, and note that she or he looked."""
    families.record_read(session, household_id=household.id, user_id=user.id)
    allows = permissions_on(session, household.id, user=user)
    known = known_in(session, [household.id], user=user)
    stays = see_stays(session, household.id, user=user)
    closed = closed_purposes(session, household.id, user=user)
    deliveries = see_services(session, entries_of(session, household.id), user)
    referrals = referrals_of(session, household.id) if Permission.REFERRALS_READ in allows else []
    return CaseFile(
        household=see_household(household, user.eyes(Permission.FAMILIES_READ), known),
        allows=allows,
        may_hand_over=_may_hand_over(session, household.id, allows, user),
        may_reopen=not household.is_open and may_reopen(session, household.id, user=user),
        may_correct=_correctable(session, deliveries, allows, household.id, user),
        referrals=see_referrals(session, referrals, user),
        stays=stays,
        deliveries=deliveries,
        readers=readers_of(session, household.id, without=closed),
        staff=names_of(session, _people_who_acted(household, stays)),
    )


def close_case(
    session: Session,
    household: Household,
    *,
    closed_on: date,
    reason: ClosingReason,
    note: str | None,
    closed_by: SignedIn,
    today: date,
) -> None:
    """Close a family's case, once it sleeps in none of the houses.

    :raises StillInShelterError: it does.
    :raises FamilyError: the case is closed already, or the day does not fit.
    """
    families.lock(session, household)
    if any(stay.is_open for stay in stays_of(session, household.id)):
        seen = see_stays(session, household.id, user=closed_by)
        raise StillInShelterError(is_known=any(stay.is_open for stay in seen))
    families.close_case(
        session,
        household,
        closed_on=closed_on,
        reason=reason,
        note=note,
        closed_by=closed_by.id,
        today=today,
    )


def _may_hand_over(
    session: Session, household_id: uuid.UUID, allows: frozenset[Permission], user: SignedIn
) -> bool:
    """Whether the family is hers to hand over: not by grant alone, unless it is a keeper's."""
    write = Permission.FAMILIES_WRITE
    return write in allows and is_hers_to_hand_over(
        session, household_id, user=user, permission=write
    )


def _correctable(
    session: Session,
    deliveries: list[SeenService],
    allows: frozenset[Permission],
    household_id: uuid.UUID,
    user: SignedIn,
) -> frozenset[uuid.UUID]:
    """The entries that lead to their correction: all that may be changed, or her own alone."""
    write = Permission.SERVICES_WRITE
    changeable = {one.id for one in deliveries if one.may_change}
    if write in allows:
        return frozenset(changeable)
    own = {one.id for one in deliveries if one.provided_by == user.id} & changeable
    if own and is_visible(session, household_id, user=user, permission=write, own_entries=True):
        return frozenset(own)
    return frozenset()


def _people_who_acted(household: Household, stays: list[SeenStay]) -> set[uuid.UUID]:
    acted = {episode.opened_by for episode in household.episodes}
    acted |= {episode.closed_by for episode in household.episodes if episode.closed_by}
    acted |= {member.recorded_by for member in household.members}
    acted |= {member.left_recorded_by for member in household.members if member.left_recorded_by}
    return acted | {one.admitted_by for one in stays if one.admitted_by}
