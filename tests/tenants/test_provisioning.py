"""Organisations are created from a warm pool, suspended, resumed and dropped; passwords rotate."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import Settings
from tenants import context, provisioning, roles
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines, role_url
from tenants.passwords import role_password
from tenants.provisioning import Profile
from tenants.registry import Registry, UnknownOrganisationError
from tenants.releases import head
from tenants.roles import OrganisationError
from tenants.routing import _hosts_of_ours, site_for

Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def owner(settings: Settings) -> Iterator[Owner]:
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def profile() -> Profile:
    return replace(Profile.named("ussuriysk"), slug=f"u{uuid.uuid4().hex[:12]}")


@pytest.fixture
def new(owner: Owner, settings: Settings, profile: Profile) -> Iterator[str]:
    """The slug of a fresh organisation that is dropped again."""
    provisioning.create_organisation(owner, settings, profile)
    yield profile.slug
    states = {row[0]: row[2] for row in provisioning.list_organisations(owner)}
    if states.get(profile.slug) == "active":
        provisioning.set_state(owner, profile.slug, before="active", after="suspended")
    if profile.slug in states:
        provisioning.drop_organisation(owner, settings, profile.slug)


@pytest.fixture
def real(settings: Settings) -> Iterator[Runtime]:
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=0)
    yield context.install(Runtime(settings, engines, registry))
    engines.dispose()


def test_a_new_organisation_is_ready_to_work(real: Runtime, new: str) -> None:
    organisation = real.registry.get(new)

    with tenant_session(organisation) as session:
        found = session.execute(text("SELECT current_user, schema_name FROM organisation_marker"))
        assert found.one() == (organisation.schema_name, organisation.schema_name)
    assert "ussuriysk" not in organisation.schema_name


def test_a_new_organisation_stands_at_the_newest_revision(owner: Owner, new: str) -> None:
    rows = {row[0]: row for row in provisioning.list_organisations(owner)}

    assert rows[new][2:] == ("active", head("tenant"))


def test_a_taken_name_is_refused_and_costs_no_schema(
    owner: Owner, settings: Settings, profile: Profile, new: str
) -> None:
    provisioning.fill_pool(owner, settings, size=1)
    before = _warm(owner)

    with pytest.raises(OrganisationError, match="taken"):
        provisioning.create_organisation(owner, settings, profile)

    assert _warm(owner) == before


@pytest.mark.parametrize("slug", ["federation", "files", "hooks", "all", "Upper", "a.b", "-a", ""])
def test_a_name_that_is_none_to_give_away_is_refused(
    owner: Owner, settings: Settings, profile: Profile, slug: str
) -> None:
    with pytest.raises(OrganisationError, match="cannot be given"):
        provisioning.create_organisation(owner, settings, replace(profile, slug=slug))

    assert slug not in {row[0] for row in provisioning.list_organisations(owner)}


@pytest.mark.parametrize(
    "host",
    ["pskov.hearth.test", "SPB.hearth.test", "federation.hearth.test", "hearth.test",
     "nobody.hearth.test", "localhost", "give .example", "*.example.org", "example.org:443"],
)  # fmt: skip
def test_a_host_that_is_none_to_give_away_is_refused(
    owner: Owner, settings: Settings, profile: Profile, host: str
) -> None:
    with pytest.raises(OrganisationError, match="host"):
        provisioning.create_organisation(owner, settings, replace(profile, hosts=[host]))

    assert profile.slug not in {row[0] for row in provisioning.list_organisations(owner)}


def test_a_host_has_one_organisation(
    owner: Owner, settings: Settings, real: Runtime, profile: Profile
) -> None:
    host = f"give-{profile.slug}.example.org"
    other = replace(profile, slug=f"a{uuid.uuid4().hex[:12]}", hosts=[host.upper()])
    provisioning.create_organisation(owner, settings, replace(profile, hosts=[host.title()]))

    with pytest.raises(OrganisationError, match=f"{profile.slug}'s already"):
        provisioning.create_organisation(owner, settings, other)

    found = real.registry.by_host(host)
    assert found is not None
    assert found.slug == profile.slug
    provisioning.set_state(owner, profile.slug, before="active", after="suspended")
    provisioning.drop_organisation(owner, settings, profile.slug)


def test_a_neighbours_host_that_was_written_into_the_registry_leads_to_the_neighbour(
    owner: Owner, real: Runtime, new: str
) -> None:
    owner.execute(
        "UPDATE shared.organisations SET hosts = '{pskov.hearth.test}' WHERE slug = %s", (new,)
    )

    found = real.registry.by_host("pskov.hearth.test")

    assert found is not None
    assert found.slug == "pskov"


def test_every_host_of_the_service_is_reserved(settings: Settings) -> None:
    hosts = _hosts_of_ours(settings.base_domain)

    labels = {host.removesuffix(settings.base_domain).rstrip(".") for host in hosts} - {""}

    assert labels <= provisioning.RESERVED


def test_claiming_takes_a_warm_schema(owner: Owner, settings: Settings, profile: Profile) -> None:
    provisioning.fill_pool(owner, settings, size=1)
    warm = _warm(owner)

    claimed = provisioning.claim_schema(owner, profile)

    assert claimed == warm[0]
    assert claimed not in _warm(owner)
    provisioning.set_state(owner, profile.slug, before="active", after="suspended")
    provisioning.drop_organisation(owner, settings, profile.slug)


def test_a_suspended_organisation_has_no_host_and_no_session(
    owner: Owner, real: Runtime, new: str
) -> None:
    provisioning.set_state(owner, new, before="active", after="suspended")

    assert site_for(f"{new}.hearth.test", real) is None
    with pytest.raises(UnknownOrganisationError):
        real.registry.get(new)

    provisioning.set_state(owner, new, before="suspended", after="active")
    assert site_for(f"{new}.hearth.test", real) is not None


def test_an_active_organisation_cannot_be_dropped(
    owner: Owner, settings: Settings, new: str
) -> None:
    with pytest.raises(OrganisationError, match="no suspended organisation"):
        provisioning.drop_organisation(owner, settings, new)


def test_dropping_leaves_neither_schema_nor_role_and_frees_the_name(
    owner: Owner, settings: Settings, profile: Profile, new: str
) -> None:
    schema = {row[0]: row[1] for row in provisioning.list_organisations(owner)}[new]
    provisioning.set_state(owner, new, before="active", after="suspended")

    provisioning.drop_organisation(owner, settings, new)

    left = owner.execute(
        "SELECT 1 FROM pg_namespace WHERE nspname = %(n)s"
        " UNION ALL SELECT 1 FROM pg_roles WHERE rolname = %(n)s",
        {"n": schema},
    ).fetchall()
    assert left == []
    assert provisioning.create_organisation(owner, settings, profile) != schema


@pytest.mark.parametrize(
    "made",
    [
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO CURRENT_USER',"
        " current_database()); END $$",
    ],
)
def test_what_a_role_made_for_itself_goes_with_it(
    owner: Owner, settings: Settings, real: Runtime, new: str, made: str
) -> None:
    role = real.registry.get(new).schema_name
    with _connect(settings, role) as connection:
        connection.execute(sql.SQL(made))
    provisioning.set_state(owner, new, before="active", after="suspended")

    provisioning.drop_organisation(owner, settings, new)

    assert owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchall() == []


def test_a_large_object_from_before_they_were_withheld_goes_with_its_role(
    owner: Owner, settings: Settings, real: Runtime, new: str
) -> None:
    role = real.registry.get(new).schema_name
    oid = owner.execute("SELECT lo_from_bytea(0, 'Anna, 12 Fontanka')").fetchone()
    assert oid is not None
    owner.execute(
        sql.SQL("ALTER LARGE OBJECT {} OWNER TO {}").format(
            sql.Literal(oid[0]), sql.Identifier(role)
        )
    )
    provisioning.set_state(owner, new, before="active", after="suspended")

    provisioning.drop_organisation(owner, settings, new)

    assert owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchall() == []
    assert owner.execute("SELECT 1 FROM pg_largeobject_metadata").fetchall() == []


def test_an_organisation_whose_role_has_something_elsewhere_is_not_said_to_be_gone(
    owner: Owner, settings: Settings, real: Runtime, new: str
) -> None:
    role = sql.Identifier(real.registry.get(new).schema_name)
    owner.execute(sql.SQL("GRANT CONNECT ON DATABASE template1 TO {}").format(role))
    provisioning.set_state(owner, new, before="active", after="suspended")

    with pytest.raises(OrganisationError, match="something in template1"):
        provisioning.drop_organisation(owner, settings, new)

    owner.execute(sql.SQL("SELECT count(*) FROM {}.users").format(role))
    owner.execute(sql.SQL("REVOKE CONNECT ON DATABASE template1 FROM {}").format(role))
    assert provisioning.drop_organisation(owner, settings, new)


@pytest.mark.parametrize(
    "held",
    [
        "GRANT USAGE ON SCHEMA extensions TO CURRENT_USER",
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO CURRENT_USER',"
        " current_database()); END $$",
        "DROP OWNED BY CURRENT_USER",
    ],
)
def test_an_open_transaction_stops_no_other_organisations_coming_and_going(
    owner: Owner,
    settings: Settings,
    real: Runtime,
    profile: Profile,
    new: str,
    caplog: pytest.LogCaptureFixture,
    held: str,
) -> None:
    holder = real.registry.get(new).schema_name
    other = replace(profile, slug=f"u{uuid.uuid4().hex[:12]}")

    for step in ("come", "go"):
        connection = _connect(settings, holder)
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute(sql.SQL(held))
        if step == "come":
            provisioning.prepare_schema(owner, settings)
            provisioning.create_organisation(owner, settings, other)
            provisioning.set_state(owner, other.slug, before="active", after="suspended")
        else:
            provisioning.drop_organisation(owner, settings, other.slug)
        connection.close()

    ended = [one.schema for one in caplog.records if one.msg == "session_ended"]  # type: ignore[attr-defined]
    assert ended == [holder, holder]


def test_an_open_transaction_does_not_stop_the_preparation_of_a_release(
    owner: Owner, settings: Settings, real: Runtime, new: str, caplog: pytest.LogCaptureFixture
) -> None:
    holder = real.registry.get(new).schema_name
    connection = _connect(settings, holder)
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.execute("GRANT SELECT (relname) ON pg_class TO CURRENT_USER")
    connection.execute("GRANT USAGE ON SCHEMA extensions TO CURRENT_USER")

    closed = roles.prepare_database(owner, settings)

    assert closed
    assert [one.schema for one in caplog.records if one.msg == "session_ended"] == [holder]  # type: ignore[attr-defined]
    connection.close()


@pytest.fixture
def managed(owner: Owner, settings: Settings) -> Iterator[Owner]:
    """A database whose owner may make roles and is no superuser, as managed servers give it."""
    name = f"managed_{uuid.uuid4().hex[:8]}"
    role = sql.Identifier(name)
    owner.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'managed'").format(role))
    owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))
    address = {"user": name, "password": "managed", "dbname": name}
    dsn = psycopg.conninfo.make_conninfo(settings.owner_database_url or "", **address)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection
    owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
    owner.execute(sql.SQL("DROP ROLE {}").format(role))


def test_an_owner_who_is_no_superuser_makes_and_drops_organisations_roles(
    managed: Owner, settings: Settings
) -> None:
    name = f"m{uuid.uuid4().hex[:8]}"

    closed = roles.prepare_placement(managed, settings)
    provisioning.build_schema(managed, settings, name)
    limited = managed.execute("SELECT rolconnlimit FROM pg_roles WHERE rolname = %s", (name,))
    limit = limited.fetchone()
    roles.prepare_placement(managed, settings)
    url = role_url(settings, name, 1).set(drivername="postgresql", database=managed.info.dbname)
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
    provisioning.raze_schema(managed, name)

    assert not closed
    assert limit == (settings.role_connections,)
    assert managed.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchall() == []


def test_a_rotated_password_ends_the_old_one(
    owner: Owner, settings: Settings, real: Runtime, new: str
) -> None:
    schema = real.registry.get(new).schema_name
    old = role_url(settings, schema, 1).set(drivername="postgresql")

    generation = roles.rotate_password(owner, settings, new)

    assert generation == 2
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(old.render_as_string(hide_password=False))
    with tenant_session(real.registry.get(new)) as session:
        assert isinstance(session, Session)
        assert session.scalar(text("SELECT current_user")) == schema


def test_a_role_opens_so_many_connections_and_leaves_the_others_room(
    settings: Settings, real: Runtime, new: str
) -> None:
    mine, theirs = real.registry.get(new).schema_name, real.registry.get("pskov").schema_name
    opened: list[psycopg.Connection[tuple[object, ...]]] = []

    refused = _connect_until_refused(settings, mine, opened)
    other = _connect(settings, theirs)

    assert "too many connections for role" in refused
    assert len(opened) == settings.role_connections
    assert other.execute("SELECT current_user").fetchone() == (theirs,)
    for connection in (*opened, other):
        connection.close()


def test_passwords_differ_by_role_and_generation() -> None:
    passwords = {
        role_password("s" * 32, role, generation)
        for role in ("org_0001", "org_0002")
        for generation in (1, 2)
    }

    assert len(passwords) == 4


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(OrganisationError, match="no profile"):
        Profile.named("atlantis")


def _connect(settings: Settings, role: str) -> Owner:
    url = role_url(settings, role, 1).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False))


def _connect_until_refused(settings: Settings, role: str, opened: list[Owner]) -> str:
    while len(opened) <= settings.role_connections:
        try:
            opened.append(_connect(settings, role))
        except psycopg.OperationalError as refusal:
            return str(refusal)
    return "never"


def _warm(owner: Owner) -> list[object]:
    rows = owner.execute("SELECT name FROM shared.schemas WHERE state = 'warm' ORDER BY name")
    return [row[0] for row in rows.fetchall()]


def test_organisations_made_at_the_same_moment_do_not_disturb_each_other(
    owner: Owner, settings: Settings
) -> None:
    slugs = [f"u{uuid.uuid4().hex[:12]}" for _ in range(4)]

    def make(slug: str) -> str:
        profile = replace(Profile.named("ussuriysk"), slug=slug)
        assert settings.owner_database_url is not None
        with psycopg.connect(settings.owner_database_url, autocommit=True) as lane:
            return provisioning.create_organisation(lane, settings, profile)

    with ThreadPoolExecutor(4) as lanes:
        schemas = list(lanes.map(make, slugs))

    assert len(set(schemas)) == 4
    for slug in slugs:
        provisioning.set_state(owner, slug, before="active", after="suspended")
        provisioning.drop_organisation(owner, settings, slug)
