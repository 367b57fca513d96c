"""A family's documents: handed in, opened once by whoever asked, withdrawn and never deleted."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hearth.accounts.permissions import Role
from hearth.audit.models import PersonRead
from hearth.documents.models import HouseholdDocument
from hearth.families.models import Household
from hearth.files.models import StoredFile
from tests.factories.families import open_family, staff_id
from tests.factories.files import SECRET, paper, photograph, picture, scripted_paper
from tests.factories.people import grant
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.fixture
def household(session: Session) -> Household:
    return open_family(session)


def hand_in(
    worker: Visitor, household: Household, data: bytes, name: str = "scan.jpg", **changes: Any
) -> TestResponse:
    path = f"/families/{household.id}/documents/new"
    sent = {"title": "Birth certificate", "file": (io.BytesIO(data), name), **changes}
    return worker.post(path, data={"form_token": worker.token_on(path), **sent})


def multipart(token: str, data: bytes) -> dict[str, Any]:
    """A form with a file as a browser sends it, without a temporary file on the way."""
    parts = [
        b'Content-Disposition: form-data; name="form_token"\r\n\r\n' + token.encode(),
        b'Content-Disposition: form-data; name="title"\r\n\r\nLarge',
        b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + data,
    ]
    body = b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


def link_of(worker: Visitor, household: Household, document: HouseholdDocument) -> str:
    answer = worker.get(f"/families/{household.id}/documents/{document.id}")
    assert answer.status_code == 303
    return answer.location


def open_elsewhere(visitor: MakeVisitor, link: str, **options: Any) -> TestResponse:
    return visitor("files").get(urlsplit(link).path, buffered=True, **options)


def only_document(session: Session) -> HouseholdDocument:
    return session.scalars(select(HouseholdDocument)).one()


def test_a_photograph_is_taken_cleaned_and_listed(
    session: Session, household: Household, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = hand_in(worker, household, photograph(), "IMG_2041 Anna.JPG")

    page = worker.get(answer.location)
    kept = only_document(session)
    assert answer.status_code == 303
    assert "Birth certificate" in page.text
    assert "IMG_2041" not in page.text
    assert SECRET.encode() not in (kept.file.content or b"")
    assert kept.file.size == len(kept.file.content or b"")


def test_a_document_opens_on_a_host_without_cookies(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, paper(), "../../etc/Анна.pdf")
    document = only_document(session)

    opened = open_elsewhere(visitor, link_of(worker, household, document))

    assert opened.status_code == 200
    assert opened.data == document.file.content
    assert opened.mimetype == "application/pdf"
    name = f"document-{document.file_id.hex[-8:]}.pdf"
    assert opened.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert opened.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    assert opened.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in opened.headers
    assert session.scalar(select(func.count()).select_from(PersonRead)) == 2


def test_a_link_works_once(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))

    statuses = [open_elsewhere(visitor, link).status_code for _ in range(3)]

    assert statuses == [200, 404, 404]


def test_whoever_only_looks_ahead_does_not_use_a_link_up(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))

    looked = visitor("files").head(urlsplit(link).path)
    opened = open_elsewhere(visitor, link)

    assert (looked.status_code, opened.status_code) == (405, 200)


def test_a_link_is_old_after_a_minute(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        late = open_elsewhere(visitor, link)

    assert late.status_code == 404


def test_a_link_ends_with_the_sign_in_it_was_made_for(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))
    worker.submit("/sign-out", page="/families/")

    assert open_elsewhere(visitor, link).status_code == 404


@pytest.mark.parametrize("change", ["spb.", "pskov.", "x", ""])
def test_a_forged_link_opens_nothing(
    session: Session,
    household: Household,
    sign_in: MakeVisitor,
    visitor: MakeVisitor,
    change: str,
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))
    true = link.rpartition("/")[2]
    forged = change + true.partition(".")[2] if change.endswith(".") else true[:-1] + change

    other_end = "1" if true.endswith("0") else "0"

    answers = [
        open_elsewhere(visitor, f"/f/{one}"[:500]) for one in (forged + other_end, forged[::-1])
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert open_elsewhere(visitor, link).status_code == 200


def test_a_links_page_is_on_no_other_host(
    session: Session, household: Household, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    link = link_of(worker, household, only_document(session))

    assert urlsplit(link).netloc == "files.hearth.test"
    assert worker.get(urlsplit(link).path).status_code == 404


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "", "Choose a file first."),
        (b"MZ", "photo.jpg", "Only PDF documents"),
        (picture("PNG"), "photo.jpg", "do not say the same"),
        (b"\xff\xd8\xff broken", "photo.jpg", "cannot be read"),
        (scripted_paper(), "a.pdf", "more than pages"),
    ],
)
def test_a_file_that_is_not_taken_is_explained_and_the_title_is_kept(
    session: Session,
    household: Household,
    sign_in: MakeVisitor,
    data: bytes,
    name: str,
    words: str,
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)

    answer = hand_in(worker, household, data, name)

    assert answer.status_code == 422
    assert words in answer.text
    assert "Birth certificate" in answer.text
    assert session.scalars(select(StoredFile.id)).all() == []


def test_a_form_without_a_file_and_a_title_asks_for_both(
    household: Household, sign_in: MakeVisitor
) -> None:
    answer = hand_in(sign_in(Role.SOCIAL_WORKER), household, b"", "", title="")

    assert "2 things need another look" in answer.text
    assert "Choose a file first." in answer.text


def test_eight_megabytes_are_taken_here_and_eleven_are_not(
    household: Household, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    path = f"/families/{household.id}/documents/new"
    token = worker.token_on(path)

    large = worker.post(path, **multipart(token, picture() + bytes(8_000_000)))
    too_large = worker.post(path, **multipart(token, picture() + bytes(11_000_000)))
    elsewhere = worker.post("/referrals/new", **multipart(token, bytes(3_000_000)))

    assert large.status_code == 303
    assert too_large.status_code == 413
    assert elsewhere.status_code == 413


def test_a_stranger_sends_no_large_body(household: Household, visitor: MakeVisitor) -> None:
    answer = visitor("spb").post(
        f"/families/{household.id}/documents/new",
        **multipart("x", bytes(5_000_000)),
    )

    assert answer.status_code == 401


def test_a_withdrawn_document_stays_on_the_list_and_is_closed(
    session: Session, household: Household, sign_in: MakeVisitor, visitor: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, picture())
    document = only_document(session)
    path = f"/families/{household.id}/documents/{document.id}"

    answer = worker.submit(f"{path}/withdraw", {"reason": "Another family's paper"})
    again = worker.submit(f"{path}/withdraw", {"reason": "Twice"})

    assert answer.status_code == 303
    assert again.status_code == 422
    assert worker.get(path).status_code == 404
    page = worker.get(answer.location)
    assert "Birth certificate" in page.text
    assert "Another family&#39;s paper" in page.text
    session.refresh(document)
    assert document.withdrawn_because == "Another family's paper"


def test_who_may_only_read_adds_and_withdraws_nothing(
    session: Session, household: Household, sign_in: MakeVisitor
) -> None:
    grant(session, household, staff_id(session, Role.SPECIALIST))
    specialist = sign_in(Role.SPECIALIST)

    page = specialist.get(f"/families/{household.id}/documents")
    refused = specialist.get(f"/families/{household.id}/documents/new")

    assert page.status_code == 200
    assert "Add a document" not in page.text
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "statement", ["UPDATE stored_files SET size = 1", "DELETE FROM stored_files"]
)
def test_a_kept_file_cannot_be_changed_by_the_organisations_own_role(
    session: Session, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.connection().exec_driver_sql(statement)


def test_the_form_that_names_a_document_is_a_look_into_the_file(
    session: Session, household: Household, sign_in: MakeVisitor
) -> None:
    worker = sign_in(Role.SOCIAL_WORKER)
    hand_in(worker, household, photograph())
    kept = only_document(session)

    page = worker.get(f"/families/{household.id}/documents/{kept.id}/withdraw")

    looks = session.scalars(
        select(PersonRead.purpose).where(PersonRead.household_id == household.id)
    )
    assert "Birth certificate" in page.text
    assert looks.all() == ["documents", "documents"]
