"""The `hearth` command: migrate, provision, serve, and open the doors of the workers."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from config.settings import MissingSettingError, Settings
from hearth import cli_keys
from hearth.accounts.invitations import EmailTakenError, invite, start_anew_for
from hearth.accounts.mails import address_of
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.cli_audit import RecordsHarmedError, add_commands
from hearth.cli_policy import add_policy
from hearth.jobs import Queue
from hearth.sealing.errors import SealingError
from tenants import context, keys_database, provisioning, roles
from tenants.migrator import MigrationError, RollOutRunningError, Step, migrate_all
from tenants.provisioning import Profile
from tenants.registry import UnknownOrganisationError
from tenants.roles import OrganisationError

Arguments = argparse.Namespace
REFUSALS = (
    MissingSettingError,
    MigrationError,
    RollOutRunningError,
    OrganisationError,
    UnknownOrganisationError,
    RecordsHarmedError,
    SealingError,
)
EVERYBODY = "all"
FEDERATION = "federation"
SLUG_HELP = {
    "rotate-password": "an organisation, or 'all' for every schema, ready ones included",
    "add-user": "an organisation, or 'federation' for federation staff",
    "second-factor-anew": "an organisation, or 'federation' for federation staff",
}


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
    _add(verbs, "migrate", migrate, "bring every schema to this release's revision")
    _add_organisations(verbs)
    add_commands(verbs)
    cli_keys.add_to(_add(verbs, "keys", cli_keys.run, "rotate, unlock and account for keys"))
    _add(verbs, "web", web, "serve pages")
    queues = [queue.value for queue in Queue]
    _add(verbs, "worker", workers_door, "serve one queue").add_argument("queue", choices=queues)
    _add(
        verbs, "worker-alive", alive_door, "exit 0 when this machine's process lives"
    ).add_argument("queue", choices=[*queues, "scheduler"])
    _add(verbs, "scheduler", workers_door, "wake jobs by the clock")
    _add(verbs, "publish", workers_door, "publish protected cubes of closed months now")
    add_policy(verbs)
    demo = _add(verbs, "demo", demo_door, "run everything on this machine with sample data")
    demo.add_argument("--reset", action="store_true", help="begin anew")
    return root


def migrate(_arguments: Arguments) -> None:
    """Prepare roles and rights, then migrate; one line per schema."""
    settings = Settings.from_env()
    dsn, keys_dsn = _owner_dsn(settings), keys_owner_dsn(settings)
    keys_database.prepare(keys_dsn, settings)
    steps = keys_database.migrate(keys_dsn)
    for step in steps:
        _print_step(step)
    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.prepare_database(connection, settings)
        steps += migrate_all(dsn, report=_print_step)
        provisioning.register_keys(connection, settings)
    if not steps:
        _print("every schema is at the newest revision")


def organisations(arguments: Arguments) -> None:
    """One of the commands on organisations."""
    settings = Settings.from_env()
    with psycopg.connect(_owner_dsn(settings), autocommit=True) as connection:
        ORGANISATION_COMMANDS[arguments.verb](connection, settings, arguments)


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


def _create(connection: Any, settings: Settings, arguments: Arguments) -> None:
    schema = provisioning.create_organisation(connection, settings, Profile.named(arguments.slug))
    _print(f"{arguments.slug} lives in {schema}")


def _list(connection: Any, _settings: Settings, _arguments: Arguments) -> None:
    for slug, schema, state, revision in provisioning.list_organisations(connection):
        _print(f"{slug:<20} {schema:<16} {state:<10} {revision}")


def _suspend(connection: Any, _settings: Settings, arguments: Arguments) -> None:
    provisioning.set_state(connection, arguments.slug, before="active", after="suspended")
    _print(f"{arguments.slug} is suspended; its host answers 404 within seconds")


def _resume(connection: Any, _settings: Settings, arguments: Arguments) -> None:
    provisioning.set_state(connection, arguments.slug, before="suspended", after="active")
    _print(f"{arguments.slug} is active")


def _drop(connection: Any, settings: Settings, arguments: Arguments) -> None:
    if arguments.confirm != arguments.slug:
        raise OrganisationError(f"repeat the name to drop it for good: --confirm {arguments.slug}")
    schema = provisioning.drop_organisation(connection, arguments.slug)
    keys_database.destroy_all(settings, schema)
    _print(f"{arguments.slug} and all its data are gone")


def _rotate(connection: Any, settings: Settings, arguments: Arguments) -> None:
    if arguments.slug == EVERYBODY:
        _print(f"{roles.rotate_all_passwords(connection, settings)} passwords rotated")
        return
    generation = roles.rotate_password(connection, settings, arguments.slug)
    _print(f"{arguments.slug} is at password generation {generation}")


def _add_user(_connection: Any, settings: Settings, arguments: Arguments) -> None:
    role = Role(arguments.role)
    if (arguments.slug == FEDERATION) != (role in FEDERATION_ROLES):
        raise OrganisationError(f"{role.value} is no role of {arguments.slug}")
    try:
        with _accounts_of(arguments.slug, settings) as session:
            link = invite(
                session,
                email=arguments.email,
                name=arguments.name,
                roles=[role],
                locale=arguments.locale,
            )
            address = address_of(session, link)
    except EmailTakenError:
        raise OrganisationError("somebody there has an account with this address") from None
    _print(f"{arguments.role} invited to {arguments.slug}; the link in the mail works for 72 hours")
    if arguments.print_link:
        _print(address)


def _second_factor_anew(_connection: Any, settings: Settings, arguments: Arguments) -> None:
    with _accounts_of(arguments.slug, settings) as session:
        link = start_anew_for(session, email=arguments.email)
        address = address_of(session, link) if link else ""
    if not address:
        raise OrganisationError("nobody there has an account with this address")
    _print("the second factor is off; the link in the mail works for 72 hours, with the password")
    if arguments.print_link:
        _print(address)


def _accounts_of(slug: str, settings: Settings) -> AbstractContextManager[Session]:
    runtime = context.configure(settings)
    if slug == FEDERATION:
        return context.shared_session()
    return context.tenant_session(runtime.registry.get(slug))


def _fill_pool(connection: Any, settings: Settings, arguments: Arguments) -> None:
    made = provisioning.fill_pool(connection, settings, size=arguments.size)
    _print(f"{made} schemas prepared")


ORGANISATION_COMMANDS: dict[str, Callable[[Any, Settings, Arguments], None]] = {
    "create": _create,
    "list": _list,
    "suspend": _suspend,
    "resume": _resume,
    "drop": _drop,
    "rotate-password": _rotate,
    "fill-pool": _fill_pool,
    "add-user": _add_user,
    "second-factor-anew": _second_factor_anew,
}


def _add_organisations(verbs: Any) -> None:
    group = _add(verbs, "organisations", organisations, "create, list, suspend, resume, drop")
    inner = group.add_subparsers(required=True, dest="verb", metavar="VERB")
    for verb in ORGANISATION_COMMANDS:
        command = inner.add_parser(verb)
        if verb == "fill-pool":
            command.add_argument("--size", type=int, default=3)
        elif verb != "list":
            command.add_argument("slug", help=SLUG_HELP.get(verb))
        if verb == "drop":
            command.add_argument("--confirm", metavar="SLUG", default="")
        if verb == "add-user":
            _add_user_options(command)
        if verb == "second-factor-anew":
            command.description = "For the last administrator, who lost telephone and codes."
            _add_person_options(command)


def _add_user_options(command: argparse.ArgumentParser) -> None:
    command.description = "Sends an invitation; the person chooses her own password by its link."
    _add_person_options(command)
    command.add_argument("--name", required=True)
    command.add_argument("--role", required=True, choices=[role.value for role in Role])
    command.add_argument("--locale", default="en")


def _add_person_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("email")
    command.add_argument(
        "--print-link", action="store_true", help="where no mail leaves the installation yet"
    )


def _add(
    verbs: Any, name: str, run: Callable[[Arguments], None], text: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    command.set_defaults(run=run, command=name)
    return command


def _owner_dsn(settings: Settings) -> str:
    if settings.owner_database_url is None:
        raise MissingSettingError("HEARTH_OWNER_DATABASE_URL must be set for this command")
    return settings.owner_database_url


def keys_owner_dsn(settings: Settings) -> str:
    """The address with which the database of keys may be changed."""
    if settings.keys_owner_database_url is None:
        raise MissingSettingError("HEARTH_KEYS_OWNER_DATABASE_URL must be set for this command")
    return settings.keys_owner_database_url


def _print_step(step: Step) -> None:
    _print(f"{step.schema:<16} {step.before or 'empty':<8} -> {step.after}")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
