"""`hearth demo`: one command that sets the whole service up and runs it until Ctrl-C."""

import argparse
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.child_processes import port_is_free
from config.embedded import Backing
from config.settings import Settings
from hearth.demo.parts import (
    Addresses,
    demo_environment,
    keys_database_url,
    outside_world,
    publish_figures,
    service,
)
from hearth.demo.processes import Part, Supervisor
from hearth.demo.progress import Progress
from hearth.demo.setup import fill_database
from hearth.demo.welcome import welcome

HIGHEST_FIRST_PORT = 65533


class DemoError(RuntimeError):
    """The demo cannot run; the message says why and what to do."""


def run_demo(argv: Sequence[str]) -> int:
    """Run the demo; returns the exit status of the command."""
    parser = argparse.ArgumentParser(prog="hearth demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="first of three ports (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="where the data stays")
    parser.add_argument("--reset", action="store_true", help="throw the data away and begin anew")
    chosen = parser.parse_args(argv)
    if not 0 < chosen.port <= HIGHEST_FIRST_PORT:
        parser.error(f"--port must lie between 1 and {HIGHEST_FIRST_PORT}")
    data_dir: Path = chosen.data.resolve()
    progress = Progress(sys.stdout)
    supervisor = Supervisor(say=progress.say)
    stop_on_signals()
    try:
        with _only_one(data_dir):
            _run(supervisor, progress, data_dir, chosen.port, reset=chosen.reset)
    except KeyboardInterrupt:
        return 0
    except RuntimeError as error:
        progress.say(f"\nThe demo stopped: {error}")
        return 1
    return 0


def stop_on_signals() -> None:
    """Let a polite request to end, and a closed terminal, work like Ctrl-C."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.default_int_handler)


def _run(
    supervisor: Supervisor, progress: Progress, data_dir: Path, port: int, *, reset: bool
) -> None:
    addresses = Addresses.beginning_at(port)
    _require_free(addresses)
    if reset:
        with progress.step("Throwing the old data away"):
            _throw_away(data_dir, os.environ)
    backing = Backing(os.environ, data_dir)
    try:
        _start(supervisor, progress, backing.servers)
        environ = demo_environment(os.environ, data_dir, backing, addresses)
        _start(supervisor, progress, outside_world(environ, data_dir, addresses))
        keys_dsn = keys_database_url(os.environ, backing)
        if fill_database(Settings.from_env(environ), backing.database_url, keys_dsn, progress):
            with progress.step("Protected figures of the closed months"):
                publish_figures(environ, data_dir)
        _start(supervisor, progress, service(environ, data_dir, addresses))
        progress.say(welcome(addresses, data_dir))
        supervisor.watch()
    finally:
        # A second Ctrl-C, from somebody impatient, must not leave half of it running.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        progress.say("\nStopping …")
        supervisor.stop_all()
        progress.say("Stopped. The data stays for the next start.")


def _start(supervisor: Supervisor, progress: Progress, parts: Sequence[Part]) -> None:
    for part in parts:
        with progress.step(part.title):
            supervisor.start(part)


def _require_free(addresses: Addresses) -> None:
    for purpose, port in addresses.visited.items():
        if not port_is_free(port):
            raise DemoError(
                f"port {port}, meant for {purpose}, is taken by another program. End that program, "
                f"or choose other ports with: make demo ARGS='--port {port + 100}'"
            )


def _throw_away(data_dir: Path, environ: Mapping[str, str]) -> None:
    if environ.get("DATABASE_URL") or environ.get("REDIS_URL"):
        raise DemoError(
            "DATABASE_URL or REDIS_URL names a server of yours. Empty it yourself, or unset both."
        )
    for path in data_dir.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"another demo already runs with the data in {data_dir}.") from None
        yield
