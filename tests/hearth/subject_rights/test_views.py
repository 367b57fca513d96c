"""The pages about requests, from the number on the file to the certificate."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.data_records import DataGroup
from hearth.data_register.registry import organisation_tables
from hearth.families.membership import NewMember, PersonDetails
from hearth.families.models import Household, Person, PersonCorrection
from hearth.families.vocabulary import MemberRole
from hearth.giving.models import Donor
from hearth.subject_rights.gathering import INTERNAL
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.vocabulary import RequestKind, Step
from hearth.subject_rights.words import FIELDS, TABLES
from tests.factories.families import TODAY, child, mother, open_family, staff_id
from tests.factories.giving import start_gift
from tests.factories.people import grant, restriction
from tests.factories.rights import take_request
from tests.factories.service_delivery import record_service
from tests.hearth.subject_rights.test_erasure import CANARY, closed_family
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
ASKED = {"kind": "access", "asked_by": "self", "received_on": TODAY.isoformat()}


def path_of(request: SubjectRequest, rest: str = "") -> str:
    return f"/data-protection/requests/{request.id}{rest}"


def confirm(officer: Visitor, request: SubjectRequest) -> None:
    officer.submit(path_of(request, "/identity"), {"proof": "known", "certain": "true"})


def partner() -> NewMember:
    return NewMember(person=PersonDetails(given_name="Viktor"), role=MemberRole.PARTNER)


def declare_safe(officer: Visitor, request: SubjectRequest) -> None:
    note = "Looked at the file, asked whoever accompanies the family"
    officer.submit(path_of(request, "/safety"), {"step": "safe", "note": note})


def test_a_request_begins_with_the_number_on_the_file(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)
    officer = sign_in(Role.PRIVACY_OFFICER)

    found = officer.submit("/data-protection/requests/new", {"number": f" {family.case_number} "})
    people = officer.get(found.location)
    person_id = family.current_members[0].person_id
    taken = officer.submit(f"/data-protection/families/{family.id}/{person_id}", ASKED)
    page = officer.get(taken.location)

    assert found.status_code == taken.status_code == 303
    assert "Test-Mother Testova" in people.text
    assert "Nothing may be given out yet" in page.text
    assert "Testova" not in page.text.partition("<h1")[0]


def test_a_request_begins_with_the_number_on_the_gift(
    sign_in: MakeVisitor, session: Session
) -> None:
    gift = start_gift(session, email="anneke@example.org").gift
    officer = sign_in(Role.PRIVACY_OFFICER)

    found = officer.submit("/data-protection/requests/new", {"number": gift.reference.lower()})
    taken = officer.submit(found.location, {**ASKED, "kind": "objection"})
    asked = session.scalars(select(SubjectRequest)).one()
    confirm(officer, asked)
    donor = session.scalars(select(Donor)).one()
    officer.submit(path_of(asked, "/restrict"), {"note": "Wants no more letters"})

    assert taken.status_code == 303
    session.expire_all()
    assert donor.news_wanted_at is None
    assert asked.has(Step.RESTRICTED)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": ""}, "Choose"),
        ({"received_on": "2999-01-01"}, "still to come"),
        ({"asked_by": "third"}, "Write down who asks"),
    ],
)
def test_what_is_missing_is_said(
    sign_in: MakeVisitor, session: Session, change: dict[str, str], says: str
) -> None:
    family = open_family(session)
    person_id = family.current_members[0].person_id
    officer = sign_in(Role.PRIVACY_OFFICER)

    answer = officer.submit(
        f"/data-protection/families/{family.id}/{person_id}", {**ASKED, **change}
    )

    assert answer.status_code == 422
    assert says in answer.text
    assert session.scalars(select(SubjectRequest)).all() == []


def test_a_number_that_nobody_has_lists_nobody(sign_in: MakeVisitor, session: Session) -> None:
    open_family(session)

    answer = sign_in(Role.PRIVACY_OFFICER).submit(
        "/data-protection/requests/new", {"number": "Testova"}
    )

    assert answer.status_code == 422
    assert "No case and no gift has this number." in answer.text


def test_the_file_comes_after_every_entry_was_read_and_only_once(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)
    record_service(session, family, note="Her neighbour Nina called")
    request = take_request(session, family, checked=False)
    officer = sign_in(Role.PRIVACY_OFFICER)

    early = officer.submit(path_of(request, "/prepare"), page=path_of(request, "/identity"))
    confirm(officer, request)
    unsafe = officer.submit(path_of(request, "/prepare"), page=path_of(request, "/identity"))
    declare_safe(officer, request)
    officer.submit(path_of(request, "/prepare"), page=path_of(request, "/identity"))
    unread = officer.submit(path_of(request, "/file"))
    queue = officer.get(path_of(request, "/queue"))
    entry = re.search(r'href="(/data-protection/requests/[^"]+/queue/[^"]+)"', queue.text)
    assert entry is not None
    decided = officer.submit(entry.group(1), {"decision": "redact"})
    file = officer.submit(path_of(request, "/file"))
    again = officer.submit(path_of(request, "/file"))

    assert early.location.endswith(path_of(request))
    assert unsafe.location.endswith(path_of(request))
    assert (unread.status_code, decided.status_code) == (422, 303)
    assert file.status_code == 200
    assert file.headers["Cache-Control"] == "no-store"
    assert again.status_code == 422
    with zipfile.ZipFile(io.BytesIO(file.data)) as packed:
        text = packed.read("data.json").decode()
    assert "Test-Mother" in text
    assert "Nina" not in text


def test_a_correction_is_a_fact_beside_the_old_one(sign_in: MakeVisitor, session: Session) -> None:
    family = open_family(session)
    request = take_request(session, family, kind=RequestKind.CORRECTION)

    sign_in(Role.PRIVACY_OFFICER).submit(
        path_of(request, "/correct"),
        {"field": "family_name", "value": "Testova-Right", "note": "Passport shown"},
    )

    session.expire_all()
    assert session.get_one(Person, request.subject_id).family_name == "Testova-Right"
    assert session.scalars(select(PersonCorrection)).one().before["family_name"] == "Testova"


@pytest.mark.parametrize(("safe", "shown"), [(True, True), (False, False), (None, False)])
def test_the_page_shows_a_number_only_where_calling_is_safe(
    sign_in: MakeVisitor, session: Session, *, safe: bool | None, shown: bool
) -> None:
    family = open_family(
        session, members=[mother(phone="+7 921 000 00 77", safe_to_call=safe), child()]
    )
    request = take_request(session, family, member=1)

    page = sign_in(Role.PRIVACY_OFFICER).get(path_of(request))

    assert ("+7 921 000 00 77" in page.text) is shown
    assert ("Do not call and do not write" in page.text) is not shown


def erasure_asked(session: Session, officer: Visitor) -> tuple[Household, SubjectRequest]:
    family = closed_family(session)
    request = take_request(session, family, kind=RequestKind.ERASURE, whole_family=True)
    answer = officer.submit(path_of(request, "/erasure"), {"reason": "Nothing speaks against it"})
    assert answer.status_code == 303
    return family, request


def test_two_people_erase_and_one_alone_does_not(sign_in: MakeVisitor, session: Session) -> None:
    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    _, request = erasure_asked(session, officer)
    found = re.search(r'href="([^"]+/erasure/[^"]+)"', officer.get(path_of(request)).text)
    assert found is not None

    alone = officer.submit(found.group(1), {"verdict": "approved"})
    assert CANARY in "".join(one.given_name for one in session.scalars(select(Person)))
    together = director.submit(found.group(1), {"verdict": "approved"})
    page = director.get(path_of(request))
    link = re.search(r'href="([^"]+\.pdf)"', page.text)
    assert link is not None
    certificate = director.get(link.group(1))

    assert alone.status_code == 422
    assert "Somebody else has to decide" in alone.text
    assert together.status_code == 303
    session.expunge_all()
    session.info.pop("keyring")
    assert {one.given_name for one in session.scalars(select(Person))} == {"erased"}
    pages = PdfReader(io.BytesIO(certificate.data)).pages
    printed = " ".join(page.extract_text() for page in pages).replace("\u200b", "")
    assert "Test privacy-officer" in printed
    assert "Test director" in printed
    assert CANARY not in printed + page.text


def test_an_obstacle_is_named(sign_in: MakeVisitor, session: Session) -> None:
    request = take_request(session, open_family(session), kind=RequestKind.ERASURE)

    page = sign_in(Role.DIRECTOR).get(path_of(request, "/erasure"))

    assert "close the case first" in page.text


def test_the_officer_answers_about_a_restricted_family_and_whoever_reads_files_does_not(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)
    request = take_request(session, family)
    restriction(session, family)
    paths = [f"/data-protection/families/{family.id}", path_of(request), path_of(request, "/queue")]

    officer, director = sign_in(Role.PRIVACY_OFFICER), sign_in(Role.DIRECTOR)
    answers = [[who.get(path).status_code for path in paths] for who in (officer, director)]
    grant(session, family, staff_id(session, Role.DIRECTOR))
    by_name = director.get(paths[0]).status_code

    assert answers == [[200, 200, 200], [404, 404, 404]]
    assert by_name == 200
    looks = session.scalars(
        select(PersonRead.purpose).where(
            PersonRead.user_id == staff_id(session, Role.PRIVACY_OFFICER)
        )
    ).all()
    assert looks == ["request"] * 3


def test_the_number_of_a_file_that_opens_to_others_is_a_number_nobody_has(
    sign_in: MakeVisitor, session: Session
) -> None:
    family = open_family(session)
    restriction(session, family)
    director = sign_in(Role.DIRECTOR)

    answers = [
        director.submit("/data-protection/requests/new", {"number": number})
        for number in (family.case_number, "1999-0001")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("No case and no gift has this number." in answer.text for answer in answers)


@pytest.mark.parametrize("rest", ["/prepare", "/queue", "/queue/{entry}"])
def test_a_whole_file_is_gathered_and_read_after_a_fresh_proof_alone(
    sign_in: MakeVisitor, session: Session, rest: str
) -> None:
    family = open_family(session)
    record_service(session, family, note=CANARY)
    request = take_request(session, family)
    sign_in(Role.PRIVACY_OFFICER).submit(
        path_of(request, "/prepare"), page=path_of(request, "/identity")
    )
    entry = session.scalars(select(Disclosure.id)).one()
    path, stale = (
        path_of(request, rest.format(entry=entry)),
        sign_in(Role.PRIVACY_OFFICER, fresh=False),
    )

    if rest == "/prepare":
        answer = stale.submit(path, page=path_of(request, "/identity"))
    else:
        answer = stale.get(path)

    assert answer.status_code == (403 if rest == "/prepare" else 302)
    assert CANARY not in answer.text
    assert rest == "/prepare" or answer.location == f"/confirm?next={path}"


@pytest.mark.parametrize(("lang", "kept_back"), [
    ("en", "Kept back until you give it out"), ("nl", "Achtergehouden tot je het verstrekt"),
    ("sv", "Hålls tillbaka tills du lämnar ut det"),
    ("fr", "Non communiqué tant que vous n’en décidez pas autrement"),
    ("ru", "Не выдаётся, пока вы не разрешите"),
])  # fmt: skip
def test_a_row_of_the_family_is_kept_back_on_the_page_and_in_both_papers(
    sign_in: MakeVisitor, session: Session, lang: str, kept_back: str
) -> None:
    family = open_family(session, members=[mother(), child(), partner()])
    request = take_request(session, family, member=1)
    officer = sign_in(Role.PRIVACY_OFFICER)
    officer.submit(path_of(request, "/prepare"), page=path_of(request, "/identity"))

    page = officer.get(path_of(request, f"/queue?lang={lang}"))
    row = session.scalars(select(Disclosure).where(Disclosure.table_name == "households")).one()
    asked = officer.get(path_of(request, f"/queue/{row.id}"))
    file = officer.submit(path_of(request, "/file"))

    with zipfile.ZipFile(io.BytesIO(file.data)) as packed:
        data = json.loads(packed.read("data.json"))
        pages = PdfReader(io.BytesIO(packed.read("data.pdf"))).pages
    printed = " ".join(one.extract_text() for one in pages)
    assert kept_back in page.text
    assert family.case_number in page.text
    assert re.search(r'value="redact"[^>]*checked', asked.text)
    assert "Viktor" in printed
    assert "Viktor" in str(data)
    assert family.case_number not in printed + str(data)
    assert "14(8)(4)" in data["not_told"]
    assert "14(8)(4)" in printed


def test_what_a_row_of_the_family_holds_has_words_of_its_own() -> None:
    told = {
        field.name
        for table in organisation_tables()
        if table.record.group in (DataGroup.FAMILY_FILES, DataGroup.REFERRALS)
        for field in table.fields
        if field.data_class not in INTERNAL
    }
    tables = {t.name for t in organisation_tables() if t.record.dated}

    assert told <= set(FIELDS)
    assert tables <= set(TABLES)
