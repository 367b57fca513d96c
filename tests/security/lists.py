"""Asks every list, count and search, and says what the policy did not."""

import uuid

from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import POLICY, Scope
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.listing import FamilyQuery, FamilyView, count_families, find_families
from hearth.intake.listing import ReferralQuery, ReferralView, count_referrals, find_referrals
from tests.factories.people import as_role
from tests.security.world import Kind, World, reaches

P = Permission


def lists_of(
    session: Session, worlds: dict[Role, World], role: Role
) -> dict[str, tuple[object, object]]:
    """Every list that holds more or less than the policy says: what it held and what is right."""
    user = as_role(session, role)
    right = expected_families(worlds, role, P.FAMILIES_READ)
    named = right if user.sees(FieldClass.IDENTITY) else set()
    everything = FamilyQuery(view=FamilyView.ALL)
    by_name = FamilyQuery(view=FamilyView.ALL, text="lastcanary")
    asked: dict[str, tuple[object, object]] = {
        "list": (_families(session, user, everything), right),
        "search": (_families(session, user, by_name), named),
        "count": (count_families(session, user=user)[FamilyView.ALL], len(right)),
        "referrals": _referrals(session, user, worlds),
    }
    return {f"{role}: {what}": pair for what, pair in asked.items() if pair[0] != pair[1]}


def expected_families(
    worlds: dict[Role, World], role: Role, permission: Permission
) -> set[uuid.UUID]:
    """What the policy says that somebody with a role finds in a list of all worlds' families."""
    everywhere = POLICY[role].scopes.get(permission) is Scope.ORGANISATION
    hers = {
        thing.household_id
        for kind, thing in worlds[role].things.items()
        if reaches(role, permission, kind)
    }
    others = {
        thing.household_id
        for other, world in worlds.items()
        for kind, thing in world.things.items()
        if other is not role and everywhere and kind not in {Kind.RESTRICTED, Kind.GRANTED}
    }
    return hers | others


def _referrals(
    session: Session, user: SignedIn, worlds: dict[Role, World]
) -> tuple[object, object]:
    query = ReferralQuery(view=ReferralView.ALL)
    found, total = find_referrals(session, query, user=user, limit=1000, offset=0)
    right = expected_families(worlds, user.roles[0], P.FAMILIES_READ)
    if P.REFERRALS_READ not in POLICY[user.roles[0]].scopes:
        right = set()
    counted = count_referrals(session, user=user)[ReferralView.ALL]
    here = {referral.household_id for referral in found}
    return (here, total, counted), (right, len(right), len(right))


def _families(session: Session, user: SignedIn, query: FamilyQuery) -> set[uuid.UUID]:
    found, _total = find_families(session, query, user=user, limit=1000, offset=0)
    return {household.id for household in found}
