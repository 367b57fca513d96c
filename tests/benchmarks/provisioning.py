"""A new organisation against its bare DDL, and the claim of one from the warm pool."""

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
from psycopg import sql

from config.settings import Settings
from tenants import provisioning as tenants
from tenants.migrator import message_for
from tenants.provisioning import Profile
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, percentile, seconds

Owner = psycopg.Connection[tuple[object, ...]]
ROUNDS = 24


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Both take all tables of the newest revision; only ours knows roles, rights and a registry."""
    with laboratory.database("provisioning") as settings:
        assert settings.owner_database_url is not None
        with psycopg.connect(settings.owner_database_url, autocommit=True) as owner:
            made: list[str] = []
            bare = _bare_ddl(owner)
            pair = in_turns(
                lambda: (
                    1000 * seconds(lambda: made.append(tenants.prepare_schema(owner, settings)))
                ),
                lambda: 1000 * seconds(bare),
                rounds=ROUNDS,
                warm_up=3,
            )
            claims = [1000 * seconds(_claim(owner, number)) for number in range(len(made))]
            tables = _count_tables(owner, made[0])
    yield Row(
        name=f"one organisation, {tables} tables",
        unit="ms",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        target=Target(1.5),
        note="baseline: the tables alone as one message",
    )
    yield Row(
        name="claim from the warm pool",
        unit="ms",
        ours=percentile(claims, 0.5),
        target=Target(10),
        note=f"slowest of {len(claims)}: {max(claims):.1f} ms",
    )


def _bare_ddl(owner: Owner) -> Callable[[], None]:
    """The tables in a schema of their own; the revokes in them ask for a role of its name."""
    numbers = itertools.count()

    def send() -> None:
        name = sql.Identifier(f"provisioning_bare_{next(numbers)}")
        owner.execute(
            sql.SQL(
                "BEGIN; CREATE ROLE {name}; CREATE SCHEMA {name};"
                " SET LOCAL search_path = {name}, extensions; {tables}; COMMIT"
            ).format(name=name, tables=sql.SQL(message_for("tenant", None)))
        )

    return send


def _claim(owner: Owner, number: int) -> Callable[[], object]:
    profile = replace(Profile.named("ussuriysk"), slug=f"claimed-{number}")
    return lambda: tenants.claim_schema(owner, profile)


def _count_tables(owner: Owner, schema: str) -> int:
    row = owner.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = %s", (schema,)
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def schemas(settings: Settings, count: int) -> list[str]:
    """Fill the warm pool, for benchmarks that need many schemas."""
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url, autocommit=True) as owner:
        tenants.fill_pool(owner, settings, size=count)
        rows = owner.execute(
            "SELECT schema_name FROM shared.schema_versions WHERE line = 'tenant' ORDER BY 1"
        ).fetchall()
    return [str(name) for (name,) in rows]


def make_organisations(settings: Settings, count: int) -> None:
    """Bring the number of organisations up to ``count``, two connections at work."""
    assert settings.owner_database_url is not None
    dsn = settings.owner_database_url
    with psycopg.connect(dsn, autocommit=True) as owner:
        have = len(tenants.list_organisations(owner))

        def make(numbers: range) -> None:
            with psycopg.connect(dsn, autocommit=True) as lane:
                for number in numbers:
                    profile = replace(Profile.named("pskov"), slug=f"house-{number}")
                    tenants.create_organisation(lane, settings, profile)

        with ThreadPoolExecutor(2) as lanes:
            list(lanes.map(make, (range(have, count, 2), range(have + 1, count, 2))))
