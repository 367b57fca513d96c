"""Who keeps an organisation's key: the platform, a service, or the organisation itself."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from config.settings import KeyService, MissingSettingError, Settings
from hearth.accounts.models import SignInFailure, User
from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent
from hearth.families.models import Person
from hearth.jobs import redis_connection
from hearth.keys import services as keys
from hearth.sealing import blind, held, transit
from hearth.sealing.cipher import new_key
from hearth.sealing.errors import (
    BrokenSealError,
    KeyServiceAwayError,
    KeysLockedError,
    MissingKeyError,
    NotHeldError,
    SealingError,
    WrongPassphraseError,
)
from hearth.sealing.keyring import Keyring, keyring
from hearth.sealing.kinds import Kind
from hearth.sealing.markers import Unreadable, Why
from hearth.sealing.roots import open_root
from hearth.sealing.rotation import newest_key, rotate
from hearth.sealing.store import Mode, PostgresKeyStore, Purpose, SubjectKey
from tenants import context, keys_database
from tenants.context import Runtime
from tenants.models import new_id
from tenants.passwords import role_password
from tenants.registry import OrgRef
from tests.factories.families import mother, open_family
from tests.support.servers import Addresses, environment_for
from tests.support.transit import TOKEN, TransitServer, transit_server
from tests.support.visitors import Visitor

PASSPHRASE = "a lamp stands in every window"


@pytest.fixture
def schema(runtime: Runtime) -> str:
    """An organisation in the database of keys alone, so that no other test meets its changes."""
    name = f"test_{new_id().hex[-12:]}"
    keys_database.register(runtime.settings, [name])
    return name


@pytest.fixture
def service(runtime: Runtime) -> Iterator[TransitServer]:
    with transit_server() as server:
        told = {"north": KeyService(server.address, TOKEN)}
        context.install(replace(runtime, settings=replace(runtime.settings, key_services=told)))
        yield server
    context.install(runtime)


def some_keys(schema: str, store: PostgresKeyStore, count: int = 3) -> dict[Any, bytes]:
    """Keys of subjects as they are when opened, by subject."""
    ring = Keyring(schema, store)
    subjects = [new_id() for _ in range(count)]
    ring.for_writing(subjects)
    return {subject: ring._open(subject, Purpose.FIELDS) for subject in subjects}


def opened(schema: str, store: PostgresKeyStore, subjects: Any) -> dict[Any, bytes]:
    ring = Keyring(schema, store)
    return {subject: ring._open(subject, Purpose.FIELDS) for subject in subjects}


def test_rotation_wraps_every_key_anew_and_changes_none(
    schema: str, store: PostgresKeyStore, keys_owner: "psycopg.Connection[Any]"
) -> None:
    before = some_keys(schema, store)
    index = Keyring(schema, store).organisation_key(Purpose.BLIND_INDEX)

    done = rotate(schema)

    generations = keys_owner.execute(
        "SELECT DISTINCT kek_generation FROM keys.subject_keys WHERE schema_name = %s", (schema,)
    ).fetchall()
    assert (done.generation, done.keys, done.resumed) == (2, 4, False)
    assert generations == [(2,)]
    assert opened(schema, store, before) == before
    assert Keyring(schema, store).organisation_key(Purpose.BLIND_INDEX) == index
    assert [key.generation for key in store.find(schema, [])[0]] == [2]


def test_an_interrupted_rotation_is_resumed(schema: str, store: PostgresKeyStore) -> None:
    before = some_keys(schema, store)

    class PowerCutError(RuntimeError):
        """The machine stops."""

    def stop(_keys: int) -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        rotate(schema, report=stop)
    meanwhile = some_keys(schema, store)
    still_readable = opened(schema, store, before)
    done = rotate(schema)

    assert still_readable == before
    assert done.resumed
    assert opened(schema, store, before | meanwhile) == before | meanwhile
    assert [key.generation for key in store.find(schema, [])[0]] == [2]


def test_whoever_made_a_key_during_a_rotation_makes_it_again(
    schema: str, store: PostgresKeyStore
) -> None:
    ring = Keyring(schema, store)
    ring.fetch([])
    rotate(schema)

    (key,) = ring.for_writing([subject := new_id()]).values()

    assert key is ring.for_reading(subject)
    assert opened(schema, store, [subject])


def test_a_key_of_another_organisation_is_not_opened(
    schema: str, store: PostgresKeyStore, keys_owner: "psycopg.Connection[Any]", runtime: Runtime
) -> None:
    (subject,) = some_keys(schema, store, 1)
    other = f"{schema}_b"
    keys_database.register(runtime.settings, [other])
    keys_owner.execute(
        "UPDATE keys.subject_keys SET schema_name = %s WHERE subject_id = %s", (other, subject)
    )

    with pytest.raises(BrokenSealError):
        opened(other, store, [subject])


def test_an_organisation_without_a_record_gets_no_key(store: PostgresKeyStore) -> None:
    with pytest.raises(MissingKeyError):
        some_keys("nobody", store)


def test_two_processes_that_make_a_subjects_key_agree_on_one(
    schema: str, store: PostgresKeyStore
) -> None:
    first, second = Keyring(schema, store), Keyring(schema, store)
    subject = new_id()
    for ring in (first, second):
        ring.fetch([subject])

    first.for_writing([subject])
    second.for_writing([subject])

    assert first._open(subject, Purpose.FIELDS) == second._open(subject, Purpose.FIELDS)


def test_a_service_wraps_the_root_and_opens_it_once_a_page(
    schema: str, store: PostgresKeyStore, service: TransitServer
) -> None:
    before = some_keys(schema, store)
    rotate(schema, mode=Mode.KMS, reference="north")
    service.calls.clear()

    found = opened(schema, store, before)

    assert found == before
    assert service.calls == ["decrypt"]


def test_without_its_service_nothing_opens_and_nobody_waits_twice(
    schema: str, store: PostgresKeyStore, service: TransitServer
) -> None:
    before = some_keys(schema, store)
    rotate(schema, mode=Mode.KMS, reference="north")
    service.sealed = True
    service.calls.clear()
    ring = Keyring(schema, store)

    for subject in before:
        with pytest.raises(KeyServiceAwayError):
            ring.for_reading(subject)

    assert keys.state_of(schema).is_open is False


def test_a_service_with_another_key_is_not_believed(
    schema: str, store: PostgresKeyStore, service: TransitServer
) -> None:
    rotate(schema, mode=Mode.KMS, reference="north")
    stranger = replace(
        newest_key(schema, store),
        wrapped=transit.wrap(transit.Service(service.address, TOKEN), name=schema, key=new_key()),
    )

    with pytest.raises(BrokenSealError):
        open_root(stranger)


@pytest.mark.parametrize(
    ("address", "token"), [("http://127.0.0.1:9", TOKEN), ("file:///etc", TOKEN), ("", "wrong")]
)
def test_a_service_that_cannot_be_used_is_away(
    service: TransitServer, address: str, token: str
) -> None:
    unusable = transit.Service(address or service.address, token)

    with pytest.raises(KeyServiceAwayError):
        transit.wrap(unusable, name="x", key=b"k")


def test_a_reference_nobody_configured_is_refused(schema: str) -> None:
    with pytest.raises(SealingError, match="reference"):
        rotate(schema, mode=Mode.KMS, reference="south")


def test_settings_name_the_services(addresses: Addresses) -> None:
    told = {
        "HEARTH_KMS_NORTH_ADDRESS": "https://vault.example",
        "HEARTH_KMS_NORTH_TOKEN": "t",
    }

    found = Settings.from_env({**environment_for(addresses, "any"), **told}).key_services

    assert found == {"north": KeyService("https://vault.example", "t")}


@pytest.mark.parametrize("extra", ["", "?sslmode=require"])
def test_keys_beside_the_families_are_refused(addresses: Addresses, extra: str) -> None:
    told = environment_for(addresses, "any")
    told["HEARTH_KEYS_DATABASE_URL"] = f"{told['DATABASE_URL']}{extra}"

    with pytest.raises(MissingSettingError, match="a database of its own"):
        Settings.from_env(told)


def test_a_guess_at_a_passphrase_costs_twice_the_memory_that_the_standard_recommends() -> None:
    asked = "from hearth.sealing import held; print(held.COST)"

    told = subprocess.check_output([sys.executable, "-c", asked], text=True)

    assert told.strip() == str({"time_cost": 3, "memory_cost": 2 * 65536, "parallelism": 2})


def test_a_held_key_is_open_for_whoever_has_the_passphrase(
    schema: str, store: PostgresKeyStore
) -> None:
    before = some_keys(schema, store)
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    keys.lock(schema)
    locked = keys.state_of(schema)

    with pytest.raises(KeysLockedError):
        opened(schema, store, before)
    with pytest.raises(WrongPassphraseError):
        keys.unlock(schema, "another passphrase of length")
    keys.unlock(schema, PASSPHRASE)

    assert (locked.is_held, locked.is_open) == (True, False)
    assert opened(schema, store, before) == before


def test_an_unlocked_key_locks_itself_and_is_never_kept_bare(
    schema: str, store: PostgresKeyStore, runtime: Runtime
) -> None:
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    keys.unlock(schema, PASSPHRASE, hours=999)
    name = held.cache_name(newest_key(schema, store))

    with redis_connection() as cache:
        left, kept = cache.ttl(name), cache.get(name)

    root = open_root(newest_key(schema, store))
    assert 11.9 * 3600 < int(left) <= 12 * 3600
    assert isinstance(kept, bytes)
    assert root not in kept


def test_a_key_that_was_locked_stays_locked_whatever_is_put_back_into_the_cache(
    schema: str, store: PostgresKeyStore
) -> None:
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    keys.unlock(schema, PASSPHRASE)
    name = held.cache_name(newest_key(schema, store))

    with redis_connection() as cache:
        copy = cache.get(name)
        keys.lock(schema)
        cache.set(name, copy)
        with pytest.raises(KeysLockedError):
            open_root(newest_key(schema, store))
        keys.unlock(schema, PASSPHRASE)
        again = open_root(newest_key(schema, store))
        cache.set(name, copy)

    assert again
    with pytest.raises(KeysLockedError):
        open_root(newest_key(schema, store))


@pytest.mark.parametrize("later", ["as it is", "with another end"])
def test_a_key_that_the_cache_keeps_for_good_locks_itself_all_the_same(
    schema: str, store: PostgresKeyStore, later: str
) -> None:
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    keys.unlock(schema, PASSPHRASE, hours=1 / 3600)
    key = newest_key(schema, store)
    name = held.cache_name(key)

    with redis_connection() as cache:
        kept = cache.get(name)
        assert isinstance(kept, bytes)
        end = int(time.time() + 3600).to_bytes(held.END_BYTES)
        time.sleep(1.1)
        cache.set(name, kept if later == "as it is" else end + kept[held.END_BYTES :])

    with pytest.raises(KeysLockedError):
        open_root(key)


def test_what_somebody_puts_into_the_cache_is_not_believed(
    schema: str, store: PostgresKeyStore
) -> None:
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    name = held.cache_name(newest_key(schema, store))

    with redis_connection() as cache:
        cache.set(name, os.urandom(60))

    with pytest.raises(KeysLockedError):
        open_root(newest_key(schema, store))


def test_without_the_cache_a_held_key_stays_closed(
    schema: str, store: PostgresKeyStore, runtime: Runtime
) -> None:
    rotate(schema, mode=Mode.HELD, passphrase=PASSPHRASE)
    away = replace(runtime.settings, redis_url="redis://127.0.0.1:9/0")
    context.install(replace(runtime, settings=away))

    with pytest.raises(KeysLockedError):
        open_root(newest_key(schema, store))
    with pytest.raises(KeysLockedError):
        keys.unlock(schema, PASSPHRASE)
    context.install(runtime)


@pytest.mark.parametrize("passphrase", [None, "", "fifteen letters"])
def test_a_short_passphrase_is_refused(schema: str, passphrase: str | None) -> None:
    with pytest.raises(SealingError, match="16"):
        rotate(schema, mode=Mode.HELD, passphrase=passphrase)


def test_the_platform_does_not_unlock_what_it_keeps_itself(schema: str) -> None:
    with pytest.raises(NotHeldError):
        keys.unlock(schema, PASSPHRASE)


@pytest.fixture
def holding(
    session: Session, spb: OrgRef, store: PostgresKeyStore, addresses: Addresses
) -> Iterator[str]:
    """St Petersburg holds its key itself, and has locked it; undone at the end."""
    open_family(session, members=[mother(phone="+7 921 555 01 99")])
    session.flush()
    rotate(spb.schema_name, mode=Mode.HELD, passphrase=PASSPHRASE)
    keys.lock(spb.schema_name)
    session.expunge_all()
    session.info.pop("keyring")
    yield spb.schema_name
    keys.unlock(spb.schema_name, PASSPHRASE)
    rotate(spb.schema_name, mode=Mode.PLATFORM)


def test_while_the_key_is_locked_pages_say_so_and_write_nothing(
    holding: str, session: Session, sign_in: Callable[..., Visitor]
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    household = session.scalars(select(Person)).one()

    listed = worker.get("/families/")
    searched = worker.submit("/families/", {"text": "testova"})
    taken = worker.submit("/referrals/new", {"mother_name": "Test", **_referral()})

    assert isinstance(household.given_name, Unreadable)
    assert household.given_name.why is Why.LOCKED
    assert listed.status_code == 200
    assert "locked" in listed.text
    assert [searched.status_code, taken.status_code] == [503, 503]
    assert "key is locked" in taken.text


def test_an_administrator_unlocks_and_locks_the_key(
    holding: str, sign_in: Callable[..., Visitor]
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)
    worker = sign_in(Role.SOCIAL_WORKER)

    wrong = administrator.submit("/keys/", {"passphrase": "another passphrase"})
    right = administrator.submit("/keys/", {"passphrase": PASSPHRASE})
    read = worker.get("/families/").text
    locked = administrator.submit("/keys/lock")
    again = worker.get("/families/").text

    assert (wrong.status_code, right.status_code, locked.status_code) == (422, 303, 303)
    assert "another passphrase" not in wrong.text
    assert "Testova" in read
    assert "Testova" not in again


def test_locking_the_key_asks_for_a_fresh_proof(sign_in: Callable[..., Visitor]) -> None:
    answer = sign_in(Role.ADMINISTRATOR, fresh=False).get("/keys/lock")

    assert answer.location == "/confirm?next=/keys/lock"


def test_guesses_at_the_passphrase_end_and_everything_is_recorded(
    holding: str, sign_in: Callable[..., Visitor], session: Session
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    wrong = [administrator.submit("/keys/", {"passphrase": f"guess {n}"}) for n in range(5)]
    late = administrator.submit("/keys/", {"passphrase": PASSPHRASE})
    session.execute(delete(SignInFailure))
    session.commit()
    right = administrator.submit("/keys/", {"passphrase": PASSPHRASE})
    locked = administrator.submit("/keys/lock")

    written = session.execute(
        select(AuditEvent.action, AuditEvent.actor_id)
        .where(AuditEvent.action.startswith("key."))
        .order_by(AuditEvent.seq)
    ).all()
    who = session.scalars(select(User.id).where(User.roles == [Role.ADMINISTRATOR.value])).one()
    assert {answer.status_code for answer in wrong} == {422}
    assert (late.status_code, right.status_code, locked.status_code) == (422, 303, 303)
    assert "quarter of an hour" in late.text
    actions = ["key.passphrase-refused"] * 5
    actions += ["key.guessing-refused", "key.unlocked", "key.locked"]
    assert [(one.action, one.actor_id) for one in written] == [(one, who) for one in actions]


def test_unlocking_the_key_asks_for_a_fresh_proof(sign_in: Callable[..., Visitor]) -> None:
    answer = sign_in(Role.ADMINISTRATOR, fresh=False).get("/keys/")

    assert answer.location == "/confirm?next=/keys/"


def test_the_page_of_a_key_that_the_platform_keeps_asks_for_nothing(
    sign_in: Callable[..., Visitor],
) -> None:
    administrator = sign_in(Role.ADMINISTRATOR)

    page = administrator.get("/keys/")
    lock = administrator.submit("/keys/lock")

    assert (page.status_code, lock.status_code) == (200, 422)
    assert "passphrase" not in page.text


def test_words_are_blind_by_organisation_and_by_kind(
    session: Session, pskov_session: Session
) -> None:
    mine = blind.blind(session, Kind.SURNAME, "testova")

    assert mine == blind.blind(session, Kind.SURNAME, "testova")
    assert mine != blind.blind(session, Kind.GIVEN_NAME, "testova")
    assert mine != blind.blind(pskov_session, Kind.SURNAME, "testova")


def test_the_keepers_role_reaches_keys_and_no_families(
    settings: Settings, runtime: Runtime, spb: OrgRef
) -> None:
    def login(role: str, database: str, secret: str) -> None:
        password = role_password(secret, role, 1)
        parts = psycopg.conninfo.conninfo_to_dict(settings.owner_database_url or "")
        psycopg.connect(
            host=str(parts["host"]),
            port=str(parts["port"]),
            user=role,
            password=password,
            dbname=database,
        ).close()

    tenants = settings.database_url.rpartition("/")[2]
    keys_name = settings.keys_database_url.rpartition("/")[2]
    login("key_keeper", keys_name, settings.keys_secret)
    login(spb.schema_name, tenants, settings.database_secret)

    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        login("key_keeper", tenants, settings.keys_secret)
    for role in (spb.schema_name, "platform_app", "federation_reader"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            login(role, keys_name, settings.database_secret)


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM subject_keys",
        "TRUNCATE key_events",
        "UPDATE key_events SET kind = 'locked'",
        "DELETE FROM key_events",
        "DELETE FROM organisation_keys",
        "UPDATE organisation_keys SET check_value = ''",
        "UPDATE subject_keys SET subject_id = gen_random_uuid()",
        "UPDATE subject_keys SET schema_name = 'other'",
        "CREATE TABLE keys.trap (id int)",
        "CREATE TABLE public.trap (id int)",
        "DROP TRIGGER keep_destroyed ON subject_keys",
    ],
)
def test_the_keepers_role_rewrites_no_history(runtime: Runtime, attack: str) -> None:
    with (
        runtime.bindings.keys().connect() as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.exec_driver_sql(attack)


def test_a_migration_that_was_done_is_not_done_again(settings: Settings) -> None:
    assert keys_database.migrate(settings.keys_owner_database_url or "") == []


def test_dropping_an_organisation_destroys_its_keys(
    schema: str, store: PostgresKeyStore, settings: Settings
) -> None:
    subjects = some_keys(schema, store)

    keys_database.destroy_all(settings, schema)

    assert set(subjects) <= set(dict(store.destroyed(schema)))
    with pytest.raises(SealingError):
        opened(schema, store, subjects)


def test_a_wrapped_key_is_not_kept_twice(schema: str, store: PostgresKeyStore) -> None:
    subject = new_id()
    first = SubjectKey(subject_id=subject, purpose=Purpose.FIELDS, wrapped=b"1" * 60, generation=1)

    store.add(schema, [first])
    store.add(schema, [replace(first, wrapped=b"2" * 60)])

    assert [key.wrapped for key in store.find(schema, [subject])[1]] == [b"1" * 60]


def test_a_session_of_the_platform_seals_nothing(shared: Session) -> None:
    with pytest.raises(MissingKeyError):
        keyring(shared)


def _referral() -> dict[str, str]:
    return {
        "source": "hospital",
        "channel": "phone",
        "urgency": "within_72_hours",
        "safe_to_call": "unknown",
    }
