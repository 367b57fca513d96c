"""The chain: written in order with the work it tells of, and never rewritten by its own role."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from hearth.audit.chain import BEGINNING, append, canonical, hash_of, link
from hearth.audit.models import AuditEvent
from hearth.audit.services import record
from hearth.trail import Entry
from tenants.context import tenant_session
from tenants.registry import OrgRef

LETTERS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30)
FACTS = st.dictionaries(
    LETTERS, LETTERS | st.booleans() | st.integers(-(2**53), 2**53) | st.lists(LETTERS), max_size=5
)


def note(session: Session, action: str = "family.opened", **changes: Any) -> None:
    known: dict[str, Any] = {"subject_type": "household", "subject_id": uuid.uuid4()}
    record(session, action=action, **known | changes)


def events(session: Session) -> list[AuditEvent]:
    session.expire_all()
    return list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))


def test_each_event_holds_the_hash_of_the_one_before(session: Session) -> None:
    for number in range(3):
        note(session, facts={"number": number})
        session.commit()

    chain = events(session)
    assert [event.seq for event in chain] == [1, 2, 3]
    assert [event.previous_hash for event in chain] == [BEGINNING, chain[0].hash, chain[1].hash]
    assert all(event.hash == hash_of(event, event.previous_hash) for event in chain)


def test_each_event_is_hashed_with_a_salt_of_its_own(session: Session) -> None:
    for _ in range(2):
        note(session)
        note(session)
        session.commit()

    chain = events(session)
    salts = [one.salt or b"" for one in chain]
    assert {len(salt) for salt in salts} == {16}
    assert len(set(salts)) == 4
    for one in chain:
        one.salt = None
        assert one.hash != hash_of(one, one.previous_hash)
    session.expire_all()


def test_several_events_of_one_piece_of_work_follow_each_other(session: Session) -> None:
    note(session, "family.opened")
    note(session, "member.joined")

    session.commit()

    assert [(one.seq, one.action) for one in events(session)] == [
        (1, "family.opened"),
        (2, "member.joined"),
    ]


def test_what_is_undone_is_not_recorded(session: Session) -> None:
    note(session, "family.opened")
    session.rollback()
    note(session, "family.closed")
    session.commit()

    assert [event.action for event in events(session)] == ["family.closed"]


def test_what_is_undone_in_part_is_recorded_in_part(session: Session) -> None:
    note(session, "family.opened")
    with session.begin_nested():
        note(session, "member.joined")
    undone = session.begin_nested()
    note(session, "member.left")
    undone.rollback()
    session.commit()

    assert [event.action for event in events(session)] == ["family.opened", "member.joined"]


def test_only_work_with_something_to_record_waits_for_the_chain(spb: OrgRef) -> None:
    asked: list[str] = []
    with tenant_session(spb) as opened:
        listener = (
            opened.connection(),
            "before_cursor_execute",
            lambda *told: asked.append(told[2]),
        )
        event.listen(*listener)
        opened.execute(text("SELECT 1"))
        opened.commit()
        silent = list(asked)
        note(opened)
        opened.commit()
        event.remove(*listener)

    assert not [one for one in silent if "audit" in one]
    assert [one for one in asked if "FROM audit_chain FOR UPDATE" in " ".join(one.split())]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        "TRUNCATE {}",
    ],
)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("audit_events", "action"),
        ("person_reads", "purpose"),
        ("audit_anchors", "seq"),
        ("glass_looks", "explanation_sealed"),
        ("glass_reviews", "note_sealed"),
    ],
)
def test_the_organisations_own_role_can_only_add(
    session: Session, statement: str, table: str, column: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(text(statement.format(table, column, column)))


def test_nobody_can_take_away_what_the_chain_is_held_by(session: Session) -> None:
    for statement in (
        "DELETE FROM audit_chain",
        "TRUNCATE audit_chain",
        "INSERT INTO audit_chain VALUES (true)",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


@given(FACTS)
def test_the_same_event_is_the_same_bytes_in_whatever_order_it_is_told(facts: Any) -> None:
    turned = dict(reversed(list(facts.items())))

    assert canonical(facts) == canonical(turned)


@given(FACTS, FACTS)
def test_another_event_is_other_bytes_and_another_hash(one: Any, other: Any) -> None:
    same = _strictly(one) == _strictly(other)

    assert (canonical(one) == canonical(other)) is same
    assert (link(BEGINNING, one) == link(BEGINNING, other)) is same


def _strictly(facts: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    # To Python 1 and True are equal; to whoever reads the log they are not.
    return {name: (type(value).__name__, value) for name, value in facts.items()}


def test_facts_come_back_from_the_database_as_they_were_hashed(session: Session) -> None:
    strange: list[dict[str, Any]] = [
        {"Ж": "👩‍👧‍👦", "a\u0301": "á", '"': "\\u0041 \x7f \u2028", "": ""},
        {"big": 2**62, "zero": 0, "yes": True, "names": ["b", "a", "b"]},
        {"z": "1", "a": "2", "A": "3", "aa": "4"},
    ]
    for facts in strange:
        note(session, facts=facts)
    session.commit()

    chain = events(session)
    assert [event.facts for event in chain] == strange
    assert all(event.hash == hash_of(event, event.previous_hash) for event in chain)


def test_the_moment_counts_to_the_microsecond_and_in_any_zone(session: Session) -> None:
    note(session)
    session.commit()
    (event,) = events(session)

    event.at += timedelta(microseconds=1)

    assert event.hash != hash_of(event, event.previous_hash)
    session.expire(event)
    assert event.at.astimezone(UTC) <= datetime.now(UTC)
    assert event.hash == hash_of(event, event.previous_hash)


def test_two_organisations_have_two_chains(session: Session, pskov_session: Session) -> None:
    note(session)
    note(pskov_session)
    session.commit()
    pskov_session.commit()

    assert [event.seq for event in events(session)] == [1]
    assert [event.seq for event in events(pskov_session)] == [1]


def test_an_entry_is_appended_as_it_was_told(session: Session) -> None:
    entry = Entry(
        action="stay.ended",
        subject_type="stay",
        subject_id=uuid.uuid4(),
        actor_id=uuid.uuid4(),
        household_id=uuid.uuid4(),
        facts={"reason": "as_agreed"},
    )

    append(session, [entry])

    (event,) = events(session)
    told = {name: getattr(event, name) for name in vars(entry)}
    assert told == vars(entry)
