"""Off-boarding hands everything over, leaves nothing behind, and says so over two names."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from psycopg import sql
from pypdf import PdfReader

from hearth.app import create_app
from hearth.jobs import Job, enqueue, redis_connection, waiting_key
from hearth.safekeeping.leaving import off_board
from hearth.safekeeping.offboarding import Destroyed, LeftOverError, left_over
from tenants import backups, provisioning
from tenants.backup_keys import LostKeyError
from tenants.roles import OrganisationError
from tests.hearth.safekeeping.conftest import House

PEOPLE = ("Anna Director", "Boris Witness")


def leave(house: House, slug: str, folder: Path) -> Destroyed:
    with create_app(house.settings).app_context():
        return off_board(house.home, house.settings, house.keys, slug, folder=folder, people=PEOPLE)


def suspend(house: House, slug: str) -> None:
    provisioning.set_state(house.home, slug, before="active", after="suspended")


def test_everything_is_handed_over_in_a_form_that_any_program_reads(
    house: House, passing: str, tmp_path: Path
) -> None:
    suspend(house, passing)

    done = leave(house, passing, tmp_path / "out")

    folder = tmp_path / "out" / "export"
    contents = json.loads((folder / "contents.json").read_text())
    lines = (folder / "tables/people.jsonl").read_text().splitlines()
    people = [json.loads(line) for line in lines]
    assert len(people) == contents["tables"]["people"]["rows"] > 0
    assert (
        contents["tables"]["household_members"]["columns"]["person_id"]["refers_to"] == "people.id"
    )
    for name, told in contents["tables"].items():
        file = (folder / f"tables/{name}.jsonl").read_bytes()
        assert hashlib.sha256(file).hexdigest() == told["sha256"]
        assert file.count(b"\n") == told["rows"]
    assert done.rows == sum(told["rows"] for told in contents["tables"].values())


def test_nothing_is_left_neither_rows_nor_role_nor_backup_nor_key_nor_job(
    house: House, passing: str, tmp_path: Path
) -> None:
    made = backups.back_up(house.home, house.settings, house.keys, passing)
    held = backups.held_by(house.home, passing)
    house.home.execute(
        "INSERT INTO shared.inbox (provider, event_id, event_type, object_type, object_id,"
        " schema_name) VALUES ('stripe', 'evt_leaving', 'x', 'y', 'z', %s)",
        (held.schema,),
    )
    enqueue(Job.DELIVER_OUTBOX, passing)
    key_id = house.keys.current(held.schema).id
    assert len(left_over(house.home, house.settings, held)) == 7
    suspend(house, passing)

    done = leave(house, passing, tmp_path / "out")

    assert left_over(house.home, house.settings, held) == []
    assert (done.backups_removed, done.jobs_removed) == (1, 1)
    assert done.keys_destroyed > 1
    assert done.hand_over_ids_removed == 1
    assert not made.folder.exists()
    assert not redis_connection().exists(waiting_key(Job.DELIVER_OUTBOX, passing))
    with pytest.raises(LostKeyError):
        house.keys.named(key_id, held.schema)


def test_the_certificate_names_two_people_counts_and_the_day_the_last_copy_ends(
    house: House, passing: str, tmp_path: Path
) -> None:
    suspend(house, passing)

    done = leave(house, passing, tmp_path / "out")

    pdf = PdfReader(io.BytesIO((tmp_path / "out/certificate.pdf").read_bytes()))
    drawn = " ".join(page.extract_text() for page in pdf.pages)
    # The paper's letters stand apart by spaces that nobody sees.
    text = " ".join(drawn.replace("\u200b", "").split())
    plain = json.loads((tmp_path / "out/certificate.json").read_text())
    assert all(name in text for name in PEOPLE)
    assert str(done.rows) in text
    assert plain["people"] == list(PEOPLE)
    assert plain["registry_copies_end"] > plain["destroyed_at"]
    assert passing not in json.dumps({**plain, "hosts": []})


def test_an_organisation_that_works_is_not_destroyed(
    house: House, passing: str, tmp_path: Path
) -> None:
    with pytest.raises(OrganisationError, match="no suspended"):
        leave(house, passing, tmp_path / "out")

    assert house.organisation(passing).state == "active"
    assert not (tmp_path / "out").exists()


def test_what_a_role_made_for_itself_does_not_keep_the_certificate_back(
    house: House, passing: str, tmp_path: Path
) -> None:
    held = backups.held_by(house.home, passing)
    role = sql.Identifier(held.schema)
    oid = house.home.execute("SELECT lo_from_bytea(0, 'Anna, 12 Fontanka')").fetchone()
    house.home.execute(
        sql.SQL("ALTER LARGE OBJECT {} OWNER TO {}").format(sql.Literal(oid[0]), role)  # type: ignore[index]
    )
    suspend(house, passing)

    leave(house, passing, tmp_path / "out")

    assert house.home.execute("SELECT 1 FROM pg_largeobject_metadata").fetchall() == []
    assert (tmp_path / "out/certificate.json").exists()


def test_a_role_that_would_stay_is_told_before_anything_is_lost(
    house: House, passing: str, tmp_path: Path
) -> None:
    held = backups.held_by(house.home, passing)
    role = sql.Identifier(held.schema)
    house.home.execute(sql.SQL("GRANT CONNECT ON DATABASE template1 TO {}").format(role))
    suspend(house, passing)

    with pytest.raises(OrganisationError, match="something in template1"):
        leave(house, passing, tmp_path / "out")

    assert house.keys.current(held.schema).id
    house.home.execute(sql.SQL("REVOKE CONNECT ON DATABASE template1 FROM {}").format(role))
    leave(house, passing, tmp_path / "again")
    assert (tmp_path / "again/certificate.json").exists()


def test_what_is_still_there_is_told_and_nothing_is_certified(
    house: House, passing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "remove_expired", lambda *_a, **_k: 0)
    backups.back_up(house.home, house.settings, house.keys, passing)
    suspend(house, passing)

    with pytest.raises(LeftOverError, match="a backup"):
        leave(house, passing, tmp_path / "out")

    assert not (tmp_path / "out/certificate.pdf").exists()
