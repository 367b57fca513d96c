"""Reads per person, and the calls by which the services record what they did."""

import ast
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import AuditEvent, PersonRead
from hearth.audit.services import ReadQuery, find_reads, reads_about, record_read
from hearth.audit.words import ACTIONS, PURPOSES
from hearth.families import services as families
from hearth.families.vocabulary import ClosingReason
from tests.architecture.test_stdlib import ROOT
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.intake import take_referral


def test_a_look_at_a_file_is_a_look_at_everybody_in_it(session: Session) -> None:
    household = open_family(session, members=[mother(), child()])
    other = open_family(session)
    reader = staff_id(session)

    families.record_read(session, household_id=household.id, user_id=reader, purpose="file")

    for member in household.members:
        looks = reads_about(session, member.person_id)
        assert [(look.reader_id, look.purpose) for look in looks] == [(reader, "file")]
    assert reads_about(session, other.members[0].person_id) == []


def test_a_list_is_one_look_and_names_everybody_it_showed(session: Session) -> None:
    shown = [open_family(session), open_family(session)]

    families.record_listed(session, shown, user_id=staff_id(session), purpose="list")

    (read,) = session.scalars(select(PersonRead))
    assert read.number == 2
    assert set(read.person_ids) == {m.person_id for one in shown for m in one.members}


def test_an_empty_list_showed_nobody(session: Session) -> None:
    families.record_listed(session, [], user_id=staff_id(session), purpose="list")

    assert session.scalars(select(PersonRead)).all() == []


def test_looks_are_found_by_reader_day_and_kind(session: Session) -> None:
    household = open_family(session)
    worker, director = staff_id(session), staff_id(session, Role.DIRECTOR)
    families.record_read(session, household_id=household.id, user_id=worker)
    families.record_read(session, household_id=household.id, user_id=director)
    families.record_listed(session, [household], user_id=director, purpose="list")
    persons = [member.person_id for member in household.members]
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)

    def number(**changes: object) -> int:
        query = ReadQuery(household_id=household.id, **changes)  # type: ignore[arg-type]
        return find_reads(session, query, limit=10)[1]

    assert number() == 2
    assert number(person_ids=persons) == 3
    assert number(user_id=worker) == 1
    assert number(since=datetime.now(UTC)) == 0
    assert number(until=long_ago) == 0


def test_a_look_at_another_familys_file_is_told_there_alone(session: Session) -> None:
    household, other = open_family(session), open_family(session)
    shown = [household.members[0].person_id]
    reader = staff_id(session)
    record_read(session, household_id=other.id, person_ids=shown, user_id=reader, purpose="stay")
    record_read(session, person_ids=shown, user_id=reader, purpose="list")

    query = ReadQuery(household_id=household.id, person_ids=shown)
    looks, number = find_reads(session, query, limit=10)

    assert ([look.purpose for look in looks], number) == (["list"], 1)


def test_a_referral_without_a_case_is_a_look_at_the_referral(session: Session) -> None:
    referral = take_referral(session)

    record_read(session, subject_id=referral.id, user_id=staff_id(session), purpose="referral")

    (read,) = session.scalars(select(PersonRead))
    assert (read.subject_id, read.household_id, read.person_ids) == (referral.id, None, [])


def test_a_case_that_is_opened_and_closed_is_recorded_without_contents(session: Session) -> None:
    household = open_family(session)
    families.close_case(
        session,
        household,
        closed_on=TODAY,
        reason=ClosingReason.GOALS_MET,
        note="They moved to their own home.",
        closed_by=staff_id(session),
        today=TODAY,
    )
    session.commit()

    events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
    assert [event.action for event in events] == [
        "member.joined",
        "member.joined",
        "family.opened",
        "family.closed",
    ]
    assert {event.household_id for event in events} == {household.id}
    assert events[-1].facts == {"reason": "goals_met"}
    assert "own home" not in str([event.facts for event in events])


def test_everything_that_is_recorded_has_words() -> None:
    actions: set[str] = set()
    purposes: set[str] = set()
    for path in (ROOT / "platform/hearth").rglob("*.py"):
        for call in _calls(path):
            for text in _texts(call):
                (purposes if "read" in _name(call) or "listed" in _name(call) else actions).add(
                    text
                )

    assert actions - set(ACTIONS) == set()
    assert purposes - set(PURPOSES) == set()
    assert len(actions) > 25


def _calls(path: Path) -> list[ast.Call]:
    wanted = {"record", "_record", "_note", "record_read", "record_listed"}
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if _name(call) in wanted]


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(call: ast.Call) -> list[str]:
    """The code of what was done or looked at: the second argument, or one by name."""
    told = [*call.args[1:2], *(k.value for k in call.keywords if k.arg in {"action", "purpose"})]
    constants = [one.value for one in told if isinstance(one, ast.Constant)]
    return [one for one in constants if isinstance(one, str)]
