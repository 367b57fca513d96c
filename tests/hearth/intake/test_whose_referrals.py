"""Who sees a referral once it has become a family, and that a list of them is on record."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.accounts.redaction import classes_of
from hearth.audit.models import PersonRead
from hearth.data_register.registry import DataTable, table_named
from hearth.families.models import Household
from hearth.intake import services
from hearth.intake.models import Referral
from hearth.intake.seen import SeenReferral
from tests.factories.families import TODAY, mother, open_family, staff_id
from tests.factories.intake import take_referral
from tests.factories.people import colleague, narrowed, restriction
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
NAMING = ("identity", "contact", "free_text")


@pytest.fixture
def family(session: Session) -> Household:
    """A family of another team."""
    return open_family(session, key_worker_id=colleague(session, Role.SOCIAL_WORKER).id)


def accepted(session: Session, family: Household, taken_by: Role, **known: Any) -> Referral:
    referral = take_referral(session, received_by=staff_id(session, taken_by), **known)
    services.accept_for_known_family(
        session, referral, family, decided_by=staff_id(session, Role.DIRECTOR), today=TODAY
    )
    return referral


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.SUPERVISOR, Role.DUTY_OPERATOR])
def test_another_teams_family_is_not_read_through_its_referral(
    role: Role, session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DIRECTOR)
    visitor = sign_in(role)

    page = visitor.get(f"/referrals/{referral.id}")
    found = visitor.submit("/referrals/", {"text": "Testova"}).text

    assert page.status_code == 404
    assert str(referral.id) not in found


def test_who_looks_a_call_up_is_led_to_the_family_only_where_she_opens_it(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    hers = open_family(session)
    pages = {home: accepted(session, home, Role.SOCIAL_WORKER).id for home in (family, hers)}

    led = {
        home.id: f"/families/{home.id}" in sign_in(Role.SOCIAL_WORKER).get(f"/referrals/{one}").text
        for home, one in pages.items()
    }

    assert led == {family.id: False, hers.id: True}


def test_whoever_took_it_down_may_tell_what_became_of_it_for_thirty_days(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DUTY_OPERATOR)
    operator = sign_in(Role.DUTY_OPERATOR)

    now = operator.get(f"/referrals/{referral.id}").status_code
    referral.decided_at = datetime.now(UTC) - timedelta(days=31)
    session.flush()
    later = operator.get(f"/referrals/{referral.id}").status_code

    assert (now, later) == (200, 404)


def test_a_restricted_family_takes_its_referrals_along(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    referral = accepted(session, family, Role.DUTY_OPERATOR)
    restriction(session, family)

    page = sign_in(Role.DUTY_OPERATOR).get(f"/referrals/{referral.id}")

    assert page.status_code == 404


def test_a_list_of_referrals_is_on_record_with_everybody_it_showed(
    session: Session, family: Household, sign_in: MakeVisitor
) -> None:
    accepted(session, family, Role.DUTY_OPERATOR)
    waiting = take_referral(session)

    sign_in(Role.DUTY_OPERATOR).get("/referrals/?view=all")

    look = session.scalars(select(PersonRead).where(PersonRead.purpose == "referrals")).one()
    people = {member.person_id for member in family.members}
    assert set(look.person_ids) == people | {waiting.id}
    assert look.number == 2


@pytest.mark.parametrize("text", ["Kanareika", "+7 000 555-01-63"])
def test_two_roles_find_nobody_whom_neither_reads(
    text: str, session: Session, family: Household, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    overview = narrowed(session, Role.DIRECTOR, *(f"field:{one}" for one in NAMING))
    me = colleague(session, overview, Role.SOCIAL_WORKER)
    known: dict[str, Any] = {"mother_name": "Kanareika", "mother_contact": "+7 000 555-01-63"}
    theirs = accepted(session, family, Role.DUTY_OPERATOR, **known)
    mine = accepted(session, open_family(session, key_worker_id=me.id), Role.DIRECTOR, **known)
    waiting = take_referral(session, **known)
    visitor = enter(me.id)

    found = visitor.submit("/referrals/?view=all", {"view": "all", "text": text}).text

    assert str(theirs.id) in visitor.get("/referrals/?view=all").text
    assert str(theirs.id) not in found
    assert str(mine.id) in found
    assert str(waiting.id) in found


def test_a_referrals_words_are_of_the_class_that_the_register_says() -> None:
    table = table_named("referrals")
    assert table is not None
    registered = {field.name: field.data_class for field in table.fields}

    shown = classes_of(SeenReferral)

    # Whether a call is safe, and how many children there are, are seen with the referral itself.
    assert {
        name for name, one in shown.items() if one is None and name in sealed_in(table)
    } == set()
    assert {
        name: one for name, one in shown.items() if one and one is not registered.get(name)
    } == {}


def sealed_in(table: DataTable) -> set[str]:
    return {field.name for field in table.fields if field.sealed}


def test_whoever_reads_no_words_and_no_names_reads_none_of_a_referral(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    bare = narrowed(session, Role.SOCIAL_WORKER, "field:free_text", "field:identity")
    referral = take_referral(
        session,
        referrer_body="Oncology ward",
        referrer_name="Refname",
        children_ages="two and five",
        situation="He waits outside",
        mother_name="Kanareika",
    )

    page = enter(colleague(session, bare).id).get(f"/referrals/{referral.id}")

    assert page.status_code == 200
    for secret in ("Oncology", "Refname", "two and five", "He waits outside", "Kanareika"):
        assert secret not in page.text


def test_who_is_known_already_is_told_to_those_alone_who_read_the_name(
    session: Session, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    of_families = narrowed(session, Role.SOCIAL_WORKER, "referrals.read", "referrals.write")
    of_referrals = narrowed(session, Role.DUTY_OPERATOR, "field:identity")
    both = colleague(session, of_families, of_referrals)
    known = [mother(given_name="Zinaida", family_name="Kanareika")]
    for key_worker in (both.id, staff_id(session)):
        open_family(session, members=known, key_worker_id=key_worker)
    operator = staff_id(session, Role.DUTY_OPERATOR)
    referral = take_referral(session, mother_name="Zinaida Kanareika", received_by=operator)

    hers, usual = (
        enter(one).get(f"/referrals/{referral.id}").text for one in (both.id, staff_id(session))
    )

    assert ("Perhaps we know this family" in hers, "Kanareika" in hers) == (False, False)
    assert "Perhaps we know this family" in usual


def test_what_somebody_took_down_she_reads_with_two_roles_as_with_one(
    session: Session, family: Household, enter: Callable[[uuid.UUID], Visitor]
) -> None:
    me = colleague(session, Role.DUTY_OPERATOR, Role.SPECIALIST)
    mine = take_referral(session, received_by=me.id, mother_name="Kanareika")
    services.accept_for_known_family(
        session, mine, family, decided_by=staff_id(session), today=TODAY
    )

    page = enter(me.id).get(f"/referrals/{mine.id}")

    assert page.status_code == 200
    assert "Kanareika" in page.text
