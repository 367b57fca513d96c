"""The `hearth` command: migrate, provision, serve, and open the doors of the workers."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

import psycopg

from config.settings import Settings
from hearth import (
    cli_accounts,
    cli_isolation,
    cli_keys,
    cli_organisations,
    cli_placements,
    cli_safekeeping,
    terminal,
)
from hearth.cli_audit import RecordsHarmedError, add_commands
from hearth.cli_policy import add_policy
from hearth.jobs import Queue
from hearth.terminal import Arguments, add, say
from tenants import keys_database, provisioning, roles
from tenants.migrator import SchemasLockedError, Step, migrate_all, migrate_placement
from tenants.owners import keys_owner_dsn, owner_dsn, placements_in_use

REFUSALS = (*terminal.REFUSALS, RecordsHarmedError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a refusal is one sentence on standard error and exit code 1."""
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except REFUSALS as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except psycopg.OperationalError as error:
        sys.stderr.write(f"the database did not answer: {type(error).__name__}\n")
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line as it is."""
    root = argparse.ArgumentParser(prog="hearth", description="Casework, giving and statistics.")
    verbs = root.add_subparsers(required=True, metavar="COMMAND")
    add(verbs, "migrate", migrate, "bring every schema to this release's revision")
    organisations = cli_organisations.add_to(verbs)
    cli_accounts.add_to(organisations)
    cli_safekeeping.add_to(organisations)
    cli_placements.add_to(verbs, organisations)
    cli_isolation.add_to(verbs)
    add_commands(verbs)
    cli_keys.add_to(add(verbs, "keys", cli_keys.run, "rotate, unlock and account for keys"))
    add(verbs, "web", web, "serve pages")
    queues = [queue.value for queue in Queue]
    add(verbs, "worker", workers_door, "serve one queue").add_argument("queue", choices=queues)
    add(verbs, "worker-alive", alive_door, "exit 0 when this machine's process lives").add_argument(
        "queue", choices=[*queues, "scheduler"]
    )
    add(verbs, "scheduler", workers_door, "wake jobs by the clock")
    add(verbs, "publish", workers_door, "publish protected cubes of closed months now")
    add_policy(verbs)
    demo = add(verbs, "demo", demo_door, "run everything on this machine with sample data")
    demo.add_argument("--reset", action="store_true", help="begin anew")
    return root


def migrate(_arguments: Arguments) -> None:
    """Prepare roles and rights, then migrate every placement; one line per schema."""
    settings = Settings.from_env()
    dsn, keys_dsn = owner_dsn(settings), keys_owner_dsn(settings)
    _say_unless(keys_database.prepare(keys_dsn, settings), "the database of keys")
    steps = keys_database.migrate(keys_dsn)
    for step in steps:
        _say_step(step)
    with psycopg.connect(dsn, autocommit=True) as connection:
        _say_unless(roles.prepare_database(connection, settings), "the database")
        locked: list[str] = []
        steps += _unless_locked(partial(migrate_all, dsn, report=_say_step), locked)
        for placement in placements_in_use(connection):
            elsewhere = owner_dsn(settings, placement)
            with psycopg.connect(elsewhere, autocommit=True) as there:
                _say_unless(roles.prepare_placement(there, settings), f"the placement {placement}")
            steps += _unless_locked(partial(migrate_placement, elsewhere, report=_say_step), locked)
        provisioning.register_keys(connection, settings)
    if locked:
        raise SchemasLockedError(locked)
    if not steps:
        say("every schema is at the newest revision")


def _unless_locked(roll_out: Callable[[], list[Step]], locked: list[str]) -> list[Step]:
    """Roll out; what stayed locked is named at the end, and holds up no other database."""
    try:
        return roll_out()
    except SchemasLockedError as error:
        locked.append(error.schema)
        return []


def web(_arguments: Arguments) -> None:
    """Become the web server."""
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn"]
    os.execv(sys.executable, [*gunicorn, "hearth.wsgi:app"])  # noqa: S606


def workers_door(arguments: Arguments) -> None:
    """Become a worker process; the workers stand above this package and are named, not imported."""
    rest = [arguments.queue] if "queue" in arguments else []
    os.execv(  # noqa: S606
        sys.executable, [sys.executable, "-m", "workers", arguments.command, *rest]
    )


def alive_door(arguments: Arguments) -> None:
    """Become the probe of a worker process."""
    os.execv(  # noqa: S606
        sys.executable, [sys.executable, "-m", "workers.alive", arguments.queue]
    )


def demo_door(arguments: Arguments) -> None:
    """Become the demo, which a production installation does not contain."""
    rest = ["--reset"] if arguments.reset else []
    os.execv(sys.executable, [sys.executable, "-m", "hearth.demo", *rest])  # noqa: S606


def _say_unless(closed: bool, database: str) -> None:
    if not closed:
        say(
            f"{database} is not closed as far as it could be: its owner is no superuser; let one"
            " run there what `hearth isolation statements` prints"
        )


def _say_step(step: Step) -> None:
    say(f"{step.schema:<16} {step.before or 'empty':<8} -> {step.after}")
