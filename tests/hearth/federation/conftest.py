import datetime
from collections.abc import Callable, Mapping, Sequence

import pytest
from sqlalchemy.orm import Session

from hearth.aggregates.limits import Base
from hearth.aggregates.publication import ProtectedCube, protect
from hearth.aggregates.services import store_cubes
from hearth.indicators import Cell, Indicator, Period
from tenants.models import new_id
from tenants.registry import OrgRef

SECRET = "a secret of the platform, long enough"
Publish = Callable[..., ProtectedCube]


@pytest.fixture
def publish(shared: Session) -> Publish:
    """Publish made-up exact figures of an organisation's month, as that organisation would."""

    def put(
        indicator: Indicator,
        organisation: OrgRef,
        month: datetime.date,
        counts: Mapping[Cell, int],
        by_donor: Mapping[Cell, Sequence[int]] | None = None,
    ) -> ProtectedCube:
        cube = protect(
            indicator,
            counts=counts,
            by_donor=by_donor or {},
            organisation=organisation.schema_name,
            period=Period.month(month.year, month.month, organisation.timezone),
            base=Base.FEDERATION,
            snapshot_id=new_id(),
            secret=SECRET,
        )
        store_cubes(shared, [cube], secret=SECRET)
        return cube

    return put
