"""`hearth organisations`: create, list, suspend, resume, drop, passwords and the pool."""

from collections.abc import Callable
from typing import Any

import psycopg

from config.endpoints import DEFAULT
from config.settings import Settings
from hearth.terminal import Arguments, add, say
from tenants import keys_database, provisioning, roles
from tenants.owners import Connection, owner_dsn
from tenants.provisioning import Profile
from tenants.roles import OrganisationError

EVERYBODY = "all"
SLUG_HELP = {
    "rotate-password": "an organisation, or 'all' for every schema, ready ones included",
}
Command = Callable[[Connection, Settings, Arguments], None]


def add_to(verbs: Any) -> Any:
    """Add the commands; returns the place where others add theirs on organisations."""
    group = add(verbs, "organisations", _refuse, "create, list, suspend, resume, drop")
    inner = group.add_subparsers(required=True, dest="verb", metavar="VERB")
    for verb, command in COMMANDS.items():
        one = inner.add_parser(verb)
        one.set_defaults(run=with_owner(command))
        if verb == "fill-pool":
            one.add_argument("--size", type=int, default=3)
            one.add_argument("--placement", default=DEFAULT)
        elif verb != "list":
            one.add_argument("slug", help=SLUG_HELP.get(verb))
        if verb == "drop":
            one.add_argument("--confirm", metavar="SLUG", default="")
    return inner


def with_owner(command: Command) -> Callable[[Arguments], None]:
    """Run a command with the owner's connection to the registry's database."""

    def run(arguments: Arguments) -> None:
        settings = Settings.from_env()
        with psycopg.connect(owner_dsn(settings), autocommit=True) as connection:
            command(connection, settings, arguments)

    return run


def _refuse(_arguments: Arguments) -> None:
    raise OrganisationError("say what is to be done")


def _create(connection: Connection, settings: Settings, arguments: Arguments) -> None:
    schema = provisioning.create_organisation(connection, settings, Profile.named(arguments.slug))
    say(f"{arguments.slug} lives in {schema}")


def _list(connection: Connection, _settings: Settings, _arguments: Arguments) -> None:
    for slug, schema, state, revision in provisioning.list_organisations(connection):
        say(f"{slug:<20} {schema:<16} {state:<10} {revision}")


def _suspend(connection: Connection, _settings: Settings, arguments: Arguments) -> None:
    provisioning.set_state(connection, arguments.slug, before="active", after="suspended")
    say(f"{arguments.slug} is suspended; its host answers 404 within seconds")


def _resume(connection: Connection, _settings: Settings, arguments: Arguments) -> None:
    provisioning.set_state(connection, arguments.slug, before="suspended", after="active")
    say(f"{arguments.slug} is active")


def _drop(connection: Connection, settings: Settings, arguments: Arguments) -> None:
    if arguments.confirm != arguments.slug:
        raise OrganisationError(f"repeat the name to drop it for good: --confirm {arguments.slug}")
    schema = provisioning.drop_organisation(connection, settings, arguments.slug)
    keys_database.destroy_all(settings, schema)
    say(f"{arguments.slug} and all its data are gone")


def _rotate(connection: Connection, settings: Settings, arguments: Arguments) -> None:
    if arguments.slug == EVERYBODY:
        say(f"{roles.rotate_all_passwords(connection, settings)} passwords rotated")
        return
    generation = roles.rotate_password(connection, settings, arguments.slug)
    say(f"{arguments.slug} is at password generation {generation}")


def _fill_pool(connection: Connection, settings: Settings, arguments: Arguments) -> None:
    made = provisioning.fill_pool(
        connection, settings, size=arguments.size, placement=arguments.placement
    )
    say(f"{made} schemas prepared")


COMMANDS: dict[str, Command] = {
    "create": _create,
    "list": _list,
    "suspend": _suspend,
    "resume": _resume,
    "drop": _drop,
    "rotate-password": _rotate,
    "fill-pool": _fill_pool,
}
