"""What stands in a family's file for those alone who may read that besides: stays and referrals.

A log, a list of looks, a request or a certificate tells nobody of a stay whom the file tells of
none. The parts of a file are known here by what each place calls them.
"""

import uuid
from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission
from hearth.accounts.services import SignedIn
from hearth.data_classes import FieldClass
from hearth.families.access import is_bound
from hearth.families.models import Household
from hearth.families.reach import visible_households

_STAYS, _REFERRALS = Permission.SHELTER_READ, Permission.REFERRALS_READ
# By the tables of the register.
BY_TABLE: Mapping[str, Permission] = MappingProxyType(
    {
        "referrals": _REFERRALS,
        "stay_changes": _STAYS,
        "stay_places": _STAYS,
        "stays": _STAYS,
    }
)
# By what an event of the log is about.
BY_SUBJECT: Mapping[str, Permission] = MappingProxyType({"referral": _REFERRALS, "stay": _STAYS})
# By what somebody looked for: that she was shown a family there tells that it has such a thing.
BY_PURPOSE: Mapping[str, Permission] = MappingProxyType(
    {
        "admission": _STAYS,
        "referral": _REFERRALS,
        "referrals": _REFERRALS,
        "stay": _STAYS,
        "tonight": _STAYS,
    }
)
# Whoever does not read where a family lives learns of no stay at all.
_AS_FAR_AS = MappingProxyType({_STAYS: FieldClass.LOCATION})


def opens_besides(user: SignedIn, permission: Permission) -> ColumnElement[bool]:
    """The condition on ``Household`` that its file, too, shows this part of it to somebody."""
    told_by = _AS_FAR_AS.get(permission)
    reader = user.reading(told_by, permission) if told_by else user
    file = visible_households(user, Permission.FAMILIES_READ)
    return and_(file, visible_households(reader, permission))


def opens_whole(user: SignedIn) -> ColumnElement[bool]:
    """The condition on ``Household`` that its file shows somebody every part it may have."""
    return and_(*(opens_besides(user, one) for one in (_REFERRALS, _STAYS)))


def closed_besides(
    session: Session, household_ids: Collection[uuid.UUID], *, user: SignedIn
) -> frozenset[Permission]:
    """What of one of these families' files, at least, does not open to somebody who is bound."""
    if not is_bound(user):
        return frozenset()
    columns = [opens_besides(user, one).label(one.name) for one in (_REFERRALS, _STAYS)]
    rows = session.execute(
        select(Household.id, *columns).where(Household.id.in_(household_ids))
    ).all()
    parts = enumerate((_REFERRALS, _STAYS), start=1)
    return frozenset(one for n, one in parts if not all(row[n] for row in rows))


def closed_purposes(session: Session, household_id: uuid.UUID, *, user: SignedIn) -> frozenset[str]:
    """For what others looked at a family without somebody being told of it."""
    closed = closed_besides(session, [household_id], user=user)
    return frozenset(one for one, permission in BY_PURPOSE.items() if permission in closed)
