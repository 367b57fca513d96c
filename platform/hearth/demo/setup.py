"""Brings the demo's database to the newest schema, with its organisations and sample data."""

import datetime
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from config.settings import Settings
from hearth.demo import sample
from hearth.demo.progress import Progress
from tenants import context, keys_database, migrator, provisioning, roles
from tenants.engines import Engines
from tenants.provisioning import Profile

# Ready to be claimed, so that adding an organisation by hand shows how quick that is.
WARM_SCHEMAS = 1


def fill_database(
    settings: Settings, owner_dsn: str, keys_owner_dsn: str, progress: Progress
) -> bool:
    """Do what is not done yet, and tell whether sample data was written.

    On a database that has it all this is a matter of moments. Each organisation's data is one
    transaction, so that an interrupted start leaves all of it or none.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        with progress.step("A database for the keys"):
            _make_database(connection, keys_owner_dsn)
            keys_database.prepare(keys_owner_dsn, settings)
            keys_database.migrate(keys_owner_dsn)
        with progress.step("Roles and rights"):
            roles.prepare_database(connection, settings)
        with progress.step("Schemas at the newest revision"):
            migrator.migrate_all(owner_dsn, report=lambda _step: None)
        existing = {row[0] for row in provisioning.list_organisations(connection)}
        for slug in profile_slugs():
            if slug not in existing:
                with progress.step(f"Organisation {slug}"):
                    provisioning.create_organisation(connection, settings, Profile.named(slug))
        provisioning.register_keys(connection, settings)
        with progress.step("A schema in reserve"):
            provisioning.fill_pool(connection, settings, size=WARM_SCHEMAS)
    return _fill_organisations(settings, progress)


def _make_database(connection: "psycopg.Connection[Any]", dsn: str) -> None:
    """Make the database of an address unless it is there."""
    name = str(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def profile_slugs() -> list[str]:
    """The organisations whose profiles come with the service."""
    files = resources.files("tenants").joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def _fill_organisations(settings: Settings, progress: Progress) -> bool:
    runtime = context.configure(settings)
    filled = sample.fill_federation()
    for organisation in runtime.registry.all_active():
        today = datetime.datetime.now(organisation.clock).date()
        with progress.step(f"Sample data of {organisation.slug}") as step:
            filled = sample.fill(organisation, today=today, report=step.advance) or filled
    # From here on this process only watches; its connections would keep a database from stopping.
    if isinstance(runtime.bindings, Engines):
        runtime.bindings.dispose()
    return filled
