"""The demo's command: what it refuses, and the secrets it keeps."""

import fcntl
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.child_processes import free_port
from hearth.demo.runner import run_demo
from hearth.demo.secrets_file import demo_secrets


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """The command takes over the process's signals; give them back."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(signum) for signum in signals]
    yield
    for signum, handler in zip(signals, before, strict=True):
        signal.signal(signum, handler)


def test_a_taken_port_is_named_together_with_a_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        status = run_demo(["--data", str(tmp_path), "--port", str(port)])

    told = capsys.readouterr().out
    assert status == 1
    assert f"port {port}, meant for the web pages, is taken by another program" in told
    assert f"--port {port + 100}" in told
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_two_demos_never_share_their_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        status = run_demo(["--data", str(tmp_path), "--reset", "--port", str(free_port())])

    assert status == 1
    assert "another demo already runs" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL"])
def test_a_server_of_somebody_elses_is_never_emptied(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
) -> None:
    monkeypatch.setenv(variable, "postgresql://somebody@db.example.org/everything")
    (tmp_path / "mail.sqlite").write_text("kept")

    status = run_demo(["--data", str(tmp_path), "--reset", "--port", str(free_port())])

    assert status == 1
    assert "names a server of yours" in capsys.readouterr().out
    assert (tmp_path / "mail.sqlite").read_text() == "kept"


def test_secrets_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first = demo_secrets(tmp_path / "secrets.env")

    second = demo_secrets(tmp_path / "secrets.env")

    assert second == first
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600
    assert len(set(first.values())) == 5
    assert all(len(value) >= 48 for value in first.values())


def test_a_secret_that_a_newer_release_adds_is_made_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("HEARTH_SECRET_KEY=kept\n")

    secrets = demo_secrets(tmp_path / "secrets.env")

    assert secrets["HEARTH_SECRET_KEY"] == "kept"
    assert secrets["HEARTH_DATABASE_SECRET"]
