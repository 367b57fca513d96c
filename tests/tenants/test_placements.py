"""Organisations in two real servers: who may live where, and moving one while it is read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.embedded import EmbeddedPostgres
from config.endpoints import EndpointKind
from config.settings import MissingSettingError, Settings
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.sessions import Assurance, start_session
from hearth.app import create_app
from hearth.audit.verification import verify
from hearth.families.models import Household
from hearth.outbox import services as outbox
from hearth.outbox.mail import relay_named
from tenants import context, copying, moving, owners, provisioning, roles
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.placement import PlacementError, complaints
from tenants.provisioning import Profile
from tenants.registry import Registry, UnknownOrganisationError, load
from tenants.releases import head
from tenants.roles import OrganisationError
from tenants.routing import site_for
from tests.factories.families import open_family
from tests.factories.people import member_of_staff
from tests.support.servers import (
    BASE_DOMAIN,
    Addresses,
    copy_template,
    drop_database,
    settings_for,
)
from tests.support.visitors import Visitor
from workers import mail as mail_jobs

Owner = psycopg.Connection[tuple[object, ...]]
NOW = 0.0


@dataclass
class TwoPlaces:
    """An installation whose registry is in one server and whose second placement is another."""

    settings: Settings
    home: Owner
    there: Owner
    runtime: Runtime


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser's address on a second server."""
    folder: Path = tmp_path_factory.mktemp("second")
    with EmbeddedPostgres(folder / "pg", durable=False) as server:
        yield server.superuser_dsn


@pytest.fixture(scope="module")
def own(addresses: Addresses, worker: str, second: str) -> Iterator[Settings]:
    database = copy_template(addresses, f"placements_{worker}")
    parts = psycopg.conninfo.conninfo_to_dict(second)
    yield settings_for(
        addresses,
        database,
        HEARTH_ROLE_PREFIX=f"{worker}p_",
        HEARTH_PLACEMENT_EAST_URL=f"postgresql://{parts['host']}:{parts['port']}/postgres",
        HEARTH_PLACEMENT_EAST_OWNER_URL=second,
        HEARTH_PLACEMENT_EAST_COUNTRY="RU",
        HEARTH_PLACEMENT_ABROAD_URL=f"postgresql://{parts['host']}:{parts['port']}/template1",
        HEARTH_PLACEMENT_ABROAD_OWNER_URL=second,
        HEARTH_PLACEMENT_ABROAD_COUNTRY="SE",
        HEARTH_RELAY_EAST_URL="smtp+tls://post:a%20key@relay.east.example:2525?from=p@east.example",
        HEARTH_RELAY_EAST_COUNTRY="RU",
    )
    drop_database(addresses, database)


@pytest.fixture
def places(own: Settings, second: str) -> Iterator[TwoPlaces]:
    assert own.owner_database_url is not None
    engines = Engines(own)
    registry = Registry(
        engines.platform,
        base_domain=own.base_domain,
        seconds=0,
        gate=lambda org: complaints(org, own),
    )
    runtime = context.install(Runtime(own, engines, registry))
    with (
        psycopg.connect(own.owner_database_url, autocommit=True) as home,
        psycopg.connect(second, autocommit=True) as there,
    ):
        for name, country in (("east", "RU"), ("abroad", "SE")):
            owners.add_placement(home, own, name, country=country)
        roles.prepare_placement(there, own)
        yield TwoPlaces(own, home, there, runtime)
    engines.dispose()


@pytest.fixture
def house(places: TwoPlaces) -> Iterator[str]:
    """The slug of an organisation with a family, a colleague and a mail that waits."""
    profile = replace(Profile.named("spb"), slug="wandering")
    provisioning.create_organisation(places.home, places.settings, profile)
    with tenant_session(places.runtime.registry.get("wandering")) as session:
        member_of_staff(session)
        open_family(session)
        outbox.put(session, key="one", kind="mail", payload={"template": "none"})
    yield "wandering"
    with suppress(OrganisationError):
        moving.abort(places.home, places.settings, "wandering")
    with suppress(OrganisationError):
        provisioning.set_state(places.home, "wandering", before="active", after="suspended")
    moving.drop_old(places.home, places.settings, "wandering")
    provisioning.drop_organisation(places.home, places.settings, "wandering")


@pytest.fixture
def worker_at(places: TwoPlaces) -> Callable[[str], Visitor]:
    """A social worker of an organisation, signed in."""

    def sign_in(slug: str) -> Visitor:
        app = create_app(places.settings)
        app.test_client_class = Visitor
        client = app.test_client()
        assert isinstance(client, Visitor)
        client.host = f"{slug}.{BASE_DOMAIN}"
        with tenant_session(places.runtime.registry.get(slug)) as session:
            user = session.query(User).filter_by(name="Anna").one()
            token = start_session(
                session, user_id=user.id, host=client.host, assurance=Assurance.SECOND_FACTOR
            )
        client.set_cookie(COOKIE, token, domain=client.host, secure=True)
        return client

    return sign_in


def families(places: TwoPlaces, slug: str) -> int:
    with tenant_session(places.runtime.registry.get(slug)) as session:
        return session.query(Household).count()


def move(places: TwoPlaces, slug: str, target: str) -> None:
    moving.move(places.home, places.settings, slug, target, say=lambda _line: None, patience=NOW)


def change_profile(places: TwoPlaces, slug: str, column: str, value: object) -> None:
    statement = sql.SQL("UPDATE shared.organisations SET {} = %s WHERE slug = %s")
    places.home.execute(statement.format(sql.Identifier(column)), (value, slug))


def test_an_organisation_is_made_in_another_server_and_works_there(places: TwoPlaces) -> None:
    profile = replace(Profile.named("pskov"), slug="eastern", placement="east")

    schema = provisioning.create_organisation(places.home, places.settings, profile)

    with tenant_session(places.runtime.registry.get("eastern")) as session:
        here = session.execute(text("SELECT current_user, inet_server_port()")).one()
    assert here == (schema, places.there.info.port)
    assert places.there.execute(
        "SELECT revision FROM shared.schema_versions WHERE schema_name = %s", (schema,)
    ).fetchone() == (head("tenant"),)
    assert schema not in {
        row[0] for row in places.home.execute("SELECT nspname FROM pg_namespace").fetchall()
    }
    assert roles.rotate_password(places.home, places.settings, "eastern") == 2
    assert families(places, "eastern") == 0
    provisioning.set_state(places.home, "eastern", before="active", after="suspended")
    provisioning.drop_organisation(places.home, places.settings, "eastern")
    assert (
        places.there.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (schema,)).fetchall()
        == []
    )


def test_a_pool_is_kept_in_each_placement(places: TwoPlaces) -> None:
    made = provisioning.fill_pool(places.home, places.settings, size=1, placement="east")
    again = provisioning.fill_pool(places.home, places.settings, size=1, placement="east")

    assert (made, again) == (1, 0)


@pytest.mark.parametrize(
    ("column", "value", "wrong"),
    [
        ("allowed_countries", ["SE"], "the database of wandering would be in RU, and it allows SE"),
        ("relay", "nowhere", "the mail relay of wandering would be at nowhere"),
        ("backups", "nowhere", "the backups of wandering would be at nowhere"),
        ("errors", "nowhere", "the error reports of wandering would be at nowhere"),
        ("files", "nowhere", "the files of wandering would be at nowhere"),
    ],
)
def test_an_organisation_with_an_endpoint_where_it_must_not_be_is_refused_and_others_go_on(
    places: TwoPlaces, house: str, column: str, value: object, wrong: str
) -> None:
    change_profile(places, house, column, value)

    with context.shared_session() as session:
        organisations = {one.slug: one for one in load(session)}
    named = complaints(organisations[house], places.settings)

    assert named[0].startswith(wrong)
    assert site_for(f"{house}.{BASE_DOMAIN}", places.runtime) is None
    assert site_for(f"spb.{BASE_DOMAIN}", places.runtime) is not None
    assert places.runtime.registry.is_suspended(organisations[house].schema_name)
    with pytest.raises(UnknownOrganisationError):
        places.runtime.registry.get(house)
    with pytest.raises(PlacementError), tenant_session(organisations[house]):
        context.current_organisation()
    with tenant_session(places.runtime.registry.get("spb")) as other:
        assert other.scalar(text("SELECT 1")) == 1


def test_registry_and_environment_must_agree_on_a_placements_country(places: TwoPlaces) -> None:
    org = replace(
        places.runtime.registry.get("spb"),
        endpoints={**dict.fromkeys(EndpointKind, "default"), EndpointKind.PLACEMENT: "east"},
        placement_country="SE",
    )

    found = complaints(org, places.settings)

    assert len(found) == 1
    assert "different countries" in found[0]


def test_a_country_must_be_told_and_must_look_like_one(addresses: Addresses) -> None:
    with pytest.raises(MissingSettingError, match="HEARTH_COUNTRY"):
        settings_for(addresses, "any", HEARTH_COUNTRY="")
    with pytest.raises(MissingSettingError, match="two capital letters"):
        settings_for(addresses, "any", HEARTH_RELAY_X_URL="smtp://x", HEARTH_RELAY_X_COUNTRY="no")


def test_where_errors_are_reported_to_is_in_no_country_unless_it_is_told(
    places: TwoPlaces, addresses: Addresses
) -> None:
    reporting = settings_for(addresses, "any", SENTRY_DSN="https://key@errors.example/1")
    told = settings_for(
        addresses, "any", SENTRY_DSN="https://key@errors.example/1", SENTRY_COUNTRY="RU"
    )
    org = places.runtime.registry.get("spb")

    assert "a country nobody told" in complaints(org, reporting)[0]
    assert complaints(org, told) == ()


def test_mail_leaves_by_the_organisations_own_relay(places: TwoPlaces) -> None:
    relay = relay_named(places.settings, "east")

    assert (relay.host, relay.port, relay.tls) == ("relay.east.example", 2525, True)
    assert (relay.user, relay.password, relay.mail_from) == ("post", "a key", "p@east.example")
    assert relay_named(places.settings, "default").host == "127.0.0.1"
    with pytest.raises(LookupError):
        relay_named(places.settings, "nowhere")


def test_a_moved_organisation_has_everything_and_the_old_copy_is_locked(
    places: TwoPlaces, house: str
) -> None:
    before = places.runtime.registry.get(house)
    old = Engines(places.settings)

    move(places, house, "east")

    after = places.runtime.registry.get(house)
    assert (after.database, after.generation) == ("east", before.generation + 1)
    assert not after.read_only
    assert families(places, house) == 1
    with tenant_session(after) as session:
        open_family(session)
    assert families(places, house) == 2
    with tenant_session(after) as session:
        assert verify(session, places.settings).is_whole
    with pytest.raises(DBAPIError), old.organisation(before).connect():
        pass
    assert moving.drop_old(places.home, places.settings, house) == ["default"]
    assert (
        places.home.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname = %(name)s"
            " UNION ALL SELECT rolname FROM pg_roles WHERE rolname = %(name)s",
            {"name": after.schema_name},
        ).fetchall()
        == []
    )
    move(places, house, "default")
    assert families(places, house) == 2


def test_constraints_and_triggers_stand_in_the_new_place_as_in_the_old(
    places: TwoPlaces, house: str
) -> None:
    schema = places.runtime.registry.get(house).schema_name
    with places.home.transaction():
        before = [places.home.execute(q, (schema,)).fetchall() for q in SHAPE]

    move(places, house, "east")

    with places.there.transaction():
        assert [places.there.execute(q, (schema,)).fetchall() for q in SHAPE] == before


SHAPE = (
    copying.TRIGGERS,
    "SELECT conrelid::regclass::text, conname, convalidated FROM pg_constraint"
    " WHERE connamespace = %s::regnamespace ORDER BY 1, 2",
    "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = %s::regnamespace"
    " AND relkind = 'r' ORDER BY 1",
)


def test_a_country_that_is_not_allowed_is_no_place_to_move_to(
    places: TwoPlaces, house: str
) -> None:
    with pytest.raises(PlacementError, match="would be in SE, and it allows RU"):
        move(places, house, "abroad")
    with pytest.raises(PlacementError, match="no placement named moon"):
        move(places, house, "moon")

    assert not places.runtime.registry.get(house).read_only


def test_while_it_is_moved_pages_show_and_changes_wait_with_what_was_typed(
    places: TwoPlaces, house: str, worker_at: Callable[[str], Visitor]
) -> None:
    visitor = worker_at(house)
    change_profile(places, house, "read_only_since", "now")

    looked = visitor.get("/referrals/new")
    recorded = visitor.get("/families/")
    sent = visitor.post(
        "/referrals/new", data={"form_token": "kept", "mother_name": "Test <Testova>"}
    )

    assert looked.status_code == 200
    # Nobody looks at a family without leaving a record of it, and records wait like any change.
    assert recorded.status_code == 503
    assert sent.status_code == 503
    assert sent.headers["Retry-After"] == "60"
    assert 'name="mother_name" value="Test &lt;Testova&gt;"' in sent.text
    assert 'name="form_token" value="' in sent.text


def test_a_password_is_not_kept_in_the_page_that_asks_to_wait(
    places: TwoPlaces, house: str, worker_at: Callable[[str], Visitor]
) -> None:
    visitor = worker_at(house)
    change_profile(places, house, "read_only_since", "now")

    sent = visitor.post("/sign-in", data={"email": "a@example.org", "password": "do not show"})

    assert sent.status_code == 503
    assert "do not show" not in sent.text


def test_the_database_refuses_changes_too_and_jobs_leave_the_organisation_alone(
    places: TwoPlaces, house: str
) -> None:
    change_profile(places, house, "read_only_since", "now")
    org = places.runtime.registry.get(house)

    with (
        pytest.raises(DBAPIError, match="read-only transaction"),
        tenant_session(org) as session,
    ):
        open_family(session)
    mail_jobs.deliver_outbox(house)

    assert house not in {one.slug for one in places.runtime.registry.all_working()}
    assert places.runtime.registry.is_suspended(org.schema_name)
    with tenant_session(org) as session:
        assert outbox.backlog(session).waiting == 1


def test_a_change_under_way_is_waited_for_and_arrives(places: TwoPlaces, house: str) -> None:
    org = places.runtime.registry.get(house)
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with tenant_session(org) as session:
            open_family(session)
            session.flush()
            written.set()
            go_on.wait(10)

    late = threading.Thread(target=write)
    late.start()
    assert written.wait(10)
    threading.Timer(0.3, go_on.set).start()
    move(places, house, "east")
    late.join()

    assert families(places, house) == 2


def test_a_copy_that_differs_is_thrown_away_and_the_old_place_serves_on(
    places: TwoPlaces, house: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying.copy_tables

    def lose_a_row(source: Owner, target: Owner, schema: str) -> None:
        copy(source, target, schema)
        target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(schema, "outbox")))

    monkeypatch.setattr(moving, "copy_tables", lose_a_row)

    with pytest.raises(copying.CopyError, match="outbox: 1 rows"):
        move(places, house, "east")

    org = places.runtime.registry.get(house)
    assert (org.database, org.read_only) == ("default", False)
    with tenant_session(org) as session:
        open_family(session)
    assert (
        places.there.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = %s", (org.schema_name,)
        ).fetchall()
        == []
    )


@pytest.mark.parametrize("died_in", ["_copy", "_finish"])
def test_a_move_whose_process_died_is_gone_on_with(
    places: TwoPlaces, house: str, monkeypatch: pytest.MonkeyPatch, died_in: str
) -> None:
    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving, died_in, die)
        # A process that is killed does not tidy up after itself.
        patched.setattr(moving, "_undo", lambda *_arguments: None)
        with pytest.raises(KeyboardInterrupt):
            move(places, house, "east")
    assert places.runtime.registry.get(house).read_only

    move(places, house, "east")

    org = places.runtime.registry.get(house)
    assert (org.database, org.read_only) == ("east", False)
    assert families(places, house) == 1


def test_an_interrupted_move_can_be_undone_until_it_has_switched(
    places: TwoPlaces, house: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_copy", die)
        patched.setattr(moving, "_undo", lambda *_arguments: None)
        with pytest.raises(KeyboardInterrupt):
            move(places, house, "east")

    moving.abort(places.home, places.settings, house)

    org = places.runtime.registry.get(house)
    assert (org.database, org.read_only) == ("default", False)
    with pytest.raises(OrganisationError, match="not being moved"):
        moving.abort(places.home, places.settings, house)
