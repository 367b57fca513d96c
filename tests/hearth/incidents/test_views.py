"""The incident desk's pages."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.incidents.models import Incident, PersonNotice, Way
from tests.factories.families import child, mother, open_family
from tests.factories.rights import open_incident
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
HERE = ZoneInfo("Europe/Moscow")
OPENED = {"kind": "lost", "summary": "A folder in a bus", "systems": "folder"}


def test_an_incident_is_opened_on_the_clock_on_the_wall(
    sign_in: MakeVisitor, session: Session
) -> None:
    aware = datetime.now(HERE).replace(second=0, microsecond=0) - timedelta(hours=2)

    answer = sign_in(Role.PRIVACY_OFFICER).submit(
        "/incidents/new", {**OPENED, "aware_at": aware.strftime("%Y-%m-%dT%H:%M")}
    )

    assert answer.status_code == 303
    assert session.scalars(select(Incident)).one().aware_at == aware


@pytest.mark.parametrize("aware_at", ["", "2999-01-01T00:00", "0001-01-01T00:00", "yesterday"])
def test_a_moment_that_cannot_be_is_refused(
    sign_in: MakeVisitor, session: Session, aware_at: str
) -> None:
    answer = sign_in(Role.PRIVACY_OFFICER).submit(
        "/incidents/new", {**OPENED, "aware_at": aware_at}
    )

    assert answer.status_code == 422
    assert session.scalars(select(Incident)).all() == []


def test_the_list_shows_what_is_late(sign_in: MakeVisitor, session: Session) -> None:
    open_incident(session, aware_at=datetime.now(HERE) - timedelta(hours=30))

    page = sign_in(Role.DIRECTOR).get("/incidents/")

    assert "First notice to the authority: late since" in page.text
    assert "Result told to the authority: 41 hours left" in page.text


def test_people_are_found_told_safely_and_ticked_off(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session, members=[mother(phone="+7 1", safe_to_call=None), child()])
    incident = open_incident(session)
    officer = sign_in(Role.PRIVACY_OFFICER)
    person_id = family.current_members[0].person_id
    path = f"/incidents/{incident.id}/people/{person_id}"

    officer.submit(f"/incidents/{incident.id}/search", {"state": "open", "part": "whole"})
    page = officer.get(path)
    called = officer.submit(path, {"way": "call"})
    told = officer.submit(path, {"way": "by_key_worker", "note": "On Tuesday"})

    assert "Do not call" in page.text
    assert "+7 1" not in page.text
    assert (called.status_code, told.status_code) == (422, 303)
    assert [one.way for one in session.scalars(select(PersonNotice))] == [Way.BY_KEY_WORKER]


def test_the_report_is_on_paper_and_as_a_pdf(sign_in: MakeVisitor, session: Session) -> None:
    incident = open_incident(session)
    officer = sign_in(Role.PRIVACY_OFFICER)

    page = officer.get(f"/incidents/{incident.id}/report")
    pdf = officer.get(f"/incidents/{incident.id}/report.pdf")

    printed = " ".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.data)).pages)
    for text in (page.text, printed):
        assert "A folder was left in a bus." in text
        assert "Roskomnadzor" in text


def test_an_incident_ends_with_lessons(sign_in: MakeVisitor, session: Session) -> None:
    incident = open_incident(session)
    officer = sign_in(Role.PRIVACY_OFFICER)
    path = f"/incidents/{incident.id}/close"

    untold = officer.submit(path, {"lessons": "We carry no folders any more"})
    officer.submit(f"/incidents/{incident.id}/entry", {"kind": "authority_first", "text": "Sent"})
    closed = officer.submit(path, {"lessons": "We carry no folders any more"})

    assert (untold.status_code, closed.status_code) == (422, 303)
    session.expire_all()
    assert not incident.is_open
