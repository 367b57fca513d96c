"""The command `hearth keys`, and what `hearth migrate` does for the database of keys."""

import io
from collections.abc import Callable, Iterator

import psycopg
import pytest

from config.settings import Settings
from hearth.cli import main
from hearth.families.models import Person
from hearth.sealing import services
from tenants import context
from tenants.context import tenant_session
from tenants.engines import Engines
from tests.support.servers import (
    Addresses,
    copy_template,
    drop_database,
    environment_for,
    settings_for,
)

PASSPHRASE = "a lamp stands in every window"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def installation(addresses: Addresses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A database of this test's own, which the environment names."""
    database = copy_template(addresses, "commands")
    for name, value in environment_for(addresses, database).items():
        monkeypatch.setenv(name, value)
    yield settings_for(addresses, database)
    drop_database(addresses, database)


@pytest.fixture
def run(
    installation: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command of `hearth`, with a line on its standard input."""

    def run_command(*arguments: str, told: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{told}\n"))
        code = main(arguments)
        bindings = context.runtime().bindings
        if isinstance(bindings, Engines):
            bindings.dispose()
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run_command


def test_a_key_is_rotated_handed_over_locked_and_unlocked(run: Run) -> None:
    steps = [
        (("keys", "status", "spb"), "", 0, "spb platform open"),
        (("keys", "rotate", "spb"), "", 0, "generation 2"),
        (("keys", "rotate", "spb", "--mode", "held"), "short", 1, "16 characters"),
        (("keys", "rotate", "spb", "--mode", "held"), PASSPHRASE, 0, "generation 3"),
        (("keys", "lock", "spb"), "", 0, "spb is locked"),
        (("keys", "status", "spb"), "", 0, "spb held locked"),
        (("keys", "rotate", "spb"), PASSPHRASE, 1, "not unlocked"),
        (("keys", "unlock", "spb"), "another passphrase", 1, "not the organisation's passphrase"),
        (("keys", "unlock", "spb", "--hours", "13"), PASSPHRASE, 1, "twelve hours"),
        (("keys", "unlock", "spb"), PASSPHRASE, 0, "unlocked for 12 h"),
        (("keys", "status", "spb"), "", 0, "spb held open"),
        (("keys", "status", "pskov"), "", 0, "pskov platform open"),
        (("keys", "status", "nowhere"), "", 1, "no active organisation"),
    ]

    for arguments, told, code, words in steps:
        done, shown = run(*arguments, told=told)
        assert (done, words in shown) == (code, True), (arguments, shown)
        assert PASSPHRASE not in shown


def test_destroyed_keys_are_accounted_for(run: Run, installation: Settings) -> None:
    runtime = context.configure(installation)
    with tenant_session(runtime.registry.get("spb")) as session:
        person = Person(given_name="Test-Erased")
        session.add(person)
        session.flush()
        services.destroy_key(session, person.id)
    assert isinstance(runtime.bindings, Engines)
    runtime.bindings.dispose()

    swept = run("keys", "sweep", "spb")
    code, shown = run("keys", "destroyed", "spb")

    assert swept == (0, "1 subjects dealt with\n")
    assert code == 0
    assert str(person.id) in shown
    assert "Test-Erased" not in shown


def test_migrating_gives_an_organisation_without_a_key_its_first(
    run: Run, installation: Settings
) -> None:
    with psycopg.connect(installation.keys_owner_database_url or "") as connection:
        connection.execute("DELETE FROM keys.subject_keys")
        connection.execute("DELETE FROM keys.organisation_keys")
    without = run("keys", "status", "spb")

    migrated = run("migrate")
    again = run("keys", "status", "spb")

    assert without[0] == 1
    assert migrated == (0, "every schema is at the newest revision\n")
    assert again == (0, "spb platform open\n")
