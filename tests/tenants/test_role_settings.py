"""What a role was made to set for itself ends with the next connection, and never its use."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from config.settings import Settings
from tenants import context, provisioning, role_settings, roles
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines, role_url
from tenants.provisioning import Profile
from tenants.registry import OrgRef, Registry

Connect = Callable[[], "psycopg.Connection[tuple[object, ...]]"]
SLUG = "selfish"
# Each alone would have kept an organisation out of its own schema, or its work from being done.
HARM = [
    "SET default_transaction_read_only = on",
    "SET statement_timeout = '1ms'",
    "SET lock_timeout = '1ms'",
    "SET transaction_timeout = '1ms'",
    "SET idle_session_timeout = '1ms'",
    "SET idle_in_transaction_session_timeout = '1ms'",
    "SET search_path = 'pg_catalog'",
    "SET local_preload_libraries = 'there_is_none'",
    "SET default_transaction_isolation = 'serializable'",
    "SET work_mem = '64kB'",
    "SET client_encoding = 'EUC_TW'",
    "SET transform_null_equals = on",
    "RESET ALL",
    "IN DATABASE {database} SET search_path = 'pg_catalog'",
    "IN DATABASE {database} SET default_transaction_read_only = on",
]


@pytest.fixture
def owner(settings: Settings) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as connection:
        yield connection


@pytest.fixture
def org(settings: Settings, owner: "psycopg.Connection[tuple[object, ...]]") -> Iterator[OrgRef]:
    """An organisation whose role nobody else's test signs in as."""
    profile = replace(Profile.named("spb"), slug=SLUG)
    provisioning.create_organisation(owner, settings, profile)
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=0)
    context.install(Runtime(settings, engines, registry))
    yield registry.get(SLUG)
    engines.dispose()
    provisioning.set_state(owner, SLUG, before="active", after="suspended")
    provisioning.drop_organisation(owner, settings, SLUG)


@pytest.fixture
def injected(settings: Settings, org: OrgRef) -> Callable[[str], None]:
    """Do to the organisation's role what SQL that got into it can do."""

    def alter(harm: str) -> None:
        url = role_url(settings, org.schema_name, 1).set(drivername="postgresql")
        with psycopg.connect(
            url.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {role} " + harm).format(
                    role=sql.Identifier(org.schema_name),
                    database=sql.Identifier(connection.info.dbname),
                )
            )

    return alter


def settings_of(owner: "psycopg.Connection[tuple[object, ...]]", role: str) -> set[object]:
    found = owner.execute(
        "SELECT setting FROM pg_db_role_setting, unnest(setconfig) AS setting"
        " WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = %s)",
        (role,),
    )
    return {setting for (setting,) in found.fetchall()}


@pytest.mark.parametrize("harm", HARM)
def test_an_organisation_works_on_whatever_its_role_was_made_to_set(
    owner: "psycopg.Connection[tuple[object, ...]]",
    org: OrgRef,
    injected: Callable[[str], None],
    harm: str,
) -> None:
    before = settings_of(owner, org.schema_name)
    injected(harm)
    assert settings_of(owner, org.schema_name) != before
    began = time.monotonic()

    with tenant_session(org) as session:
        session.execute(text("UPDATE users SET name = name"))
        path = session.scalar(text("SHOW search_path"))
        memory = session.scalar(text("SHOW work_mem"))
        isolation = session.scalar(text("SHOW transaction_isolation"))

    assert settings_of(owner, org.schema_name) == before
    assert path == f"{org.schema_name},extensions"
    assert (memory, isolation) == ("4MB", "read committed")
    assert time.monotonic() - began < 15


def test_a_role_begins_with_its_defaults_and_no_others(
    owner: "psycopg.Connection[tuple[object, ...]]", org: OrgRef
) -> None:
    for role in (org.schema_name, role_settings.PLATFORM_ROLE, role_settings.READER_ROLE):
        wanted = {f"{name}={value}" for name, value in role_settings.defaults_of(role).items()}
        given = {f"temp_file_limit={role_settings.TEMPORARY_SPACE}"}

        assert settings_of(owner, role) == wanted | (given if role == org.schema_name else set())


def test_what_a_superuser_gave_a_role_stays_when_its_defaults_are_put_right(
    owner: "psycopg.Connection[tuple[object, ...]]",
    org: OrgRef,
    injected: Callable[[str], None],
) -> None:
    injected("SET work_mem = '64kB'")

    with tenant_session(org) as session:
        told = session.scalar(text("SHOW temp_file_limit"))

    assert told == role_settings.TEMPORARY_SPACE
    assert f"temp_file_limit={told}" in settings_of(owner, org.schema_name)


def test_a_new_connection_to_a_role_nobody_changed_is_made_once(
    settings: Settings, org: OrgRef
) -> None:
    url = role_url(settings, org.schema_name, 1).set(drivername="postgresql")
    made: list[psycopg.Connection[tuple[object, ...]]] = []

    def connect() -> "psycopg.Connection[tuple[object, ...]]":
        made.append(psycopg.connect(url.render_as_string(hide_password=False)))
        return made[-1]

    found = role_settings.connect_settled(connect, org.schema_name)

    assert made == [found]
    found.close()


def test_what_only_an_administrator_of_the_server_set_is_left_alone(
    owner: "psycopg.Connection[tuple[object, ...]]", org: OrgRef
) -> None:
    role = sql.Identifier(org.schema_name)
    owner.execute(sql.SQL("ALTER ROLE {} SET log_min_duration_statement = 100").format(role))

    with tenant_session(org) as session:
        told = session.scalar(text("SHOW log_min_duration_statement"))

    assert told == "100ms"


def test_a_password_that_the_role_gave_itself_is_replaced_by_the_command(
    settings: Settings,
    owner: "psycopg.Connection[tuple[object, ...]]",
    org: OrgRef,
    injected: Callable[[str], None],
) -> None:
    injected("SET work_mem = '64kB'")
    injected("PASSWORD 'known to whoever injected it'")

    generation = roles.rotate_password(owner, settings, SLUG)

    with tenant_session(replace(org, generation=generation)) as session:
        assert session.scalar(text("SELECT current_user")) == org.schema_name
    assert "work_mem=64kB" not in settings_of(owner, org.schema_name)


def test_through_a_pooler_nothing_is_told_that_it_would_refuse(settings: Settings) -> None:
    pooled = replace(settings, pooled_connections=True)

    assert "options" in role_url(settings, "org_0001", 1).query
    assert "options" not in role_url(pooled, "org_0001", 1).query
