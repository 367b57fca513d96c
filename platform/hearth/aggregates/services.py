"""Publishes an organisation's protected cubes: counted and rounded inside it, stored in `shared`.

Two units of work, and the first is over before the second begins:

    with tenant_session(organisation) as session:
        cubes = build_cubes(session, organisation=organisation, period=period, ...)
    with shared_session() as session:
        store_cubes(session, cubes, secret=...)

Exact counts live only between the first two lines. A crash between the two units of work only
means that both are repeated: what was rounded is kept whole and handed out again.
"""

import datetime
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hearth.aggregates.catalogue import PUBLISHED
from hearth.aggregates.limits import Base
from hearth.aggregates.models import Cube, CubeCell, Publication
from hearth.aggregates.publication import ProtectedCube, protect
from hearth.indicators import Indicator, Period, PeriodKind
from tenants.models import new_id
from tenants.registry import OrgRef

GRACE = datetime.timedelta(days=5)


class OpenPeriodError(ValueError):
    """The period is not over on the organisation's clock."""


class AlreadyPublishedError(ValueError):
    """Other figures are already published for the same period."""


def build_cubes(
    session: Session,
    *,
    organisation: OrgRef,
    period: Period,
    indicators: Iterable[Indicator],
    secret: str,
    base: Base = Base.FEDERATION,
) -> list[ProtectedCube]:
    """Return the period's protected cubes, rounded now or, if they exist, as they were rounded.

    A period that was published is never counted again: late entries wait for a revision.

    :raises OpenPeriodError: the period still runs on the organisation's clock.
    """
    if period.kind is not PeriodKind.MONTH:
        raise ValueError("Only whole months are published.")
    if period.timezone != organisation.timezone:
        raise ValueError("The period does not follow the organisation's clock.")
    if not period.has_closed(datetime.datetime.now(datetime.UTC)):
        raise OpenPeriodError(f"{period.starts_on:%Y-%m} is not over.")
    return [
        _published(session, indicator, period)
        or _publish(session, indicator, period, organisation, secret, base)
        for indicator in indicators
        if indicator.effective_from <= period.starts_on
    ]


def store_cubes(session: Session, cubes: Sequence[ProtectedCube], *, secret: str) -> int:
    """Put signed cubes where the federation reads them; return how many were new.

    :raises AlreadyPublishedError: the period carries other figures already.
    :raises ForgedCubeError: a cube is not what its organisation signed.
    """
    return sum(_store(session, cube, secret) for cube in cubes)


def closed_months(organisation: OrgRef, *, since: datetime.date) -> list[Period]:
    """Every month from the one that holds `since` to the last that may be published, oldest first.

    A month may be published once it has been over for five days, so that what its last days saw
    is written down by then: a published month is frozen.
    """
    now = datetime.datetime.now(datetime.UTC) - GRACE
    months = []
    month = Period.month(since.year, since.month, organisation.timezone)
    while month.has_closed(now):
        months.append(month)
        month = Period.month(month.ends_on.year, month.ends_on.month, organisation.timezone)
    return months


def months_stored(session: Session, *, organisation: str) -> set[datetime.date]:
    """The first days of the months whose every indicator an organisation has published."""
    rows = session.execute(
        select(Cube.period_start)
        .where(Cube.organisation == organisation)
        .group_by(Cube.period_start)
        .having(func.count(Cube.indicator.distinct()) >= len(PUBLISHED))
    )
    return set(rows.scalars())


def _published(session: Session, indicator: Indicator, period: Period) -> ProtectedCube | None:
    row = session.scalar(
        select(Publication)
        .where(
            Publication.indicator == indicator.id,
            Publication.version == indicator.version,
            Publication.period_kind == period.kind.value,
            Publication.period_start == period.starts_on,
        )
        .order_by(Publication.revision.desc())
        .limit(1)
    )
    return ProtectedCube.from_document(row.document, signature=row.signature) if row else None


def _publish(
    session: Session,
    indicator: Indicator,
    period: Period,
    organisation: OrgRef,
    secret: str,
    base: Base,
) -> ProtectedCube:
    cube = protect(
        indicator,
        counts=indicator.count(session, period),
        by_donor=indicator.amounts(session, period) if indicator.amounts else {},
        by_family=indicator.contributions(session, period) if indicator.contributions else None,
        organisation=organisation.schema_name,
        period=period,
        base=base,
        snapshot_id=new_id(),
        secret=secret,
    )
    # Two workers at once: the second fails on the unique key and finds the first one's cube later.
    session.add(
        Publication(
            indicator=cube.indicator,
            version=cube.version,
            period_kind=cube.period_kind.value,
            period_start=cube.period_start,
            revision=cube.revision,
            snapshot_id=cube.snapshot_id,
            seed_generation=cube.seed_generation,
            checksum=cube.checksum,
            signature=cube.signature,
            document=cube.document(),
        )
    )
    session.flush()
    return cube


def _store(session: Session, cube: ProtectedCube, secret: str) -> bool:
    cube.refuse_forgery(secret)
    key = {
        "organisation": cube.organisation,
        "indicator": cube.indicator,
        "version": cube.version,
        "period_kind": cube.period_kind.value,
        "period_start": cube.period_start,
        "revision": cube.revision,
    }
    cube_id = session.scalar(
        insert(Cube)
        .values(
            id=new_id(),
            **key,
            period_end=cube.period_end,
            base=int(cube.base),
            snapshot_id=cube.snapshot_id,
            seed_generation=cube.seed_generation,
            checksum=cube.checksum,
            signature=cube.signature,
        )
        .on_conflict_do_nothing()
        .returning(Cube.id)
    )
    if cube_id is None:
        _refuse_other_figures(session, cube, key)
        return False
    session.execute(
        insert(CubeCell),
        [
            {
                "cube_id": cube_id,
                "codes": cell.codes,
                "value": cell.value,
                "amount_minor": cell.amount_minor,
                "currency": cell.currency,
            }
            for cell in cube.cells
        ],
    )
    return True


def _refuse_other_figures(session: Session, cube: ProtectedCube, key: dict[str, object]) -> None:
    checksum = session.scalar(select(Cube.checksum).filter_by(**key))
    if checksum != cube.checksum:
        raise AlreadyPublishedError(
            f"{cube.indicator} is published for {cube.period_start:%Y-%m} with other figures."
        )
