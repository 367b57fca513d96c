"""Brings the demo's database to the newest schema, with its organisations and sample data."""

from importlib import resources

import psycopg

from config.settings import Settings
from hearth.demo.progress import Progress
from tenants import context, migrator, provisioning, roles
from tenants.provisioning import Profile


def fill_database(settings: Settings, owner_dsn: str, progress: Progress) -> None:
    """Do whatever is not done yet; on a database that has it all this is a matter of moments."""
    with progress.step("Roles and rights"), _owner(owner_dsn) as connection:
        roles.prepare_database(connection, settings)
    with progress.step("Schemas at the newest revision"):
        migrator.migrate_all(owner_dsn, report=lambda step: None)
    with _owner(owner_dsn) as connection:
        existing = {row[0] for row in provisioning.list_organisations(connection)}
        for slug in profile_slugs():
            if slug not in existing:
                with progress.step(f"Organisation {slug}"):
                    provisioning.create_organisation(connection, settings, Profile.named(slug))
    context.configure(settings)


def profile_slugs() -> list[str]:
    """The organisations whose profiles come with the service."""
    files = resources.files("tenants").joinpath("profiles").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def _owner(dsn: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(dsn, autocommit=True)
