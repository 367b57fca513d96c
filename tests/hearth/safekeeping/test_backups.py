"""Backups: sealed, complete, of one organisation alone, and what comes back is what was there."""

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from config.settings import MissingSettingError
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.sessions import Assurance, start_session
from hearth.app import create_app
from hearth.families.models import Household, Person
from hearth.safekeeping.rehearsal import look_into
from tenants import backups, provisioning, restoring
from tenants.backup_keys import DerivedKeys, LostKeyError
from tenants.context import tenant_session
from tenants.copying import CopyError, fingerprints, snapshot
from tenants.drilling import Drill, drill
from tenants.engines import PLATFORM_ROLE, role_url
from tenants.restoring import NotABackupError
from tenants.roles import OrganisationError
from tenants.sealed_stream import DamagedStreamError
from tests.factories.families import open_family
from tests.hearth.safekeeping.conftest import House, Owner
from tests.support.servers import BASE_DOMAIN
from tests.support.visitors import Visitor

OTHERS = ("pskov", "ussuriysk", "krasnoyarsk")


def back_up(house: House, slug: str) -> backups.Made:
    return backups.back_up(house.home, house.settings, house.keys, slug)


def restore(house: House, slug: str, folder: Path) -> restoring.Restored:
    return restoring.restore(house.home, house.settings, house.keys, slug, folder)


def rehearse(house: House, slug: str) -> Drill:
    organisation = house.organisation(slug)
    return drill(
        house.home,
        house.settings,
        house.keys,
        slug,
        look=lambda _slug, restored: look_into(organisation, restored),
    )


def families(house: House, slug: str) -> int:
    with tenant_session(house.organisation(slug)) as session:
        return session.query(Household).count()


def suspend(house: House, slug: str) -> None:
    provisioning.set_state(house.home, slug, before="active", after="suspended")


def resume(house: House, slug: str) -> None:
    provisioning.set_state(house.home, slug, before="suspended", after="active")


def test_what_was_lost_after_a_backup_comes_back_and_what_came_later_is_gone(
    house: House, passing: str
) -> None:
    schema = house.organisation(passing).schema_name
    made = back_up(house, passing)
    with snapshot(house.home):
        before = fingerprints(house.home, schema)
    with tenant_session(house.organisation(passing)) as session:
        open_family(session)
    suspend(house, passing)

    restored = restore(house, passing, made.folder)

    resume(house, passing)
    with snapshot(house.home):
        assert fingerprints(house.home, schema) == before
    assert restored.rows == made.rows
    assert families(house, passing) == 1
    with tenant_session(house.organisation(passing)) as session:
        open_family(session)
    assert families(house, passing) == 2


def test_constraints_triggers_and_rights_are_the_same_after_a_restore(
    house: House, passing: str
) -> None:
    schema = house.organisation(passing).schema_name
    shape = restoring_shape(
        "pg_constraint", "conname, contype::text, convalidated::text"
    ) + restoring_shape("pg_class", "relname, relkind::text, relacl::text")
    before = [house.home.execute(query, (schema,)).fetchall() for query in shape]
    made = back_up(house, passing)
    suspend(house, passing)

    restore(house, passing, made.folder)

    assert [house.home.execute(query, (schema,)).fetchall() for query in shape] == before


def restoring_shape(catalogue: str, columns: str) -> list[sql.SQL]:
    space = {"pg_constraint": "connamespace", "pg_class": "relnamespace"}[catalogue]
    text = f"SELECT {columns} FROM {catalogue} WHERE {space} = %s::regnamespace ORDER BY 1, 2, 3"
    return [sql.SQL(text)]


def test_nothing_readable_lies_on_the_disk(house: House, passing: str) -> None:
    made = back_up(house, passing)

    whole = (made.folder / backups.DATA).read_bytes()
    manifest = json.loads((made.folder / backups.MANIFEST).read_text())

    assert b"anna@example.org" not in whole
    assert b"households" not in whole
    assert manifest["sha256"] == backups.checksum_of(made.folder / backups.DATA)
    assert manifest["tables"]["households"] == 1
    assert passing not in json.dumps(manifest)


def test_a_backup_is_made_with_the_organisations_own_rights_and_the_platforms(
    house: House, passing: str
) -> None:
    url = role_url(house.settings, PLATFORM_ROLE, 1).set(drivername="postgresql")

    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as platform:
        keys = DerivedKeys(platform, house.settings)
        made = backups.back_up(platform, house.settings, keys, passing)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            keys.destroy("anybody")

    assert made.rows > 0


def test_an_active_organisation_is_not_restored_over(house: House, passing: str) -> None:
    made = back_up(house, passing)

    with pytest.raises(OrganisationError, match="suspend"):
        restore(house, passing, made.folder)

    assert families(house, passing) == 1


def test_another_organisations_backup_is_refused(house: House, passing: str) -> None:
    made = back_up(house, "pskov")
    suspend(house, passing)

    with pytest.raises(NotABackupError):
        restore(house, passing, made.folder)


def retold(folder: Path, **said: str) -> None:
    """Let the manifest beside a backup say something else."""
    told = json.loads((folder / backups.MANIFEST).read_text())
    (folder / backups.MANIFEST).write_text(json.dumps(told | said))


def listed_as(house: House, schema: str, moment: datetime, data: Path) -> None:
    """Let the registry too list what lies there, as somebody who writes to it would."""
    house.home.execute("DELETE FROM shared.backups WHERE schema_name = %s", (schema,))
    house.home.execute(
        "INSERT INTO shared.backups (id, schema_name, made_at, destination, folder, key_id, rows,"
        " checksum, keep_until) VALUES (gen_random_uuid(), %s, %s, 'x', 'x', %s, 1, %s, now())",
        (schema, moment, house.keys.current(schema).id, backups.checksum_of(data)),
    )


@pytest.mark.parametrize("unlisted", [False, True])
def test_a_manifest_that_says_so_makes_nobody_elses_backup_ones_own(
    house: House, passing: str, *, unlisted: bool
) -> None:
    made = back_up(house, "pskov")
    schema = house.organisation(passing).schema_name
    retold(made.folder, schema=schema)
    moment = datetime.strptime(made.folder.name, backups.MOMENT).replace(tzinfo=UTC)
    listed_as(house, schema, moment, made.folder / backups.DATA)
    suspend(house, passing)

    with pytest.raises((NotABackupError, LostKeyError)):
        restoring.restore(
            house.home, house.settings, house.keys, passing, made.folder, unlisted=unlisted
        )

    resume(house, passing)
    assert families(house, passing) == 1


def test_rows_sealed_with_ones_own_key_and_said_to_be_anothers_are_refused(
    house: House, passing: str
) -> None:
    made = back_up(house, passing)
    schema = house.organisation("pskov").schema_name
    # Whoever may write to the registry calls the key another organisation's.
    house.home.execute("UPDATE shared.backup_keys SET schema_name = %s WHERE schema_name = %s",
                       (schema, house.organisation(passing).schema_name))  # fmt: skip
    retold(made.folder, schema=schema)
    suspend(house, "pskov")

    with pytest.raises(DamagedStreamError):
        restoring.restore(
            house.home, house.settings, house.keys, "pskov", made.folder, unlisted=True
        )

    resume(house, "pskov")
    house.home.execute("DELETE FROM shared.backups")
    house.home.execute("DELETE FROM shared.backup_keys WHERE schema_name = %s", (schema,))


def test_an_older_backup_is_not_restored_under_a_newer_ones_name(
    house: House, passing: str
) -> None:
    old, new = back_up(house, passing), back_up(house, passing)
    schema = house.organisation(passing).schema_name
    for name in (backups.DATA, backups.MANIFEST):
        shutil.copy(old.folder / name, new.folder / name)
    suspend(house, passing)

    with pytest.raises(DamagedStreamError, match="not the one that was written"):
        restore(house, passing, new.folder)
    # Somebody who also mends the registry's list is found out by what is sealed.
    moment = datetime.strptime(new.folder.name, backups.MOMENT).replace(tzinfo=UTC)
    listed_as(house, schema, moment, old.folder / backups.DATA)
    with pytest.raises(NotABackupError, match="its folder's is not"):
        restore(house, passing, new.folder)
    retold(new.folder, taken_at=moment.isoformat())
    with pytest.raises(NotABackupError, match="its folder's is not"):
        restoring.restore(
            house.home, house.settings, house.keys, passing, new.folder, unlisted=True
        )


def test_a_backup_that_the_registry_does_not_list_is_restored_only_when_that_is_said(
    house: House, passing: str
) -> None:
    made = back_up(house, passing)
    house.home.execute("DELETE FROM shared.backups")
    elsewhere = made.folder.rename(made.folder.with_name("moved"))
    suspend(house, passing)

    with pytest.raises(NotABackupError, match="not the name"):
        restore(house, passing, elsewhere)
    with pytest.raises(NotABackupError, match="the registry lists no backup"):
        restore(house, passing, elsewhere.rename(made.folder))
    restored = restoring.restore(
        house.home, house.settings, house.keys, passing, made.folder, unlisted=True
    )

    assert restored.rows == made.rows


def test_a_backup_whose_time_was_over_does_not_come_back_by_itself(
    house: House, passing: str
) -> None:
    made = back_up(house, passing)
    house.home.execute("UPDATE shared.backups SET removed_at = now()")
    suspend(house, passing)

    with pytest.raises(NotABackupError, match="the registry lists no backup"):
        restore(house, passing, made.folder)


def test_a_damaged_backup_changes_nothing(house: House, passing: str) -> None:
    made = back_up(house, passing)
    data = made.folder / backups.DATA
    whole = bytearray(data.read_bytes())
    whole[-1] ^= 1
    data.write_bytes(bytes(whole))
    manifest = json.loads((made.folder / backups.MANIFEST).read_text())
    suspend(house, passing)

    with pytest.raises(DamagedStreamError):
        restore(house, passing, made.folder)
    # Somebody who also mends the sum beside it is found out by the seal.
    manifest["sha256"] = backups.checksum_of(data)
    (made.folder / backups.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DamagedStreamError):
        restore(house, passing, made.folder)

    resume(house, passing)
    assert families(house, passing) == 1


def test_rows_that_differ_from_what_was_written_are_not_accepted(
    house: House, passing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = restoring._load

    def lose_a_row(there: Owner, schema: str, *rest: object) -> None:
        load(there, schema, *rest)  # type: ignore[arg-type]
        there.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, "user_sessions")))
        there.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, "funds")))

    with tenant_session(house.organisation(passing)) as session:
        user = session.query(User.id).first()
        assert user is not None
        start_session(session, user_id=user.id, host="x")
    made = back_up(house, passing)
    suspend(house, passing)
    monkeypatch.setattr(restoring, "_load", lose_a_row)

    with pytest.raises((CopyError, psycopg.Error)):
        restore(house, passing, made.folder)

    resume(house, passing)
    assert families(house, passing) == 1


def test_what_was_erased_since_is_erased_again_before_anybody_can_look(
    house: House, passing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def erase(_home: Owner, there: Owner, living: str, restored: str) -> int:
        table, known = sql.Identifier(restored, "people"), sql.Identifier(living, "people")
        # Whoever was erased is known from the rows that the backup is about to replace.
        assert there.execute(sql.SQL("SELECT count(*) FROM {}").format(known)).fetchone() == (2,)
        return there.execute(sql.SQL("UPDATE {} SET phone_sealed = NULL").format(table)).rowcount

    with tenant_session(house.organisation(passing)) as session:
        session.query(Person).first().phone = "+7 000 000-00-00"  # type: ignore[union-attr]
    made = back_up(house, passing)
    suspend(house, passing)
    monkeypatch.setattr(restoring, "ERASERS", [erase])

    restored = restore(house, passing, made.folder)

    phones = house.home.execute(
        sql.SQL("SELECT count(phone_sealed) FROM {}").format(
            sql.Identifier(restored.schema, "people")
        )
    ).fetchone()
    assert phones == (0,)
    assert restored.erased > 0


def test_a_destroyed_key_leaves_its_backups_unreadable(house: House, passing: str) -> None:
    made = back_up(house, passing)
    suspend(house, passing)

    destroyed = house.keys.destroy(house_schema(house, passing))

    assert destroyed == 1
    with pytest.raises(LostKeyError):
        restore(house, passing, made.folder)


def house_schema(house: House, slug: str) -> str:
    return {row[0]: row[1] for row in provisioning.list_organisations(house.home)}[slug]


def test_a_drill_restores_to_scratch_signs_in_and_leaves_a_dated_report(
    house: House, passing: str
) -> None:
    made = back_up(house, passing)
    schemas = house.home.execute("SELECT nspname FROM pg_namespace ORDER BY 1").fetchall()

    found = rehearse(house, passing)

    assert found.passed
    assert found.rows == made.rows
    assert found.sign_in == "recognised (1 accounts)"
    assert found.sealed == "one of people opened"
    reports = sorted((made.folder.parent / "drills").iterdir())
    assert [report.suffix for report in reports] == [".json", ".md"]
    assert "**Passed**" in reports[1].read_text()
    after = house.home.execute("SELECT nspname FROM pg_namespace ORDER BY 1").fetchall()
    assert after == schemas
    assert house.home.execute(
        "SELECT drill_passed FROM shared.backups WHERE folder = %s", (str(made.folder),)
    ).fetchone() == (True,)


def test_a_drill_with_a_broken_backup_fails_and_says_so(house: House, passing: str) -> None:
    made = back_up(house, passing)
    (made.folder / backups.DATA).write_bytes(b"nothing")

    found = rehearse(house, passing)

    assert not found.passed
    assert "not as it was written" in found.reason
    assert "FAILED" in found.to_markdown()


def test_a_drill_without_the_keys_of_what_came_back_fails_and_says_so(
    house: House, passing: str
) -> None:
    back_up(house, passing)
    owner = house.settings.keys_owner_database_url or ""
    with psycopg.connect(owner, autocommit=True) as keys:
        schema = house_schema(house, passing)
        keys.execute("DELETE FROM keys.subject_keys WHERE schema_name = %s", (schema,))

    found = rehearse(house, passing)

    assert not found.passed
    assert "a sealed field of people did not open" in found.reason


def test_a_backup_is_due_a_day_after_the_last_and_old_ones_go(house: House, passing: str) -> None:
    assert passing in dict(backups.overdue(house.home))
    made = back_up(house, passing)
    assert passing not in dict(backups.overdue(house.home))

    past = datetime.now(UTC) - timedelta(days=1)
    house.home.execute(
        "UPDATE shared.backups SET made_at = %s, keep_until = %s WHERE folder = %s",
        (past, past, str(made.folder)),
    )
    removed = backups.remove_expired(house.home)

    assert removed == 1
    assert not made.folder.exists()
    assert passing in dict(backups.overdue(house.home))


def test_an_interrupted_backup_leaves_nothing_behind(
    house: House, passing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backups, "_write", die)

    with pytest.raises(KeyboardInterrupt):
        back_up(house, passing)

    assert list((house.vault / house_schema(house, passing)).iterdir()) == []
    assert (
        house.home.execute(
            "SELECT 1 FROM shared.backups WHERE schema_name = %s", (house_schema(house, passing),)
        ).fetchall()
        == []
    )


def test_without_a_secret_there_are_no_backups(house: House) -> None:
    with pytest.raises(MissingSettingError, match="HEARTH_BACKUP_SECRET"):
        DerivedKeys(house.home, replace(house.settings, backup_secret=None))


def test_one_organisation_is_restored_while_the_other_three_work_on(
    house: House, passing: str
) -> None:
    made = back_up(house, passing)
    suspend(house, passing)
    app = create_app(house.settings)
    app.test_client_class = Visitor
    stop = threading.Event()
    answers: dict[str, list[int]] = {slug: [] for slug in OTHERS}

    def work(slug: str) -> None:
        visit = somebody_of(house, app.test_client, slug)
        while not stop.is_set():
            answers[slug].append(visit("/families/"))
            with tenant_session(house.organisation(slug)) as session:
                open_family(session)

    threads = [threading.Thread(target=work, args=(slug,)) for slug in OTHERS]
    for thread in threads:
        thread.start()
    restored = [restore(house, passing, made.folder) for _ in range(3)]
    stop.set()
    for thread in threads:
        thread.join()

    resume(house, passing)
    assert {one.rows for one in restored} == {made.rows}
    assert families(house, passing) == 1
    for slug in OTHERS:
        assert len(answers[slug]) > 0
        assert set(answers[slug]) == {200}


def somebody_of(house: House, client: Callable[[], object], slug: str) -> Callable[[str], int]:
    visitor = client()
    assert isinstance(visitor, Visitor)
    visitor.host = f"{slug}.{BASE_DOMAIN}"
    with tenant_session(house.organisation(slug)) as session:
        known = session.query(User).filter(User.roles == ["social-worker"]).first()
        if known is None:
            known = User(
                email=f"social-worker@{slug}.example.org",
                name="Test",
                password_hash="of no password",
                roles=["social-worker"],
                locale="en",
            )
            session.add(known)
            session.flush()
        token = start_session(
            session, user_id=known.id, host=visitor.host, assurance=Assurance.SECOND_FACTOR
        )
    visitor.set_cookie(COOKIE, token, domain=visitor.host, secure=True)
    return lambda path: visitor.get(path).status_code


@pytest.fixture(autouse=True)
def empty_vault(house: House) -> None:
    shutil.rmtree(house.vault, ignore_errors=True)
    house.home.execute("DELETE FROM shared.backups")
