"""The second lock: scope and transaction are one thing, and there is no other way in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.models import User
from tenants import context
from tenants.context import (
    NestedScopeError,
    NoTenantError,
    Runtime,
    after_commit,
    current_organisation,
    keep_when_refused,
    refuse,
    shared_session,
    tenant_session,
)
from tenants.engines import Engines, WrongSchemaError
from tenants.models import new_id
from tenants.registry import OrgRef, Registry


def test_the_scope_ends_with_its_transaction(spb: OrgRef) -> None:
    with tenant_session(spb):
        inside = current_organisation()

    assert inside == spb
    with pytest.raises(NoTenantError):
        current_organisation()


def test_entering_another_organisation_inside_a_transaction_is_refused(
    spb: OrgRef, pskov: OrgRef
) -> None:
    with tenant_session(spb), pytest.raises(NestedScopeError), tenant_session(pskov):
        pass


def test_the_scope_is_left_after_an_exception(spb: OrgRef, pskov: OrgRef) -> None:
    with pytest.raises(RuntimeError, match="broken"), tenant_session(spb):
        raise RuntimeError("broken")

    with tenant_session(pskov) as session:
        found = session.scalar(text("SELECT schema_name FROM organisation_marker"))
    assert found == pskov.schema_name


def test_outside_any_scope_an_organisations_tables_do_not_exist(runtime: Runtime) -> None:
    with (
        pytest.raises(ProgrammingError, match="UndefinedTable"),
        shared_session() as session,
    ):
        session.execute(text("SELECT * FROM organisation_marker"))


def test_what_one_organisation_writes_the_other_does_not_see(
    session: Session, pskov_session: Session
) -> None:
    session.add(
        User(email="new@spb.example.org", name="N", password_hash="x", roles=[], locale="ru")
    )
    session.flush()

    found = pskov_session.query(User).filter_by(email="new@spb.example.org").count()

    assert found == 0


def test_an_error_leaves_nothing_behind(spb: OrgRef) -> None:
    def fail() -> None:
        with tenant_session(spb) as session:
            lost = User(email="lost@x.org", name="N", password_hash="x", roles=[], locale="ru")
            session.add(lost)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with tenant_session(spb) as session:
        assert session.query(User).filter_by(email="lost@x.org").count() == 0


def test_what_follows_a_commit_does_not_follow_a_rollback(spb: OrgRef) -> None:
    happened: list[str] = []

    def fail() -> None:
        with tenant_session(spb) as session:
            after_commit(session, "a", lambda: happened.append("undone"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with tenant_session(spb) as session:
        after_commit(session, "a", lambda: happened.append("first"))
        after_commit(session, "a", lambda: happened.append("second"))

    assert happened == ["second"]


def test_a_savepoint_that_ends_well_is_neither_durable_nor_the_end_of_the_work(
    spb: OrgRef,
) -> None:
    happened: list[str] = []
    lasting = {"email": "kept@x.org", "name": "Kept", "roles": ["director"], "locale": "en"}

    with tenant_session(spb) as session:
        keep_when_refused(session, insert(User).values(id=new_id(), **lasting))
        after_commit(session, "a", lambda: happened.append("early"))
        with session.begin_nested():
            session.execute(text("SELECT 1"))
        early = list(happened)
        refuse(session)
        kept = session.query(User).filter_by(email="kept@x.org").count()

    assert early == happened == []
    assert kept == 1


@pytest.fixture
def real(settings: Settings, engines: Engines, registry: Registry) -> Runtime:
    """The runtime as production has it: pooled connections, nothing pinned."""
    return context.install(Runtime(settings, engines, registry))


def test_a_pooled_connection_is_clean_after_an_exception(real: Runtime) -> None:
    spb, pskov = real.registry.get("spb"), real.registry.get("pskov")
    for _ in range(10):
        with pytest.raises(DBAPIError), tenant_session(spb) as session:
            session.execute(text("SELECT 1 / 0"))

    with tenant_session(pskov) as session:
        found = session.execute(
            text("SELECT current_user, current_schema(), schema_name FROM organisation_marker")
        ).one()

    assert set(found) == {pskov.schema_name}


def test_mixed_requests_with_errors_never_cross(real: Runtime) -> None:
    organisations = real.registry.all_active()
    barrier = threading.Barrier(8)

    def work(number: int) -> list[tuple[str, str]]:
        barrier.wait()
        seen = []
        for turn in range(25):
            org = organisations[(number + turn) % 2]
            try:
                with tenant_session(org) as session:
                    found = session.scalar(text("SELECT schema_name FROM organisation_marker"))
                    seen.append((org.schema_name, found))
                    if turn % 3 == 0:
                        session.execute(text("SELECT 1 / 0"))
            except DBAPIError:
                continue
        return seen

    with ThreadPoolExecutor(8) as pool:
        pairs = [pair for seen in pool.map(work, range(8)) for pair in seen]

    assert len(pairs) == 200
    assert all(wanted == found for wanted, found in pairs)


def test_a_terminated_back_end_is_noticed_before_it_is_used(
    real: Runtime, settings: Settings
) -> None:
    spb = real.registry.get("spb")
    with tenant_session(spb) as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    _terminate(settings, pid)

    with tenant_session(spb) as session:
        again = session.scalar(text("SELECT pg_backend_pid()"))

    assert again != pid


def test_a_schema_that_says_it_is_another_organisations_is_refused(
    real: Runtime, settings: Settings
) -> None:
    spb = real.registry.get("spb")
    with _owner(settings) as owner:
        owner.execute(f"UPDATE {spb.schema_name}.organisation_marker SET schema_name = 'other'")
    assert isinstance(real.bindings, Engines)
    real.bindings.dispose()

    with pytest.raises(WrongSchemaError), tenant_session(spb) as session:
        session.execute(text("SELECT 1"))

    with _owner(settings) as owner:
        owner.execute(
            f"UPDATE {spb.schema_name}.organisation_marker SET schema_name = '{spb.schema_name}'"
        )


def test_the_least_recently_used_engine_makes_room(settings: Settings, real: Runtime) -> None:
    spb, pskov = real.registry.get("spb"), real.registry.get("pskov")
    few = Engines(settings, capacity=1)
    first = few.organisation(spb)

    second = few.organisation(pskov)

    assert few.organisation(pskov) is second
    assert few.organisation(spb) is not first
    few.dispose()


def _owner(settings: Settings) -> "psycopg.Connection[tuple[object, ...]]":
    assert settings.owner_database_url is not None
    return psycopg.connect(settings.owner_database_url, autocommit=True)


def _terminate(settings: Settings, pid: object) -> None:
    with _owner(settings) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
