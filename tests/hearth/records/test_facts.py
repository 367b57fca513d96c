"""Facts of the log are read by people: names of colleagues, words for codes, the codes beside."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from flask_babel import force_locale
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.policy_models import OwnRole
from hearth.audit import services as audit
from hearth.case_access import services as case_access
from hearth.families.access_models import RestrictionKind
from hearth.records.facts import CODES, NAMES
from hearth.records.lines import Line
from hearth.records.presentation import facts_in_words
from hearth.trail import Fact
from hearth.web.request import HearthFlask
from tests.factories.families import open_family, staff_id
from tests.factories.rights import open_incident
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


def told(subject_type: str, facts: dict[str, Fact], locale: str = "en") -> str:
    with force_locale(locale):
        return facts_in_words(
            Line(number=1, at=None, hash=b"", subject_type=subject_type, facts=facts)  # type: ignore[arg-type]
        )


def rows(page: str) -> str:
    return page.partition("<tbody")[2]


def test_the_log_names_the_colleague_who_was_let_in_and_why_the_file_is_closed(
    session: Session, sign_in: SignIn
) -> None:
    household, supervisor = open_family(session), staff_id(session, Role.SUPERVISOR)
    case_access.restrict(
        session,
        household,
        kind=RestrictionKind.THREATENED,
        keeper_ids=[supervisor, staff_id(session, Role.DIRECTOR)],
        reason="goes on with them",
        set_by=staff_id(session),
    )
    session.commit()
    director = sign_in(Role.DIRECTOR)

    page = rows(director.get("/records/").text)
    sheet = openpyxl.load_workbook(io.BytesIO(director.get("/records/records.xlsx").data))
    taken = str(list(sheet.worksheets[0].iter_rows(values_only=True)))

    assert "Kind: Was let in by name; Colleague: Test supervisor" in page
    assert "Kind: Somebody threatens this family" in page
    assert str(supervisor) not in page
    assert f"kind: grant; user: {supervisor}" in taken


def test_the_log_names_whose_account_it_was_and_roles_of_our_own(
    session: Session, sign_in: SignIn
) -> None:
    own = OwnRole(
        name="Night watch",
        base=Role.HOUSE_STAFF.value,
        created_by=staff_id(session, Role.ADMINISTRATOR),
    )
    session.add(own)
    session.flush()
    audit.record(
        session,
        action="role.handed-out",
        subject_type="account",
        subject_id=staff_id(session),
        facts={"given": [own.code, "fundraiser"], "taken": []},
    )
    session.commit()

    page = rows(sign_in(Role.PRIVACY_OFFICER).get("/records/?action=role.handed-out").text)

    assert "Account: Test social-worker" in page
    assert "Roles given: Night watch, Fundraiser" in page


def test_an_event_leads_to_its_page_for_those_who_may_open_it(
    session: Session, sign_in: SignIn
) -> None:
    colleague = staff_id(session)
    audit.record(session, action="account.closed", subject_type="account", subject_id=colleague)
    incident = open_incident(session)
    session.commit()

    page = rows(sign_in(Role.PRIVACY_OFFICER).get("/records/").text)

    assert f'href="/incidents/{incident.id}"' in page
    assert "An account was closed" in page
    assert f"/colleagues/{colleague}" not in page


@pytest.mark.parametrize(
    ("subject_type", "facts", "said"),
    [
        ("page", {"permission": "families.write"}, "Open families and change their files"),
        ("role", {"role": "director", "rules": ["families.read=own"]}, "(Own families)"),
        ("role", {"role": "director", "rules": ["field:health=withheld"]}, "Health (taken away)"),
        ("stay", {"person": "0198c0de-0000-7000-8000-000000000000"}, "One of the family"),
        ("refund", {"amount_minor": 1500, "currency": "EUR"}, "Amount: €15.00"),
        ("subject_request", {"step": "safe", "kind": "access"}, "See what we hold"),
        ("incident", {"kind": "lost", "high_risk": True}, "High risk: yes"),
        ("case_grant", {"user": "0198c0de-0000-7000-8000-000000000000"}, "account is gone"),
        ("case_grant", {"until": "2026-03-14T10:00:00+00:00"}, "14 Mar 2026"),
        ("something", {"of": "another release"}, "of: another release"),
    ],
)
def test_a_fact_is_said_in_words(
    app: HearthFlask, subject_type: str, facts: dict[str, Fact], said: str
) -> None:
    with app.test_request_context():
        text = told(subject_type, facts)

    assert said in text


@pytest.mark.parametrize("locale", ["nl", "sv", "fr", "ru"])
def test_every_code_of_the_log_has_words_in_every_language(app: HearthFlask, locale: str) -> None:
    with app.test_request_context():
        bare = [
            (about, name, code)
            for (about, name), codes in CODES.items()
            for code in codes
            if told(about, {name: str(code)}, locale).endswith(f": {code}")
        ]

    assert bare == []
    assert {name for _about, name in CODES} <= NAMES.keys()
