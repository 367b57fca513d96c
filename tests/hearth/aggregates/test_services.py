import datetime
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import time_machine
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.aggregates.models import Cube, CubeCell, Publication
from hearth.aggregates.publication import ForgedCubeError, ProtectedCell, ProtectedCube
from hearth.aggregates.services import (
    AlreadyPublishedError,
    OpenPeriodError,
    build_cubes,
    closed_months,
    store_cubes,
)
from hearth.indicators import Cell, Indicator, Period
from tenants.engines import Engines
from tenants.models import new_id
from tenants.registry import OrgRef
from tests.hearth.aggregates.tables import indicator

SECRET = "a secret of the platform, long enough"
COUNTS: dict[Cell, int] = {("housing",): 3, ("material",): 12, ("legal",): 1}


@pytest.fixture
def march(spb: OrgRef) -> Period:
    return Period.month(2026, 3, spb.timezone)


def build(
    session: Session, spb: OrgRef, period: Period, counted: Indicator | None = None
) -> list[ProtectedCube]:
    return build_cubes(
        session,
        organisation=spb,
        period=period,
        indicators=[counted or indicator(COUNTS)],
        secret=SECRET,
    )


def test_a_published_month_is_kept_and_never_counted_again(
    session: Session, spb: OrgRef, march: Period
) -> None:
    first = build(session, spb, march)

    with_late_entries = indicator({("housing",): 9, ("material",): 13})
    second = build(session, spb, march, with_late_entries)

    assert second == first
    assert session.scalars(select(Publication.checksum)).all() == [first[0].checksum]


def test_the_organisation_s_own_record_holds_no_small_count(
    session: Session, spb: OrgRef, march: Period
) -> None:
    build(session, spb, march)

    document = session.scalars(select(Publication.document)).one()
    values = {value for _codes, value, _amount, _currency in document["cells"]}
    assert values <= {0, 5, 12}


def test_a_month_that_still_runs_is_not_published(session: Session, spb: OrgRef) -> None:
    today = datetime.datetime.now(spb.clock)
    running = Period.month(today.year, today.month, spb.timezone)

    with pytest.raises(OpenPeriodError):
        build(session, spb, running)

    assert session.scalar(select(func.count()).select_from(Publication)) == 0


def test_only_whole_months_are_published(session: Session, spb: OrgRef) -> None:
    fortnight = Period.days(datetime.date(2026, 3, 1), datetime.date(2026, 3, 15), spb.timezone)

    with pytest.raises(ValueError, match="whole months"):
        build(session, spb, fortnight)

    assert session.scalar(select(func.count()).select_from(Publication)) == 0


def test_a_month_on_another_clock_is_refused(session: Session, spb: OrgRef) -> None:
    elsewhere = Period.month(2026, 3, "Pacific/Kiritimati")

    with pytest.raises(ValueError, match="clock"):
        build(session, spb, elsewhere)


def test_nothing_is_published_for_months_before_the_definition(
    session: Session, spb: OrgRef, march: Period
) -> None:
    later = indicator(COUNTS, effective_from=datetime.date(2026, 4, 1))

    cubes = build(session, spb, march, later)

    assert cubes == []


@pytest.mark.parametrize(("day", "last"), [(5, 4), (7, 5), (30, 5)])
def test_a_month_is_offered_once_it_has_been_over_for_five_days(
    spb: OrgRef, day: int, last: int
) -> None:
    with time_machine.travel(datetime.datetime(2026, 6, day, tzinfo=datetime.UTC)):
        months = closed_months(spb, since=datetime.date(2026, 1, 31))

    assert months[0].starts_on == datetime.date(2026, 1, 1)
    assert months[-1].starts_on == datetime.date(2026, last, 1)


def test_stored_figures_are_those_of_the_cube(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    cubes = build(session, spb, march)

    stored = store_cubes(shared, cubes, secret=SECRET)

    rows = shared.execute(select(CubeCell.codes, CubeCell.value)).all()
    assert stored == 1
    assert {row.codes: row.value for row in rows} == {
        cell.codes: cell.value for cell in cubes[0].cells
    }
    assert shared.scalars(select(Cube.checksum)).one() == cubes[0].checksum


def test_storing_twice_changes_nothing(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    cubes = build(session, spb, march)

    stored = [store_cubes(shared, cubes, secret=SECRET) for _ in range(2)]

    assert stored == [1, 0]
    assert shared.scalar(select(func.count()).select_from(Cube)) == 1


def test_other_figures_for_a_published_month_are_refused(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    [cube] = build(session, spb, march)
    store_cubes(shared, [cube], secret=SECRET)
    other = replace(cube, cells=(ProtectedCell(("housing",), 40), *cube.cells[1:])).signed(SECRET)

    with pytest.raises(AlreadyPublishedError):
        store_cubes(shared, [other], secret=SECRET)


def test_a_cube_nobody_signed_is_not_stored(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    [cube] = build(session, spb, march)

    with pytest.raises(ForgedCubeError):
        store_cubes(shared, [replace(cube, signature="0" * 64)], secret=SECRET)

    assert shared.scalar(select(func.count()).select_from(Cube)) == 0


def test_the_table_itself_refuses_a_small_count(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    store_cubes(shared, build(session, spb, march), secret=SECRET)
    cube_id = shared.scalars(select(Cube.id)).one()

    with pytest.raises(IntegrityError, match="no_small_count"), shared.begin_nested():
        shared.execute(insert(CubeCell).values(cube_id=cube_id, codes=("slipped_in",), value=3))


def test_the_platform_may_not_change_what_is_published(
    session: Session, shared: Session, spb: OrgRef, march: Period
) -> None:
    store_cubes(shared, build(session, spb, march), secret=SECRET)

    for change in (update(Cube).values(base=10), delete(Cube), delete(CubeCell)):
        with pytest.raises(DBAPIError, match="permission denied"), shared.begin_nested():
            shared.execute(change)


def test_the_organisation_may_not_change_its_own_record(
    session: Session, spb: OrgRef, march: Period
) -> None:
    build(session, spb, march)

    for change in (update(Publication).values(revision=1), delete(Publication)):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(change)


@pytest.fixture
def owner(settings: Settings) -> Iterator[psycopg.Connection]:
    """The owner of the tables, who may do what no role of the service may."""
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url) as connection:
        yield connection
        connection.rollback()


def put_cube(owner: psycopg.Connection) -> str:
    cube_id = str(new_id())
    owner.execute(
        "INSERT INTO shared.cubes (id, organisation, indicator, version, period_kind,"
        " period_start, period_end, base, snapshot_id, seed_generation, revision, checksum,"
        " signature) VALUES (%s, 'org_x', 'families_served', 1, 'month', '2020-01-01',"
        " '2020-02-01', 5, %s, 1, 0, '', '')",
        (cube_id, cube_id),
    )
    return cube_id


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE shared.cubes SET base = 10",
        "DELETE FROM shared.cubes",
        "TRUNCATE shared.cubes CASCADE",
        "UPDATE shared.cube_cells SET value = 50",
        "DELETE FROM shared.cube_cells",
    ],
)
def test_even_the_owner_s_change_is_refused(owner: psycopg.Connection, change: str) -> None:
    put_cube(owner)

    with pytest.raises(psycopg.errors.RestrictViolation, match="frozen"):
        owner.execute(change)


@pytest.fixture
def complete_cube(settings: Settings) -> Iterator[str]:
    """A cube whose publication is over."""
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url) as writer:
        cube_id = put_cube(writer)
    yield cube_id
    with psycopg.connect(settings.owner_database_url) as cleaner:
        cleaner.execute("ALTER TABLE shared.cubes DISABLE TRIGGER refuse_change")
        cleaner.execute("DELETE FROM shared.cubes WHERE id = %s", (cube_id,))
        cleaner.execute("ALTER TABLE shared.cubes ENABLE TRIGGER refuse_change")


def test_a_cell_cannot_be_slipped_into_a_cube_that_is_complete(
    owner: psycopg.Connection, complete_cube: str
) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="frozen"):
        owner.execute(
            "INSERT INTO shared.cube_cells (cube_id, codes, value) VALUES (%s, '{late}', 7)",
            (complete_cube,),
        )


def test_the_federation_s_reader_reads_cubes_and_writes_nothing(engines: Engines) -> None:
    with engines.reader().connect() as reader:
        assert reader.scalar(select(func.count()).select_from(Cube)) == 0
        assert reader.scalar(select(func.count()).select_from(CubeCell)) == 0

        for forbidden in (delete(CubeCell), update(Cube).values(base=10)):
            with pytest.raises(DBAPIError, match="permission denied"), reader.begin_nested():
                reader.execute(forbidden)
