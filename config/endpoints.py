"""Where an installation's servers stand: addresses from the environment, each with its country."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

DEFAULT = "default"
NAMED = re.compile(
    r"HEARTH_(PLACEMENT|RELAY|BACKUPS|FILES|ERRORS)_([A-Z][A-Z0-9_]*)(?<!_OWNER)_(OWNER_URL|URL|COUNTRY)(_FILE)?"
)
COUNTRY = re.compile(r"[A-Z]{2}")


class EndpointKind(StrEnum):
    """What stands at an address, as the environment names it."""

    PLACEMENT = "placement"
    RELAY = "relay"
    BACKUPS = "backups"
    FILES = "files"
    ERRORS = "errors"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One server that may hold an organisation's data or see it pass.

    A process that never talks to it needs its country alone; ``url`` is then empty. ``owner_url``
    belongs to databases, and to the commands that change schemas.
    """

    kind: EndpointKind
    name: str
    country: str | None
    url: str | None = field(default=None, repr=False)
    owner_url: str | None = field(default=None, repr=False)


Endpoints = dict[tuple[EndpointKind, str], Endpoint]


def named_endpoints(names: Iterable[str], read: Callable[[str], str | None]) -> Endpoints:
    """Every endpoint that variables such as ``HEARTH_PLACEMENT_NORTH_URL`` describe.

    :raises ValueError: a country is not two capital letters; the message names the variable.
    """
    wanted = {
        (EndpointKind(found[1].lower()), found[2])
        for found in map(NAMED.fullmatch, names)
        if found is not None
    }
    return {
        (kind, given.lower().replace("_", "-")): Endpoint(
            kind=kind,
            name=given.lower().replace("_", "-"),
            country=country_of(f"HEARTH_{kind.upper()}_{given}_COUNTRY", read),
            url=read(f"HEARTH_{kind.upper()}_{given}_URL"),
            owner_url=_owner_url(kind, given, read),
        )
        for kind, given in wanted
    }


def _owner_url(kind: EndpointKind, given: str, read: Callable[[str], str | None]) -> str | None:
    if kind is not EndpointKind.PLACEMENT:
        return None
    return read(f"HEARTH_PLACEMENT_{given}_OWNER_URL")


def country_of(variable: str, read: Callable[[str], str | None]) -> str | None:
    """The country a variable tells, as ISO 3166 writes it; None where it is not set.

    :raises ValueError: it is not two capital letters.
    """
    told = read(variable)
    if told is not None and not COUNTRY.fullmatch(told):
        raise ValueError(f"{variable} must be a country in two capital letters, such as SE")
    return told
