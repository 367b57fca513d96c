"""What those who write an organisation's sample data share."""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy.orm import Session

from hearth.demo.sample_profiles import SampleProfile
from tenants.registry import OrgRef


@dataclass(frozen=True)
class Casework:
    """What the writing of one organisation's families needs to know."""

    session: Session
    org: OrgRef
    random: Random
    profile: SampleProfile
    staff: Mapping[str, Sequence[uuid.UUID]]
    today: datetime.date

    @property
    def workers(self) -> Sequence[uuid.UUID]:
        """The social workers."""
        return self.staff["social-worker"]

    def moment(self, day: datetime.date, hour: int) -> datetime.datetime:
        """An hour of a day on the organisation's clock."""
        local = datetime.datetime.combine(day, datetime.time(hour, 20), self.org.clock)
        return local.astimezone(datetime.UTC)
