"""A model's sealed attributes: written and read like any other, opened with few questions."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, insert, select, text, update
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from hearth.families.models import Person, PersonCorrection
from hearth.families.vocabulary import Sex
from hearth.models import TENANT_METADATA
from hearth.sealing import services
from hearth.sealing.columns import SealedBytes
from hearth.sealing.errors import BrokenSealError, ErasedError, MissingKeyError, SealingError
from hearth.sealing.fields import Written, reseal, sealed_fields
from hearth.sealing.keyring import keyring
from hearth.sealing.markers import Unreadable, UnreadableRecord, Why
from hearth.sealing.models import BlindWord, KeyDestruction
from hearth.sealing.store import PostgresKeyStore, Purpose
from tenants.context import Runtime, tenant_session
from tenants.models import TenantModel
from tenants.registry import OrgRef
from tests.factories.families import TODAY, mother, open_family
from tests.factories.intake import take_referral
from tests.factories.service_delivery import record_service
from tests.hearth.sealing.conftest import tables_with

CANARY = "Kanareika"


def make_person(session: Session, **known: Any) -> Person:
    person = Person(**{"given_name": "Test-Anna", "phone": "+7 000 000 00 00", **known})
    session.add(person)
    session.flush()
    return person


def stored(session: Session, person: Person, column: str) -> bytes | None:
    found: bytes | None = session.execute(
        text(f"SELECT {column} FROM people WHERE id = :id"), {"id": person.id}
    ).scalar_one()
    return found


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


@given(
    value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_text_is_read_as_it_was_written(session: Session, value: str) -> None:
    person = make_person(session, contact_note=value)
    session.expire_all()

    assert person.contact_note == value


def test_a_value_is_replaced_and_one_that_stays_is_not_sealed_anew(session: Session) -> None:
    person = make_person(session)
    before = stored(session, person, "phone_sealed")

    person.phone = "+7 000 000 00 00"
    person.given_name = "Test-Vera"
    session.flush()
    session.expire_all()

    assert stored(session, person, "phone_sealed") == before
    assert person.given_name == "Test-Vera"


def test_what_was_written_and_undone_is_gone(session: Session) -> None:
    person = make_person(session)

    nested = session.begin_nested()
    person.phone = "+7 111 111 11 11"
    session.flush()
    nested.rollback()

    assert person.phone == "+7 000 000 00 00"


def test_what_waits_to_be_sealed_does_not_tell_itself() -> None:
    assert CANARY not in repr(Written(CANARY))


def test_every_key_of_a_page_comes_with_one_question(
    session: Session, spb: OrgRef, runtime: Runtime
) -> None:
    for _ in range(5):
        open_family(session, members=[mother(phone="+7 000 000 00 00")] * 1)
    session.expunge_all()
    session.info.pop("keyring")
    people = session.scalars(select(Person)).all()

    with counted(runtime.bindings.keys_statements()) as asked:
        read = [(person.given_name, person.phone) for person in people]

    assert len(asked) == 1
    assert {name for name, _phone in read} == {"Test-Mother"}


def test_new_keys_are_made_in_one_statement(session: Session, runtime: Runtime) -> None:
    keyring(session).organisation_key(Purpose.BLIND_INDEX)
    session.add_all([Person(given_name=f"Test-{n}") for n in range(7)])

    with counted(runtime.bindings.keys()) as sent:
        session.flush()

    assert sum("INSERT INTO subject_keys" in statement for statement in sent) == 1


def test_keys_end_with_their_unit_of_work(runtime: Runtime, spb: OrgRef) -> None:
    with tenant_session(spb) as first:
        person = make_person(first)
        assert keyring(first).knows(person.id)
    with tenant_session(spb) as second:
        assert not keyring(second).knows(person.id)


def test_a_row_that_left_its_unit_of_work_says_so(session: Session) -> None:
    person = make_person(session)
    session.expunge_all()
    again = session.get_one(Person, person.id)
    session.expunge(again)

    with pytest.raises(SealingError, match="left its unit of work"):
        _ = again.phone


@pytest.mark.parametrize("value", ["plain", b"plain"])
def test_sql_that_goes_round_the_models_is_refused(session: Session, value: object) -> None:
    person = make_person(session)
    values = {"phone_sealed": value}

    with pytest.raises(StatementError, match="only what was sealed"):
        session.execute(update(Person).where(Person.id == person.id).values(values))
    with pytest.raises(StatementError, match="only what was sealed"):
        session.execute(insert(Person), [{"id": uuid.uuid4(), **values}])


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE people SET phone_sealed = contact_note_sealed WHERE id = :mine",
        "UPDATE people SET phone_sealed = (SELECT phone_sealed FROM people WHERE id = :other)"
        " WHERE id = :mine",
        "UPDATE people SET phone_sealed = substr(phone_sealed, 1, 20) WHERE id = :mine",
        r"UPDATE people SET phone_sealed = phone_sealed || '\x00' WHERE id = :mine",
        "UPDATE people SET phone_sealed = '' WHERE id = :mine",
    ],
    ids=["another column", "another row", "cut off", "longer", "empty"],
)
def test_what_was_moved_or_changed_in_the_database_is_not_shown(
    session: Session, move: str
) -> None:
    mine, other = (make_person(session, contact_note="Test note") for _ in range(2))
    session.execute(text(move), {"mine": mine.id, "other": other.id})
    session.expire_all()

    with pytest.raises(BrokenSealError):
        _ = mine.phone


def test_a_row_copied_into_another_organisation_opens_nothing(
    session: Session, pskov_session: Session
) -> None:
    person = make_person(session)
    stolen = stored(session, person, "phone_sealed")
    theirs = make_person(pskov_session)
    pskov_session.execute(
        text("UPDATE people SET id = :id, phone_sealed = :phone WHERE id = :old"),
        {"id": person.id, "phone": stolen, "old": theirs.id},
    )
    pskov_session.expunge_all()

    with pytest.raises(MissingKeyError):
        _ = pskov_session.get_one(Person, person.id).phone


def test_nothing_personal_stands_in_any_table(
    runtime: Runtime,
    spb: OrgRef,
    keys_owner: "psycopg.Connection[Any]",
) -> None:
    connection = runtime.bindings.organisation(spb)
    assert isinstance(connection, Connection)
    with tenant_session(spb) as session:
        known = {"patronymic": CANARY, "contact_note": CANARY, "phone": "+7 921 555 01 99"}
        details = mother(given_name=CANARY, family_name=CANARY, **known)
        household = open_family(session, members=[details])
        record_service(session, household, note=CANARY)
        told = {"mother_contact": CANARY, "situation": CANARY, "children_ages": CANARY}
        by = {"referrer_name": CANARY, "referrer_body": CANARY, "referrer_phone": "79215550199"}
        take_referral(session, None, mother_name=CANARY, **told, **by)
        correction = PersonCorrection(
            person_id=household.members[0].person_id,
            corrected_by=household.episodes[0].opened_by,
            before={"given_name": CANARY},
        )
        household.episodes[0].closing_note = CANARY
        session.add(correction)
    # The test's own transaction is still open, and only it sees what was written.
    seen = [
        table.name
        for table in TENANT_METADATA.sorted_tables
        for (row,) in connection.exec_driver_sql(f"SELECT t::text FROM {table.name} t")
        for secret in (CANARY, "5550199", "555 01 99")
        if secret.lower() in row.lower() or secret.encode().hex() in row.lower()
    ]

    assert seen == []
    assert tables_with(keys_owner, CANARY) == []
    assert len(connection.exec_driver_sql("SELECT 1 FROM people").all()) == 1


def test_every_text_about_a_person_is_sealed() -> None:
    plain = {
        f"{model.__tablename__}.{column.name}"
        for model in _casework()
        for column in model.__table__.columns
        if column.type.python_type is str and not column.foreign_keys
    }

    # Numbers and names of things; codes have types of their own. Whoever adds one here says that
    # it is about nobody.
    assert plain == {
        "households.case_number",
        "houses.name",
        "people.preferred_language",
        "places.name",
    }


def _casework() -> list[type[TenantModel]]:
    ours = ("hearth.families", "hearth.intake", "hearth.shelter", "hearth.service_delivery")
    found = [
        mapper.class_
        for mapper in TenantModel.registry.mappers
        if mapper.class_.__module__.startswith(ours)
    ]
    return sorted(found, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", sorted(_casework(), key=str), ids=lambda model: model.__name__)
def test_every_sealed_column_is_declared_as_a_field(model: type[TenantModel]) -> None:
    columns = {c.name for c in model.__table__.columns if isinstance(c.type, SealedBytes)}

    assert columns == {field.column for field in sealed_fields(model)}


def test_whoever_was_erased_is_told_of_as_erased(session: Session, store: PostgresKeyStore) -> None:
    person = make_person(session)
    other = make_person(session, given_name="Test-Other")
    kept = PersonCorrection(
        person_id=person.id, corrected_by=_somebody(session), before={"given_name": CANARY}
    )
    session.add(kept)
    session.flush()

    services.destroy_key(session, person.id)
    session.commit()
    session.expunge_all()
    erased = session.get_one(Person, person.id)

    assert isinstance(erased.given_name, Unreadable)
    assert erased.given_name.why is Why.ERASED
    assert erased.full_name == "erased"
    assert isinstance(session.get_one(PersonCorrection, kept.id).before, UnreadableRecord)
    assert session.get_one(Person, other.id).given_name == "Test-Other"
    assert person.id in dict(store.destroyed(keyring(session).schema))


def test_a_destroyed_key_takes_its_words_out_of_the_index(session: Session) -> None:
    person = make_person(session, family_name=CANARY)

    services.destroy_key(session, person.id)
    session.commit()

    left = select(BlindWord).where(BlindWord.subject_id == person.id)
    assert session.scalars(left).all() == []


def test_nothing_can_be_written_about_somebody_erased(session: Session) -> None:
    person = make_person(session)
    services.destroy_key(session, person.id)
    session.commit()
    person.phone = "+7 222 222 22 22"

    with pytest.raises(ErasedError):
        session.flush()
    session.rollback()


def test_destruction_that_is_rolled_back_destroys_nothing(
    session: Session, store: PostgresKeyStore
) -> None:
    person_id = make_person(session).id
    session.commit()

    services.destroy_key(session, person_id)
    session.rollback()

    assert session.get_one(Person, person_id).phone == "+7 000 000 00 00"


def test_destroying_twice_and_sweeping_changes_nothing_more(
    session: Session, store: PostgresKeyStore
) -> None:
    person = make_person(session)
    schema = keyring(session).schema
    for _ in range(2):
        services.destroy_key(session, person.id)
        session.commit()
    first = dict(store.destroyed(schema))[person.id]

    done = services.sweep_destructions(session)
    again = services.sweep_destructions(session)

    # Other tests destroyed keys too, and their own tables forgot it with their transactions.
    assert done >= 1
    assert again == 0
    assert dict(store.destroyed(schema))[person.id] == first
    assert session.get_one(KeyDestruction, person.id).done_at is not None


def test_the_sweeper_destroys_what_a_broken_connection_left(
    session: Session, store: PostgresKeyStore
) -> None:
    person = make_person(session)
    session.add(KeyDestruction(subject_id=person.id))
    session.flush()

    services.sweep_destructions(session)
    session.expunge_all()
    session.info.pop("keyring")

    assert session.get_one(Person, person.id).full_name == "erased"


def test_an_older_backup_of_the_keys_brings_nobody_back(
    session: Session, store: PostgresKeyStore
) -> None:
    person = make_person(session)
    session.add(KeyDestruction(subject_id=person.id, done_at=datetime.now(UTC)))
    session.flush()

    services.sweep_destructions(session)
    session.expunge_all()
    session.info.pop("keyring")

    assert session.get_one(Person, person.id).full_name == "erased"


def test_a_destroyed_key_leaves_no_bytes_and_never_comes_back(
    session: Session, keys_owner: "psycopg.Connection[Any]"
) -> None:
    person = make_person(session)
    services.destroy_key(session, person.id)
    session.commit()

    (wrapped,) = keys_owner.execute(
        "SELECT wrapped FROM keys.subject_keys WHERE subject_id = %s", (person.id,)
    ).fetchone() or (None,)

    assert wrapped == b""
    with pytest.raises(psycopg.errors.RestrictViolation):
        keys_owner.execute(
            "UPDATE keys.subject_keys SET destroyed_at = NULL, wrapped = 'x' WHERE subject_id = %s",
            (person.id,),
        )


def test_a_value_is_sealed_anew_when_it_is_asked_for(session: Session) -> None:
    person = make_person(session)
    before = stored(session, person, "phone_sealed")

    reseal(person, next(f for f in sealed_fields(Person) if f.name == "phone"))
    session.flush()
    session.expire_all()

    assert stored(session, person, "phone_sealed") != before
    assert person.phone == "+7 000 000 00 00"


def test_the_index_follows_a_name_that_changes(session: Session) -> None:
    person = make_person(session, family_name="Testova", sex=Sex.FEMALE)
    mine = select(BlindWord.token).where(BlindWord.subject_id == person.id)
    before = set(session.scalars(mine))

    person.family_name = "Sidorova"
    session.flush()
    after = set(session.scalars(mine))

    assert before - after
    assert after - before
    assert before & after
    assert TODAY


def _somebody(session: Session) -> uuid.UUID:
    return open_family(session).episodes[0].opened_by
