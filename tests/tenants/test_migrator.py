"""Roll-outs: resumable, one transaction a schema, canary first, and a failure names itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from config.settings import Settings
from tenants import migrator, provisioning, revisions
from tenants.engines import role_url
from tenants.migrator import (
    MigrationError,
    RollOutRunningError,
    SchemasLockedError,
    Step,
    migrate_all,
    outdated,
)
from tenants.provisioning import Profile
from tenants.releases import Line, head
from tenants.revisions import Revision
from tests.support.servers import Addresses, copy_template, drop_database, settings_for

Owner = psycopg.Connection[tuple[object, ...]]


@dataclass
class Installation:
    """A database of its own with six organisations' schemas."""

    settings: Settings
    owner: Owner
    dsn: str


@pytest.fixture(scope="module")
def database(addresses: Addresses, worker: str) -> Iterator[str]:
    name = copy_template(addresses, f"migrator_{worker}")
    yield name
    drop_database(addresses, name)


@pytest.fixture
def installation(addresses: Addresses, database: str, worker: str) -> Iterator[Installation]:
    settings = settings_for(addresses, database, HEARTH_ROLE_PREFIX=f"m{worker}_")
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url, autocommit=True) as owner:
        provisioning.fill_pool(owner, settings, size=4)
        yield Installation(settings, owner, settings.owner_database_url)
        for (role,) in owner.execute("SELECT name FROM shared.schemas WHERE state = 'warm'"):
            owner.execute(f'DROP SCHEMA "{role}" CASCADE')
            owner.execute(f'DROP OWNED BY "{role}"')
            owner.execute(f'DROP ROLE "{role}"')
        owner.execute("DELETE FROM shared.schema_versions WHERE schema_name LIKE 'm%'")
        owner.execute("DELETE FROM shared.schemas WHERE state = 'warm'")


@pytest.fixture
def next_release(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """The installation as a release with one revision more finds it."""
    shared = revisions.revisions("shared")
    known = revisions.revisions("tenant")
    added = Revision("9999", "ALTER TABLE users ADD COLUMN IF NOT EXISTS extra text;")

    def steps(line: Line) -> tuple[Revision, ...]:
        return (*known, added) if line == "tenant" else shared

    monkeypatch.setattr(revisions, "revisions", steps)
    monkeypatch.setattr(migrator, "head", lambda line: steps(line)[-1].identifier)
    migrator.message_for.cache_clear()
    yield installation
    migrator.message_for.cache_clear()


def test_when_nothing_is_to_be_done_nothing_is_done(installation: Installation) -> None:
    steps = migrate_all(installation.dsn, report=lambda _step: None)

    assert steps == []


def test_every_schema_gets_the_new_revision_and_one_line(next_release: Installation) -> None:
    lines: list[Step] = []

    migrate_all(next_release.dsn, report=lines.append)

    assert len(lines) == 6
    assert {step.after for step in lines} == {"9999"}
    assert outdated(next_release.owner) == []
    _undo(next_release)


def test_a_failing_schema_stops_the_roll_out_names_itself_and_can_be_resumed(
    next_release: Installation,
) -> None:
    victim = outdated(next_release.owner)[3][0]
    next_release.owner.execute(f'ALTER TABLE "{victim}".users RENAME TO users_gone')

    with pytest.raises(MigrationError, match=victim):
        migrate_all(next_release.dsn, report=lambda _step: None, parallel=1)

    left = [schema for schema, _ in outdated(next_release.owner)]
    assert victim in left
    assert len(left) == 3
    next_release.owner.execute(f'ALTER TABLE "{victim}".users_gone RENAME TO users')
    resumed = migrate_all(next_release.dsn, report=lambda _step: None)
    assert sorted(step.schema for step in resumed) == sorted(left)
    _undo(next_release)


def test_a_failing_canary_touches_nobody_else(next_release: Installation) -> None:
    canary = outdated(next_release.owner)[0][0]
    next_release.owner.execute(f'ALTER TABLE "{canary}".users RENAME TO users_gone')

    with pytest.raises(MigrationError, match=canary):
        migrate_all(next_release.dsn, report=lambda _step: None)

    assert len(outdated(next_release.owner)) == 6
    next_release.owner.execute(f'ALTER TABLE "{canary}".users_gone RENAME TO users')


def test_a_transaction_that_an_organisation_leaves_open_does_not_stop_the_roll_out(
    next_release: Installation,
) -> None:
    behind = [schema for schema, _ in outdated(next_release.owner)]
    # One of those that stand before others, as canary and later.
    holder = _sign_in(next_release, behind[0])
    holder.execute("SET idle_in_transaction_session_timeout = 0")
    holder.execute("SELECT count(*) FROM users")

    steps = migrate_all(next_release.dsn, report=lambda _step: None)

    assert sorted(step.schema for step in steps) == sorted(behind)
    assert outdated(next_release.owner) == []
    holder.close()
    _undo(next_release)


def test_a_schema_that_stays_locked_is_named_and_all_others_are_migrated(
    next_release: Installation,
) -> None:
    behind = [schema for schema, _ in outdated(next_release.owner)]
    # Somebody whom the command does not end: not an organisation.
    with psycopg.connect(next_release.dsn) as holder:
        holder.execute(f'SELECT count(*) FROM "{behind[0]}".users')
        holder.execute(f'SELECT count(*) FROM "{behind[2]}".users')

        with pytest.raises(SchemasLockedError, match=f"{behind[0]}, {behind[2]} was not") as told:
            migrate_all(next_release.dsn, report=lambda _step: None)

    assert [schema for schema, _ in outdated(next_release.owner)] == [behind[0], behind[2]]
    assert "stayed locked" in str(told.value)
    resumed = migrate_all(next_release.dsn, report=lambda _step: None)
    assert len(resumed) == 2
    _undo(next_release)


@pytest.mark.usefixtures("next_release")
def test_two_roll_outs_do_not_run_at_once(installation: Installation) -> None:
    installation.owner.execute("SELECT pg_advisory_lock(%s)", (migrator.ROLL_OUT_LOCK,))

    with pytest.raises(RollOutRunningError):
        migrate_all(installation.dsn, report=lambda _step: None)

    installation.owner.execute("SELECT pg_advisory_unlock(%s)", (migrator.ROLL_OUT_LOCK,))


def test_a_schema_from_a_newer_release_is_refused(installation: Installation) -> None:
    schema = installation.owner.execute(
        "UPDATE shared.schema_versions SET revision = 'from the future'"
        " WHERE schema_name LIKE 'm%' RETURNING schema_name"
    ).fetchone()

    with pytest.raises(MigrationError, match="newer than this release"):
        migrate_all(installation.dsn, report=lambda _step: None)

    assert schema is not None


def test_a_new_table_is_open_to_its_organisation_alone(installation: Installation) -> None:
    profile = replace(Profile.named("krasnoyarsk"), slug="krasnoyarsk")
    schema = provisioning.create_organisation(installation.owner, installation.settings, profile)
    installation.owner.execute(f'CREATE TABLE "{schema}".later (id int)')

    granted = installation.owner.execute(
        "SELECT grantee, string_agg(privilege_type, ',' ORDER BY privilege_type)"
        " FROM information_schema.role_table_grants"
        " WHERE table_schema = %s AND table_name = 'later' AND grantee <> current_user"
        " GROUP BY grantee",
        (schema,),
    ).fetchall()

    assert granted == [(schema, "DELETE,INSERT,SELECT,UPDATE")]
    provisioning.set_state(installation.owner, "krasnoyarsk", before="active", after="suspended")
    provisioning.drop_organisation(installation.owner, installation.settings, "krasnoyarsk")


def _sign_in(installation: Installation, role: str) -> Owner:
    url = role_url(installation.settings, role, 1).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False))


def _undo(installation: Installation) -> None:
    rows = installation.owner.execute(
        "SELECT schema_name FROM shared.schema_versions WHERE line = 'tenant'"
    ).fetchall()
    for (schema,) in rows:
        installation.owner.execute(f'ALTER TABLE "{schema}".users DROP COLUMN IF EXISTS extra')
    installation.owner.execute(
        "UPDATE shared.schema_versions SET revision = %s WHERE line = 'tenant'",
        (KNOWN_HEAD,),
    )


KNOWN_HEAD = head("tenant")
