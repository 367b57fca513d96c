"""Whoever asks about himself gets what is his: no row of the mother or the children goes along."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.consents.models import Giver
from hearth.data_records import DataGroup, SubjectKind
from hearth.data_register.registry import DataTable, leads_to, organisation_tables
from hearth.families import membership
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household, HouseholdMember, Person, PersonCorrection
from hearth.families.services import record_read
from hearth.families.vocabulary import LeavingReason, MemberRole
from hearth.intake.models import Referral
from hearth.intake.vocabulary import ReferralState
from hearth.shelter.services import admit_family
from hearth.subject_rights import disclosure
from hearth.subject_rights.belonging import Home, cut
from hearth.subject_rights.gathering import DELIBERATIONS, Told
from hearth.subject_rights.models import SubjectRequest
from hearth.subject_rights.vocabulary import Asker, Decision
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.files import add_paper
from tests.factories.intake import take_referral
from tests.factories.rights import ask_about, give_consent
from tests.factories.service_delivery import record_service
from tests.factories.shelter import make_house

CANARY = "CANARY"
HIS = "Viktor-Himself"
CAME, LEFT = TODAY - timedelta(days=100), TODAY - timedelta(days=50)
ABOUT_FAMILIES = [
    table
    for table in organisation_tables()
    if table.record.group in (DataGroup.FAMILY_FILES, DataGroup.REFERRALS)
    and (table.paths(SubjectKind.HOUSEHOLD) or table.paths(SubjectKind.PERSON))
]


@dataclass(frozen=True)
class Full:
    """A family in whose file something stands in every table."""

    household: Household
    mother_id: uuid.UUID
    child_id: uuid.UUID
    man_id: uuid.UUID

    @property
    def others(self) -> set[uuid.UUID]:
        return {self.mother_id, self.child_id}


def full_family(session: Session, role: MemberRole = MemberRole.PARTNER) -> Full:
    """A mother whose telephone, house and services nobody may learn, and a man who came along."""
    man = NewMember(person=PersonDetails(given_name=HIS, family_name="Testov"), role=role)
    members = [
        mother(given_name=CANARY, family_name=CANARY, phone="+79990001122", contact_note=CANARY),
        child(given_name=CANARY, family_name=CANARY),
        man,
    ]
    family = open_family(session, members=members)
    ids = {(m.role, m.person.given_name): m.person_id for m in family.current_members}
    full = Full(
        household=family,
        mother_id=ids[MemberRole.MOTHER, CANARY],
        child_id=ids[MemberRole.CHILD, CANARY],
        man_id=ids[role, HIS],
    )
    _referral(session, family)
    _corrections(session, full)
    for days_ago in (90, 10):
        day = TODAY - timedelta(days=days_ago)
        record_service(
            session, family, note=CANARY, delivered_on=day, recipient_ids=list(full.others)
        )
        record_service(session, family, note=CANARY, delivered_on=day)
    add_paper(session, family, title=CANARY, added_by=staff_id(session))
    by_mother = {"giver": Giver.GUARDIAN, "giver_name": CANARY, "assent": False}
    give_consent(session, family, person_id=full.man_id)
    give_consent(session, family, person_id=full.mother_id, recipients=CANARY)
    give_consent(session, family, person_id=full.child_id, recipients=CANARY, **by_mother)
    record_read(session, household_id=family.id, user_id=staff_id(session), purpose="stay")
    session.expire_all()
    return full


def _referral(session: Session, family: Household) -> None:
    referral: Referral = take_referral(
        session,
        mother_name=CANARY,
        mother_contact="+79990001122",
        children_ages=CANARY,
        situation=CANARY,
        referrer_name=CANARY,
    )
    with session.no_autoflush:
        referral.episode_id = family.episodes[0].id
        referral.state = ReferralState.ACCEPTED
        referral.received_at = datetime.combine(CAME, datetime.min.time(), UTC)
        referral.decided_at, referral.decided_by = referral.received_at, staff_id(session)
    session.flush()


def _corrections(session: Session, full: Full) -> None:
    for person_id in full.others:
        session.add(
            PersonCorrection(
                person_id=person_id, corrected_by=staff_id(session), before={"given_name": CANARY}
            )
        )
    session.flush()


def stay(session: Session, full: Full, *, since: date, people: Iterable[uuid.UUID]) -> None:
    """The family, or a part of it, sleeps in a house from a day until long after today."""
    house = make_house(session, name=CANARY, places=3)
    places = dict(zip(people, (place.id for place in house.places), strict=False))
    admit_family(
        session,
        household_id=full.household.id,
        places=places,
        admitted_on=since,
        planned_until=TODAY + timedelta(days=20),
        recorded_by=staff_id(session),
        today=since,
        note=CANARY,
    )


def leave(session: Session, full: Full, person_id: uuid.UUID, left_on: date = LEFT) -> None:
    member = next(m for m in full.household.current_members if m.person_id == person_id)
    membership.leave(
        session,
        member,
        left_on=left_on,
        reason=LeavingReason.MOVED_OUT,
        recorded_by=staff_id(session),
        today=TODAY,
    )
    session.flush()
    session.expire_all()


def file_of(
    session: Session, request: SubjectRequest, *, rows: Decision | None, fields: Decision
) -> list[Told]:
    """The file after an officer decided about every row, and then about every field."""
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.prepare(session, request, by=by)
    for one in disclosure.queue(session, request):
        if one.is_row and rows is not None:
            disclosure.decide(session, request, one.entry, decision=rows, by=by)
    for one in disclosure.queue(session, request):
        if not one.is_row:
            disclosure.decide(session, request, one.entry, decision=fields, by=by)
    return disclosure.hand_out(session, request, by=by)


def rows_of(
    session: Session, table: DataTable, kind: SubjectKind, ids: set[uuid.UUID]
) -> set[tuple[Any, ...]]:
    condition = leads_to(table, kind, ids)
    if condition is None:
        return set()
    keys = list(table.table.primary_key.columns)
    return {tuple(row) for row in session.execute(select(*keys).where(condition))}


def text_of(told: Iterable[Told]) -> str:
    return "\n".join(
        f"{one.table.name} {field.name} {disclosure.as_text(value)}"
        for one in told
        for field, value in one.values.items()
    )


@pytest.mark.parametrize("role", [MemberRole.PARTNER, MemberRole.CARER, MemberRole.OTHER])
@pytest.mark.parametrize("decided", [None, Decision.REDACT])
def test_of_no_table_a_row_of_the_others_is_in_a_former_members_file(
    session: Session, role: MemberRole, decided: Decision | None
) -> None:
    full = full_family(session, role)
    leave(session, full, full.man_id)
    stay(session, full, since=TODAY - timedelta(days=5), people=full.others)
    request = ask_about(session, full.man_id)

    told = file_of(session, request, rows=decided, fields=Decision.RELEASE)

    home = {full.household.id}
    for table in ABOUT_FAMILIES:
        # A table that is new here gets a row in the family above, so that nothing is proved of air.
        assert rows_of(session, table, SubjectKind.HOUSEHOLD, home) | rows_of(
            session, table, SubjectKind.PERSON, full.others
        ), table.name
        mine = {key[0] for key in rows_of(session, table, SubjectKind.PERSON, {full.man_id})}
        given = {one.row_id for one in told if one.table.name == table.name}
        assert given <= mine, table.name
    assert HIS in text_of(told)
    assert CANARY not in text_of(told)
    assert "99900" not in text_of(told)
    assert full.household.case_number not in text_of(told)


def test_what_lies_after_he_left_is_not_even_offered(session: Session) -> None:
    full = full_family(session)
    leave(session, full, full.man_id)
    stay(session, full, since=TODAY - timedelta(days=5), people=full.others)
    request = ask_about(session, full.man_id)

    told = file_of(session, request, rows=Decision.RELEASE, fields=Decision.REDACT)

    names = {one.table.name for one in told}
    delivered = {
        disclosure.as_text(value)
        for one in told
        for field, value in one.values.items()
        if field.name == "delivered_on"
    }
    assert "stays" not in names
    assert "stay_changes" not in names
    assert "household_documents" not in names
    assert "person_reads" not in names
    assert delivered == {(TODAY - timedelta(days=90)).isoformat()}
    assert CANARY not in text_of(told)


def test_his_nights_end_for_him_on_the_day_he_left(session: Session) -> None:
    full = full_family(session)
    began = TODAY - timedelta(days=60)
    stay(session, full, since=began, people=[full.mother_id, full.man_id])
    leave(session, full, full.man_id)
    request = ask_about(session, full.man_id)

    told = file_of(session, request, rows=Decision.RELEASE, fields=Decision.RELEASE)

    nights = [v for one in told for f, v in one.values.items() if f.name == "nights"]
    assert nights == [Range(began, LEFT, bounds="[)")]
    assert not {"stays", "stay_changes"} & {one.table.name for one in told}


def test_a_partner_who_stayed_is_given_rows_of_the_family_by_a_human_alone(
    session: Session,
) -> None:
    full = full_family(session)
    request = ask_about(session, full.man_id)
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.prepare(session, request, by=by)
    rows = [one for one in disclosure.queue(session, request) if one.is_row]
    number = next(one for one in rows if one.entry.table_name == "households")

    disclosure.decide(session, request, number.entry, decision=Decision.RELEASE, by=by)
    told = file_of(session, request, rows=None, fields=Decision.REDACT)

    assert {one.entry.table_name for one in rows} == {
        "case_episodes",
        "household_documents",
        "household_needs",
        "households",
        "key_workers",
        "referrals",
        "service_deliveries",
        "stored_files",
    }
    assert CANARY not in "".join(one.contents for one in rows)
    assert full.household.case_number in text_of(told)
    assert CANARY not in text_of(told)
    assert {f.name for one in told if one.table.name == "person_reads" for f in one.values} == {
        "read_at"
    }


def test_the_texts_of_a_row_are_read_once_the_row_is_given_out(session: Session) -> None:
    full = full_family(session)
    request = ask_about(session, full.man_id)
    by = staff_id(session, Role.PRIVACY_OFFICER)
    disclosure.prepare(session, request, by=by)
    before = {one.entry.field for one in disclosure.queue(session, request)}
    referral = next(
        one for one in disclosure.queue(session, request) if one.entry.table_name == "referrals"
    )

    disclosure.decide(session, request, referral.entry, decision=Decision.RELEASE, by=by)

    after = {one.entry.field for one in disclosure.queue(session, request)}
    assert after - before >= {"mother_name", "mother_contact", "children_ages", "needs"}
    with pytest.raises(disclosure.StillToReadError):
        disclosure.hand_out(session, request, by=by)


def test_what_was_done_for_him_alone_is_his(session: Session) -> None:
    full = full_family(session)
    record_service(
        session, full.household, minutes=17, delivered_on=LEFT, recipient_ids=[full.man_id]
    )
    leave(session, full, full.man_id, left_on=LEFT + timedelta(days=1))

    told = file_of(session, ask_about(session, full.man_id), rows=None, fields=Decision.REDACT)

    services = [one for one in told if one.table.name == "service_deliveries"]
    assert ["minutes 17" in text_of([one]) for one in services] == [True]


def test_the_mother_alone_with_her_children_gets_her_familys_file(session: Session) -> None:
    full = full_family(session, MemberRole.OTHER)
    leave(session, full, full.man_id)
    stay(session, full, since=TODAY - timedelta(days=5), people=full.others)

    told = file_of(session, ask_about(session, full.mother_id), rows=None, fields=Decision.REDACT)

    assert {"stays", "stay_changes", "households", "referrals", "key_workers"} <= {
        one.table.name for one in told
    }


def test_what_was_done_for_another_adult_too_is_not_hers_without_a_word(session: Session) -> None:
    full = full_family(session)
    request = ask_about(session, full.mother_id)
    by = staff_id(session, Role.PRIVACY_OFFICER)

    disclosure.prepare(session, request, by=by)

    rows = [one for one in disclosure.queue(session, request) if one.is_row]
    assert [one.entry.table_name for one in rows] == ["service_deliveries"] * 2


@pytest.mark.parametrize("leaves", [True, False])
def test_a_carer_beside_or_after_the_mother_is_not_the_mother(
    session: Session, *, leaves: bool
) -> None:
    full = full_family(session, MemberRole.CARER)
    stay(session, full, since=TODAY - timedelta(days=60), people=full.others)
    if leaves:
        leave(session, full, full.mother_id)

    told = file_of(session, ask_about(session, full.man_id), rows=None, fields=Decision.RELEASE)

    assert CANARY not in text_of(told)
    assert "stays" not in {one.table.name for one in told}


@pytest.mark.parametrize("asker", [Asker.GUARDIAN, Asker.THIRD, Asker.AUTHORITY])
def test_whoever_asks_for_a_child_gets_no_nights_and_no_telephone_without_a_word(
    session: Session, asker: Asker
) -> None:
    full = full_family(session)
    stay(session, full, since=TODAY - timedelta(days=5), people=full.others)
    session.get_one(Person, full.child_id).phone = "+7999555"
    request = ask_about(session, full.child_id, asked_by=asker, asker_name="Somebody")

    told = file_of(session, request, rows=None, fields=Decision.REDACT)

    assert not {"stay_places", "stays", "consents", "subject_requests"} & {
        one.table.name for one in told
    }
    assert "+7999" not in text_of(told)


def test_who_asked_before_about_a_child_is_read_first(session: Session) -> None:
    full = full_family(session)
    ask_about(session, full.child_id, asked_by=Asker.GUARDIAN, asker_name=CANARY)

    told = file_of(session, ask_about(session, full.child_id), rows=None, fields=Decision.REDACT)

    assert "Somebody" not in text_of(told)
    assert CANARY not in text_of(one for one in told if one.table.name == "subject_requests")


def test_somebody_added_by_mistake_never_belonged(session: Session) -> None:
    full = full_family(session)
    row = session.scalars(
        select(HouseholdMember).where(HouseholdMember.person_id == full.man_id)
    ).one()
    row.left_on, row.leaving_reason = TODAY, LeavingReason.ADDED_BY_MISTAKE
    session.flush()
    request = ask_about(session, full.man_id)

    disclosure.prepare(session, request, by=staff_id(session, Role.PRIVACY_OFFICER))

    assert not [one for one in disclosure.queue(session, request) if one.is_row]


def test_looks_after_he_left_were_looks_at_the_others(session: Session) -> None:
    full = full_family(session)
    leave(session, full, full.man_id)
    early = datetime.combine(LEFT - timedelta(days=9), datetime.min.time(), UTC)
    for at in (early, datetime.now(UTC)):
        session.add(
            PersonRead(
                user_id=staff_id(session),
                household_id=full.household.id,
                person_ids=[full.mother_id, full.man_id],
                purpose="stay",
                read_at=at,
            )
        )
    session.flush()

    told = file_of(session, ask_about(session, full.man_id), rows=None, fields=Decision.REDACT)

    looks = [one.values for one in told if one.table.name == "person_reads"]
    assert [{f.name: v for f, v in values.items()} for values in looks] == [{"read_at": early}]


@pytest.mark.parametrize("table", ABOUT_FAMILIES, ids=lambda table: table.name)
def test_a_table_about_a_whole_family_says_of_which_day_its_rows_are(table: DataTable) -> None:
    named = table.paths(SubjectKind.PERSON) or table.name in DELIBERATIONS

    assert named or table.record.dated


DAYS = st.integers(min_value=0, max_value=400).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@given(came=DAYS, left=DAYS, first=DAYS, length=st.integers(min_value=1, max_value=60))
def test_no_night_after_the_day_of_leaving_is_ever_told(
    came: date, left: date, first: date, length: int
) -> None:
    came, left = sorted((came, left))
    home = Home(household_id=uuid.uuid4(), times=((came, left),))
    nights = Range(first, first + timedelta(days=length), bounds="[)")

    told = cut(nights, [home])

    assert (told is None) is (first >= left)
    assert told is None or (told.upper is not None and told.upper <= left)
    assert home.knew(first) is (first < left)
