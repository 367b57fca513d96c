"""The commands as an operator types them, on an installation of their own."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from hearth import cli
from tenants import context
from tenants.engines import Engines
from tests.support.servers import Addresses, copy_template, drop_database, environment_for

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def told(
    addresses: Addresses, worker: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    database = copy_template(addresses, f"commands_{worker}")
    vault = tmp_path_factory.mktemp("vault")
    yield environment_for(
        addresses, database, HEARTH_ROLE_PREFIX=f"{worker}c_", HEARTH_BACKUPS=str(vault)
    )
    drop_database(addresses, database)


@pytest.fixture
def run(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    def command(*words: str | Path, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = cli.main([str(word) for word in words])
        # A command is a process of its own, which leaves no connection behind when it ends.
        if context._runtime is not None and isinstance(context._runtime.bindings, Engines):
            context._runtime.bindings.dispose()
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def newest_backup(told: dict[str, str]) -> Path:
    with psycopg.connect(told["HEARTH_OWNER_DATABASE_URL"]) as home:
        row = home.execute("SELECT folder FROM shared.backups ORDER BY made_at DESC").fetchone()
    assert row is not None
    return Path(row[0])


def test_an_organisations_life_from_the_first_account_to_the_certificate(
    run: Run, told: dict[str, str], tmp_path: Path
) -> None:
    name = ("organisations", "create", "krasnoyarsk")
    account = ("add-user", "krasnoyarsk", "a@example.org", "--name", "Anna", "--role", "director")
    people = ("--by", "Anna Director", "--by", "Boris Witness")
    out = tmp_path / "out"

    steps = [
        run(*name),
        run("organisations", *account),
        run("organisations", "check"),
        run("organisations", "backup", "krasnoyarsk", "--keys", tmp_path / "keys"),
        run("organisations", "drill", "krasnoyarsk", "--reports", tmp_path / "drills"),
        run("organisations", "suspend", "krasnoyarsk"),
    ]
    folder, (copy,) = newest_backup(told), (tmp_path / "keys").glob("*/*.keys")
    steps += [
        run("organisations", "restore", "krasnoyarsk", "--from", folder, "--to-scratch"),
        run("organisations", "restore", "krasnoyarsk", "--from", folder, "--keys", copy),
        run("organisations", "offboard", "krasnoyarsk", "--to", out, *people),
        run(
            "organisations", "offboard", "krasnoyarsk", "--to", out, *people, "--confirm",
            "krasnoyarsk",
        ),
    ]  # fmt: skip

    assert [status for status, _, _ in steps] == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert "repeat the name" in steps[8][2]
    assert "0 lost keys brought back; 0 are destroyed" in steps[7][1]
    assert "recognised (1 accounts)" in next((tmp_path / "drills").glob("*.md")).read_text()
    assert (out / "certificate.pdf").read_bytes().startswith(b"%PDF")
    assert "krasnoyarsk" not in run("organisations", "list")[1]
    assert not folder.exists()


def test_due_backups_are_written_once_and_every_restore_is_rehearsed(
    run: Run, told: dict[str, str]
) -> None:
    first = run("organisations", "backup", "--due")
    second = run("organisations", "backup", "--due")
    rehearsed = run("organisations", "drill", "--all")

    assert first[1].count("rows in") == 2
    assert second == (0, "0 old backups removed\n", "")
    assert rehearsed[1] == "pskov: passed\nspb: passed\n"


def test_what_lies_where_it_must_not_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTH_COUNTRY", "SE")

    status, named, refusal = run("organisations", "check")

    assert status == 1
    assert "the database of spb would be in SE, and it allows RU" in named
    assert "refused here" in refusal


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("placements", "add", "moon", "--country", "RU"), "tells no address"),
        (("organisations", "move", "spb", "--to", "moon"), "no placement named moon"),
        (("organisations", "move", "spb", "--abort"), "not being moved"),
        (("organisations", "restore", "spb", "--from", "/nowhere"), "suspend spb first"),
        (("organisations", "backup"), "name an organisation"),
        (("organisations", "backup", "nobody"), "no organisation named nobody"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_a_refusal_is_one_sentence(run: Run, words: tuple[str, ...], reason: str) -> None:
    status, _, refusal = run(*words)

    assert status == 1
    assert reason in refusal
    assert refusal.count("\n") == 1


def test_placements_and_migrations_tell_what_there_is(run: Run) -> None:
    assert run("placements", "list")[1].split()[:2] == ["default", "own"]
    assert run("migrate")[1] == "every schema is at the newest revision\n"
    assert run("organisations", "move", "spb", "--drop-old") == (0, "", "")
    assert "HEARTH_COUNTRY" in os.environ
