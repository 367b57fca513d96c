"""The `hearth` command: migrate, provision, serve, and open the doors of the workers."""

import argparse
import os
import sys
from collections.abc import Sequence

import psycopg

from config.settings import Settings
from hearth import cli_isolation, cli_organisations, cli_placements, cli_safekeeping
from hearth.jobs import Queue
from hearth.terminal import REFUSALS, Arguments, add, say
from tenants import roles
from tenants.migrator import Step, migrate_all, migrate_placement
from tenants.owners import owner_dsn, placements_in_use


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
    cli_safekeeping.add_to(organisations)
    cli_placements.add_to(verbs, organisations)
    cli_isolation.add_to(verbs)
    add(verbs, "web", web, "serve pages")
    queues = [queue.value for queue in Queue]
    add(verbs, "worker", workers_door, "serve one queue").add_argument("queue", choices=queues)
    add(verbs, "worker-alive", alive_door, "exit 0 when this machine's process lives").add_argument(
        "queue", choices=[*queues, "scheduler"]
    )
    add(verbs, "scheduler", workers_door, "wake jobs by the clock")
    add(verbs, "publish", workers_door, "publish protected cubes of closed months now")
    demo = add(verbs, "demo", demo_door, "run everything on this machine with sample data")
    demo.add_argument("--reset", action="store_true", help="begin anew")
    return root


def migrate(_arguments: Arguments) -> None:
    """Prepare roles and rights, then migrate every placement; one line per schema."""
    settings = Settings.from_env()
    dsn = owner_dsn(settings)
    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.prepare_database(connection, settings)
        steps = migrate_all(dsn, report=_say_step)
        for placement in placements_in_use(connection):
            elsewhere = owner_dsn(settings, placement)
            with psycopg.connect(elsewhere, autocommit=True) as there:
                roles.prepare_placement(there)
            steps += migrate_placement(elsewhere, report=_say_step)
    if not steps:
        say("every schema is at the newest revision")


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


def _say_step(step: Step) -> None:
    say(f"{step.schema:<16} {step.before or 'empty':<8} -> {step.after}")
