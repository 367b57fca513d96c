"""The database owners' connections, for the commands that change schemas in any placement."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from config.endpoints import DEFAULT, EndpointKind
from config.settings import MissingSettingError, Settings
from tenants.placement import PlacementError

Connection = psycopg.Connection[Any]


def owner_dsn(settings: Settings, placement: str = DEFAULT) -> str:
    """The owner's address in a placement.

    :raises MissingSettingError: this process was not told the owner's address.
    :raises PlacementError: nothing at all is known of that placement.
    """
    endpoint = settings.endpoint(EndpointKind.PLACEMENT, placement)
    if endpoint is None:
        raise PlacementError(f"no address is configured for the placement {placement}")
    if endpoint.owner_url is None:
        name = f"PLACEMENT_{placement.upper().replace('-', '_')}_OWNER_URL"
        wanted = "OWNER_DATABASE_URL" if placement == DEFAULT else name
        raise MissingSettingError(f"HEARTH_{wanted} must be set for this command")
    return endpoint.owner_url


def keys_owner_dsn(settings: Settings) -> str:
    """The address with which the database of keys may be changed.

    :raises MissingSettingError: this process was not told it.
    """
    if settings.keys_owner_database_url is None:
        raise MissingSettingError("HEARTH_KEYS_OWNER_DATABASE_URL must be set for this command")
    return settings.keys_owner_database_url


@contextmanager
def owner_of(home: Connection, settings: Settings, placement: str) -> Iterator[Connection]:
    """The owner's connection to a placement: ``home`` itself where the registry is, else a new one.

    :raises PlacementError: nothing is known of that placement.
    """
    if placement == DEFAULT:
        yield home
        return
    with psycopg.connect(owner_dsn(settings, placement), autocommit=True) as there:
        yield there


def placements_in_use(home: Connection) -> list[str]:
    """Every placement but the registry's own, by name."""
    rows = home.execute("SELECT name FROM shared.placements WHERE name <> 'default' ORDER BY name")
    return [name for (name,) in rows.fetchall()]


def add_placement(home: Connection, settings: Settings, name: str, *, country: str) -> None:
    """Write a placement into the registry; its database is prepared by ``prepare_placement``.

    :raises PlacementError: the environment knows no such placement, or puts it elsewhere.
    """
    endpoint = settings.endpoint(EndpointKind.PLACEMENT, name)
    if endpoint is None or endpoint.url is None or name == DEFAULT:
        raise PlacementError(f"the environment tells no address for a placement named {name}")
    if endpoint.country != country:
        raise PlacementError(f"the environment says that {name} is in {endpoint.country}")
    owner_dsn(settings, name)
    home.execute(
        "INSERT INTO shared.placements (name, country) VALUES (%s, %s)"
        " ON CONFLICT (name) DO NOTHING",
        (name, country),
    )


def list_placements(home: Connection) -> list[tuple[str, str | None, int]]:
    """Name, country and number of organisations of every placement."""
    return home.execute(
        "SELECT p.name, p.country, count(o.id) FROM shared.placements p"
        " LEFT JOIN shared.schemas s ON s.database = p.name"
        " LEFT JOIN shared.organisations o ON o.schema_name = s.name AND o.state <> 'dropped'"
        " GROUP BY p.name, p.country ORDER BY p.name"
    ).fetchall()
