"""What a new connection costs: the price of one login role for each organisation."""

from collections.abc import Iterable

import psycopg
from sqlalchemy import text

from tenants import context
from tenants.context import Runtime
from tenants.engines import Engines, role_url
from tenants.registry import Registry
from tests.benchmarks.harness import Laboratory, Row, in_turns, seconds

OPENINGS = 20


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """An organisation's first statement in a process against psycopg's own connect and SELECT."""
    with laboratory.database("connections") as settings:
        engines = Engines(settings)
        registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
        context.install(Runtime(settings, engines, registry))
        organisation = registry.get("spb")
        address = role_url(settings, organisation.schema_name, organisation.generation)
        dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)

        def ours() -> None:
            fresh = Engines(settings)
            with fresh.organisation(organisation).connect() as connection:
                connection.execute(text("SELECT 1"))
            fresh.dispose()

        def baseline() -> None:
            with psycopg.connect(dsn) as connection:
                connection.execute("SELECT 1")

        pair = in_turns(
            lambda: seconds(ours, times=OPENINGS) * 1000 / OPENINGS,
            lambda: seconds(baseline, times=OPENINGS) * 1000 / OPENINGS,
            rounds=5,
        )
        engines.dispose()
    yield Row(
        name="opening an organisation's connection",
        unit="ms",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        note="engine, login, SQLAlchemy's questions, check of the schema's marker",
    )
