"""`hearth placements`, and the commands that move an organisation or ask where it may be."""

from typing import Any

import psycopg

from config.settings import Settings
from hearth.cli_organisations import with_owner
from hearth.terminal import Arguments, add, say
from tenants import moving, roles
from tenants.context import configure, shared_session
from tenants.owners import Connection, add_placement, list_placements, owner_dsn
from tenants.placement import PlacementError, complaints
from tenants.registry import load


def add_to(verbs: Any, organisations: Any) -> None:
    """Add the commands on placements, and those of organisations that concern them."""
    group = add(verbs, "placements", _refuse, "databases in which organisations may live")
    inner = group.add_subparsers(required=True, dest="verb", metavar="VERB")
    new = inner.add_parser("add", help="prepare a database whose address the environment names")
    new.add_argument("name")
    new.add_argument("--country", required=True, help="as ISO 3166 writes it, such as SE")
    new.set_defaults(run=with_owner(_add))
    inner.add_parser("list").set_defaults(run=with_owner(_list))
    move = organisations.add_parser("move", help="bring one to another placement")
    move.add_argument("slug")
    what = move.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", metavar="PLACEMENT", help="begin, or go on where it stopped")
    what.add_argument("--abort", action="store_true", help="stay where it is")
    what.add_argument("--drop-old", action="store_true", help="remove the locked copy it left")
    move.set_defaults(run=with_owner(_move))
    check = organisations.add_parser("check", help="name what lies where it must not")
    check.set_defaults(run=_check)


def _refuse(_arguments: Arguments) -> None:
    raise PlacementError("say what is to be done")


def _add(home: Connection, settings: Settings, arguments: Arguments) -> None:
    add_placement(home, settings, arguments.name, country=arguments.country)
    with psycopg.connect(owner_dsn(settings, arguments.name), autocommit=True) as there:
        roles.prepare_placement(there, settings)
    say(f"{arguments.name} takes organisations")


def _list(home: Connection, _settings: Settings, _arguments: Arguments) -> None:
    for name, country, held in list_placements(home):
        say(f"{name:<20} {country or 'own':<6} {held} organisations")


def _move(home: Connection, settings: Settings, arguments: Arguments) -> None:
    if arguments.abort:
        moving.abort(home, settings, arguments.slug)
        say(f"{arguments.slug} stays where it was")
    elif arguments.drop_old:
        for place in moving.drop_old(home, settings, arguments.slug):
            say(f"the old copy of {arguments.slug} in {place} is gone")
    else:
        moving.move(home, settings, arguments.slug, arguments.to, say=say)


def _check(_arguments: Arguments) -> None:
    settings = Settings.from_env()
    configure(settings)
    with shared_session() as session:
        organisations = load(session)
    found = [wrong for one in organisations for wrong in complaints(one, settings)]
    for wrong in found:
        say(wrong)
    if found:
        raise PlacementError("organisations lie where they must not, and are refused here")
    say("every organisation lies where it may")
