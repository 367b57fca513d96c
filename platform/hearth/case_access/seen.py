"""Who was let into a file, and why it is closed, as far as a reader sees it."""

import uuid
from datetime import datetime
from typing import Protocol

from hearth.accounts.redaction import Sees, of_class, seen, view
from hearth.case_access.services import EndedGrant
from hearth.data_classes import FieldClass
from hearth.families.access_models import CaseGrant, HouseholdRestriction, RestrictionKind


class Colleague(Protocol):
    """Somebody of the staff, as far as a page names her."""

    @property
    def name(self) -> str:
        """What colleagues call her."""


@view
class SeenGrant:
    """One family opened to one colleague; why she was let in may tell of the family."""

    id: uuid.UUID = of_class(None)
    user: Colleague = of_class(None)
    reason: str = of_class(FieldClass.FREE_TEXT, hidden="")
    giver: Colleague | None = of_class(None)
    starts_at: datetime = of_class(None)
    ends_at: datetime | None = of_class(None)


@view
class SeenEndedGrant:
    """A grant that opens nothing any more."""

    grant: SeenGrant = of_class(None)
    ended_at: datetime = of_class(None)
    taken_back_by: str = of_class(None)


@view
class SeenRestriction:
    """A file that opens by name alone; why it does is a legal matter."""

    id: uuid.UUID = of_class(None)
    kind: RestrictionKind | None = of_class(FieldClass.LEGAL)
    from_at: datetime = of_class(None)
    setter: Colleague = of_class(None)


def see_grant(grant: CaseGrant, sees: Sees) -> SeenGrant:
    """A grant as far as a reader sees it."""
    return seen(SeenGrant, grant, sees)


def see_ended_grant(ended: EndedGrant, sees: Sees) -> SeenEndedGrant:
    """A grant that is over, as far as a reader sees it."""
    return seen(SeenEndedGrant, ended, sees, grant=see_grant(ended.grant, sees))


def see_restriction(restriction: HouseholdRestriction, sees: Sees) -> SeenRestriction:
    """A restriction as far as a reader sees it."""
    return seen(SeenRestriction, restriction, sees)
