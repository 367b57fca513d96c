"""Copies of keys: apart from the rows, unreadable without their key, and no way back for erased."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hearth.app import create_app
from hearth.families.models import Person
from hearth.safekeeping.leaving import off_board
from hearth.safekeeping.offboarding import KEY_DESTROYERS
from hearth.sealing.markers import Unreadable
from hearth.sealing.services import destroy_key, sweep_destructions
from tenants import backups, provisioning, restoring
from tenants.context import shared_session, tenant_session
from tenants.key_copies import KEPT, bring_keys_back, copy_keys, remove_expired_copies
from tenants.registry import OrgRef, load
from tenants.restoring import NotABackupError
from tenants.roles import OrganisationError
from tenants.sealed_stream import DamagedStreamError
from tests.hearth.safekeeping.conftest import House


def suspended(house: House, slug: str) -> OrgRef:
    provisioning.set_state(house.home, slug, before="active", after="suspended")
    with shared_session() as session:
        return next(one for one in load(session) if one.slug == slug)


def names(organisation: OrgRef) -> list[str]:
    with tenant_session(organisation) as session:
        return [person.given_name for person in session.query(Person).order_by(Person.id)]


def lose_keys(house: House, schema: str) -> None:
    """What an accident or an older backup of the database of keys would do."""
    owner = house.settings.keys_owner_database_url or ""
    with psycopg.connect(owner, autocommit=True) as keys:
        keys.execute("DELETE FROM keys.subject_keys WHERE schema_name = %s", (schema,))


def erase_somebody(organisation: OrgRef) -> None:
    with tenant_session(organisation) as session:
        person = session.query(Person).order_by(Person.id).first()
        assert person is not None
        destroy_key(session, person.id)


def copied(house: House, slug: str, folder: Path) -> Path:
    return copy_keys(house.home, house.settings, house.keys, slug, folder).file


def brought(house: House, slug: str, file: Path) -> tuple[int, int]:
    found = bring_keys_back(house.home, house.settings, house.keys, slug, file)
    return found.keys, found.destroyed


def test_lost_keys_come_back_and_what_they_sealed_is_read_again(
    house: House, passing: str, tmp_path: Path
) -> None:
    before = names(house.organisation(passing))
    written = copy_keys(house.home, house.settings, house.keys, passing, tmp_path)
    organisation = suspended(house, passing)
    lose_keys(house, organisation.schema_name)

    keys, destroyed = brought(house, passing, written.file)

    assert (keys, destroyed) == (written.keys, 0)
    assert names(organisation) == before == ["Test-Mother", "Test-Child-1"]


def test_a_key_that_was_destroyed_since_is_not_brought_back(
    house: House, passing: str, tmp_path: Path
) -> None:
    made = backups.back_up(house.home, house.settings, house.keys, passing)
    file = copied(house, passing, tmp_path)
    erase_somebody(house.organisation(passing))
    organisation = suspended(house, passing)

    keys, destroyed = brought(house, passing, file)
    restoring.restore(house.home, house.settings, house.keys, passing, made.folder)
    with tenant_session(organisation) as session:
        swept = sweep_destructions(session)

    assert (keys, destroyed, swept) == (0, 1, 1)
    assert [isinstance(name, Unreadable) for name in names(organisation)] == [True, False]


def test_a_destruction_that_only_the_copy_remembers_is_done_again(
    house: House, passing: str, tmp_path: Path
) -> None:
    early = copied(house, passing, tmp_path)
    erase_somebody(house.organisation(passing))
    late = copied(house, passing, tmp_path)
    organisation = suspended(house, passing)
    lose_keys(house, organisation.schema_name)

    brought(house, passing, early)
    after_both = brought(house, passing, late)

    assert after_both == (0, 1)
    assert [isinstance(name, Unreadable) for name in names(organisation)] == [True, False]


def test_a_copy_tells_nothing_and_opens_for_its_own_organisation_alone(
    house: House, passing: str, tmp_path: Path
) -> None:
    file = copied(house, passing, tmp_path)
    schema = house.organisation(passing).schema_name
    suspended(house, passing)
    suspended(house, "krasnoyarsk")

    with pytest.raises(NotABackupError, match="no keys of krasnoyarsk"):
        brought(house, "krasnoyarsk", file)
    assert schema.encode() not in file.read_bytes()
    damaged = bytearray(file.read_bytes())
    damaged[-20] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(DamagedStreamError):
        brought(house, passing, file)
    provisioning.set_state(house.home, "krasnoyarsk", before="suspended", after="active")


def test_copies_of_keys_never_lie_beside_the_rows(house: House, passing: str) -> None:
    with pytest.raises(OrganisationError, match="apart"):
        copied(house, passing, house.vault / "keys")


def test_keys_are_brought_back_while_nobody_works(
    house: House, passing: str, tmp_path: Path
) -> None:
    file = copied(house, passing, tmp_path)

    with pytest.raises(OrganisationError, match="suspend"):
        brought(house, passing, file)


def test_a_copy_ends_with_its_thirty_days_and_other_files_stay(
    house: House, passing: str, tmp_path: Path
) -> None:
    young = copied(house, passing, tmp_path)
    moment = datetime.now(UTC) - KEPT - timedelta(hours=1)
    old = young.with_name(f"{moment:%Y-%m-%dT%H-%M-%S.%fZ}.keys")
    old.write_bytes(b"old")
    other = young.with_name("of somebody else.keys")
    other.write_bytes(b"other")
    os.utime(other, (0, 0))

    removed = remove_expired_copies(tmp_path)

    assert removed == 1
    assert (young.exists(), old.exists(), other.exists()) == (True, False, True)


def test_an_interrupted_farewell_goes_on_with_the_export_that_was_made(
    house: House, passing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ("Anna Director", "Boris Witness")
    suspended(house, passing)

    def leave() -> int:
        with create_app(house.settings).app_context():
            return off_board(
                house.home, house.settings, house.keys, passing, folder=tmp_path, people=people
            ).rows

    def die(*_arguments: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(provisioning, "drop_organisation", die)
        with pytest.raises(KeyboardInterrupt):
            leave()
    rows = leave()

    exported = (tmp_path / "export/tables/people.jsonl").read_text()
    assert rows > 0
    assert "Test-Mother" in exported
    assert len(KEY_DESTROYERS) == 1
