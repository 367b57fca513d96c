"""`hearth organisations add-user | second-factor[s]-anew`: opens doors for people, by a link."""

import argparse
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.factors import ResetLatelyError
from hearth.accounts.invitations import (
    EmailTakenError,
    invite,
    start_anew_for,
    start_lost_ones_anew,
)
from hearth.accounts.mails import address_of
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.cli_organisations import with_owner
from hearth.terminal import Arguments, say
from tenants import context
from tenants.owners import Connection
from tenants.roles import OrganisationError

FEDERATION = "federation"


def add_to(organisations: Any) -> None:
    """Add the commands."""
    user = _add(organisations, "add-user")
    user.description = "Sends an invitation; the person chooses her own password by its link."
    user.add_argument("--name", required=True)
    user.add_argument("--role", required=True, choices=[role.value for role in Role])
    user.add_argument("--locale", default="en")
    user.set_defaults(run=with_owner(_add_user))
    anew = _add(organisations, "second-factor-anew")
    anew.description = "For the last administrator, who lost telephone and codes."
    anew.set_defaults(run=with_owner(_second_factor_anew))
    every = organisations.add_parser("second-factors-anew")
    every.description = "After HEARTH_SECRET_KEY was replaced: everybody's app that it has lost."
    every.add_argument("slug", help="an organisation, or 'federation' for federation staff")
    every.set_defaults(run=with_owner(_second_factors_anew))


def _add(organisations: Any, verb: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = organisations.add_parser(verb)
    command.add_argument("slug", help="an organisation, or 'federation' for federation staff")
    command.add_argument("email")
    command.add_argument(
        "--print-link", action="store_true", help="where no mail leaves the installation yet"
    )
    return command


def _add_user(_connection: Connection, settings: Settings, arguments: Arguments) -> None:
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
    say(f"{arguments.role} invited to {arguments.slug}; the link in the mail works for 72 hours")
    if arguments.print_link:
        say(address)


def _second_factor_anew(_connection: Connection, settings: Settings, arguments: Arguments) -> None:
    try:
        with _accounts_of(arguments.slug, settings) as session:
            link = start_anew_for(session, email=arguments.email)
            address = address_of(session, link) if link else ""
    except ResetLatelyError:
        raise OrganisationError("the password came by mail less than a day ago; wait") from None
    if not address:
        raise OrganisationError("nobody there has an account with this address")
    say("the second factor is off; the link in the mail works for 72 hours, with the password")
    if arguments.print_link:
        say(address)


def _second_factors_anew(_connection: Connection, settings: Settings, arguments: Arguments) -> None:
    with _accounts_of(arguments.slug, settings) as session:
        sent, waiting = start_lost_ones_anew(session)
    say(f"{sent} second factors are off; the link in each mail works for 72 hours")
    if waiting:
        say(f"{waiting} wait for a day after a password that came by mail; run this again then")


def _accounts_of(slug: str, settings: Settings) -> AbstractContextManager[Session]:
    runtime = context.configure(settings)
    if slug == FEDERATION:
        return context.shared_session()
    return context.tenant_session(runtime.registry.get(slug))
