"""The incident desk: clocks, reminders, whom it concerns, and telling them safely."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask_babel import force_locale
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.families.services import record_read
from hearth.incidents import people, reminders, services
from hearth.incidents.letters import letters
from hearth.incidents.models import AffectedPerson, EntryKind, Incident, Way
from hearth.incidents.people import Concerned, UnsafeWayError
from hearth.incidents.report import authority_report
from hearth.incidents.searching import CaseState, Criteria, Part, freeze
from hearth.incidents.services import AheadError, IncidentClosedError, NoticeMissingError
from hearth.outbox.mail import TEMPLATES
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tests.factories.families import child, mother, open_family, staff_id
from tests.factories.people import as_role
from tests.factories.rights import EU, RU, open_incident
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house, make_stay

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entry(session: Session, incident: Incident, kind: EntryKind, text: str = "Told.") -> None:
    services.add_entry(
        session,
        incident,
        kind=kind,
        text=text,
        happened_at=None,
        by=staff_id(session, Role.PRIVACY_OFFICER),
    )


def find(session: Session, incident: Incident, **criteria: object) -> int:
    search = freeze(
        session,
        incident,
        Criteria(**criteria),  # type: ignore[arg-type]
        by=staff_id(session, Role.PRIVACY_OFFICER),
    )
    return search.found


def concerned(session: Session, incident: Incident) -> list[Concerned]:
    return people.concerned(session, incident, user=as_role(session, Role.PRIVACY_OFFICER))


def test_a_look_after_midnight_is_searched_by_the_towns_own_day(session: Session) -> None:
    family, by = open_family(session), staff_id(session)
    at_night = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
    with time_machine.travel(at_night, tick=False):
        record_read(session, household_id=family.id, user_id=by)

    found = [
        find(session, open_incident(session), looked_by=by, since=day, until=day)
        for day in (at_night.date(), at_night.date() + timedelta(days=1))
    ]

    assert found == [0, 2]


@pytest.mark.parametrize(
    ("law", "hours"),
    [(RU, [24, 72]), (EU, [72])],
    ids=["ru", "eu"],
)
def test_the_clocks_run_from_the_moment_we_knew(
    session: Session, law: object, hours: list[int]
) -> None:
    incident = open_incident(session, aware_at=NOON)

    clocks = services.clocks(incident, law.notices)  # type: ignore[attr-defined]

    assert [clock.due_at for clock in clocks] == [NOON + timedelta(hours=h) for h in hours]
    assert not clocks[0].is_late(clocks[0].due_at)
    assert clocks[0].is_late(clocks[0].due_at + timedelta(seconds=1))
    assert clocks[0].hours_left(NOON + timedelta(minutes=30)) == hours[0] - 1


def test_a_notice_given_in_time_stays_in_time(session: Session) -> None:
    incident = open_incident(session)
    entry(session, incident, EntryKind.AUTHORITY_FIRST)

    first, result = services.clocks(incident, RU.notices)

    assert not first.is_late(datetime.now(UTC) + timedelta(days=30))
    assert result.is_late(datetime.now(UTC) + timedelta(days=30))


def test_how_many_are_open_and_late_is_known(session: Session) -> None:
    open_incident(session, aware_at=datetime.now(UTC) - timedelta(hours=25))
    open_incident(session)

    standing = services.standing(session, notices=RU.notices)

    assert (standing.open, standing.late) == (2, 1)


def test_what_is_still_to_come_is_refused(session: Session) -> None:
    with pytest.raises(AheadError):
        open_incident(session, aware_at=datetime.now(UTC) + timedelta(minutes=5))


def test_an_entry_is_corrected_by_another_one(session: Session) -> None:
    incident = open_incident(session)
    entry(session, incident, EntryKind.FACT, "Ten files")
    entry(session, incident, EntryKind.CORRECTION, "Eleven files")

    assert [one.text for one in incident.entries] == ["Ten files", "Eleven files"]
    for statement in (
        "UPDATE incident_entries SET text = ''",
        "DELETE FROM incident_entries",
        "UPDATE incident_people SET person_id = NULL",
        "DELETE FROM incident_searches",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(statement))


def test_it_is_closed_with_lessons_and_a_word_on_the_authority(session: Session) -> None:
    incident = open_incident(session)
    director = staff_id(session, Role.DIRECTOR)

    with pytest.raises(NoticeMissingError):
        services.close(session, incident, lessons="Lock it", why_not_told=None, by=director)
    services.close(
        session, incident, lessons="Lock it", why_not_told="Nobody could read it", by=director
    )

    assert incident.said(EntryKind.LESSONS) is not None
    with pytest.raises(IncidentClosedError):
        entry(session, incident, EntryKind.FACT)


def test_people_are_found_by_what_they_have_in_common(session: Session) -> None:
    incident = open_incident(session)
    helped, slept, seen = (open_family(session) for _ in range(3))
    record_service(session, helped)
    house = make_house(session)
    make_stay(session, household=slept, places=house.places)
    nosy = staff_id(session, Role.SPECIALIST)
    record_read(session, household_id=seen.id, user_id=nosy)

    found = {
        "all": find(session, incident),
        "open": find(session, incident, state=CaseState.OPEN),
        "closed": find(session, incident, state=CaseState.CLOSED),
        "services": find(session, incident, part=Part.SERVICES),
        "house": find(session, incident, house_id=house.id),
        "looked": find(session, incident, looked_by=nosy),
        "before": find(session, incident, until=datetime(2001, 1, 1, tzinfo=UTC).date()),
    }

    assert found == {
        "all": 6, "open": 6, "closed": 0, "services": 2, "house": 2, "looked": 2, "before": 0,
    }  # fmt: skip


def test_the_list_stays_as_it_was_found(session: Session) -> None:
    incident = open_incident(session)
    open_family(session)
    find(session, incident)

    open_family(session)

    assert len(concerned(session, incident)) == 2
    assert session.scalar(select(func.count()).select_from(AffectedPerson)) == 2


@pytest.mark.parametrize(("safe", "may"), [(True, True), (False, False), (None, False)])
def test_nobody_is_called_unless_it_is_known_to_be_safe(
    session: Session, *, safe: bool | None, may: bool
) -> None:
    incident = open_incident(session)
    open_family(session, members=[mother(safe_to_call=safe), child(safe_to_call=True)])
    find(session, incident)
    officer = staff_id(session, Role.PRIVACY_OFFICER)

    for one in concerned(session, incident):
        assert one.may_be_called is may
        if not may:
            with pytest.raises(UnsafeWayError):
                people.tell(session, incident, one, way=Way.CALL, note=None, by=officer)
        people.tell(session, incident, one, way=Way.IN_PERSON, note=None, by=officer)

    told = [one.notices[0].way for one in concerned(session, incident)]
    assert told == [Way.IN_PERSON, Way.IN_PERSON]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_reminders_come_at_once_at_half_time_at_the_end_and_then_daily(
    session: Session, clock: time_machine.Traveller
) -> None:
    open_incident(session, aware_at=NOON)
    sent = {}

    for hour in (0, 1, 12, 13, 21, 22, 25, 26, 49):
        clock.move_to(NOON + timedelta(hours=hour))
        sent[hour] = reminders.remind(session, notices=EU_OF_A_DAY)

    # Two colleagues answer for it.
    assert sent == {0: 2, 1: 0, 12: 2, 13: 0, 21: 2, 22: 0, 25: 2, 26: 0, 49: 2}


EU_OF_A_DAY = RU.notices.__class__(authority="A", article="1", first_hours=24)


def test_a_given_notice_is_not_asked_for_again(session: Session) -> None:
    incident = open_incident(session)
    entry(session, incident, EntryKind.AUTHORITY_FIRST)

    assert reminders.remind(session, notices=EU.notices) == 0


def test_the_reminder_tells_nothing_of_what_happened(session: Session, app: HearthFlask) -> None:
    open_incident(session, summary="Kanareika")
    reminders.remind(session, notices=RU.notices)
    payload = session.scalars(select(OutboxMessage.payload)).first()
    assert payload is not None

    with app.app_context():
        mail = TEMPLATES[reminders.MAIL](session, payload)

    assert mail is not None
    assert "/incidents/" in mail.text
    assert "Kanareika" not in mail.subject + mail.text + mail.html


def test_the_letters_name_neither_us_nor_what_we_do(app: HearthFlask) -> None:
    with app.test_request_context():
        found = letters()

    assert [letter.lang for letter in found] == ["nl", "sv", "fr", "ru", "en"]
    for letter in found:
        words = " ".join(letter.paragraphs).lower()
        assert not any(word in words for word in ("hearth", "mother", "shelter", "violence"))


def test_the_report_counts_people_and_names_none(session: Session, app: HearthFlask) -> None:
    incident = open_incident(session)
    open_family(session, members=[mother(given_name="Kanareika"), child(), child(2)])
    find(session, incident)
    entry(session, incident, EntryKind.MEASURE, "The folder was found.")

    with app.test_request_context(), force_locale("en"):
        paper = authority_report(
            incident,
            people.tally(session, incident, user=as_role(session, Role.PRIVACY_OFFICER)),
            profile=RU,
            contact="Test",
        )

    printed = str(paper)
    assert "Kanareika" not in printed
    assert "2 people" in printed
    assert "The folder was found." in printed
    assert "152-FZ art. 21(3.1)" in printed
