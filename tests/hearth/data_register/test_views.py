"""The record of processing tells what the tables are, as a page, on paper and as a PDF."""

import io
from collections.abc import Callable

import pytest
from flask_babel import force_locale
from pypdf import PdfReader

from hearth.accounts.permissions import Role
from hearth.data_register.services import record_of_processing
from hearth.data_register.words import cited
from hearth.web.request import HearthFlask
from tenants.legal import PROFILES, profile
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]


@pytest.mark.parametrize("path", ["/data-protection/record", "/data-protection/record/print"])
def test_the_page_names_purposes_data_grounds_and_periods(sign_in: MakeVisitor, path: str) -> None:
    page = sign_in(Role.PRIVACY_OFFICER).get(path)

    for words in (
        "Accompany a family",
        "Notes in free words",
        "152-FZ art. 6(1)(1)",
        "5 years from the day the case was closed",
        "as a law demands",
        "every look into a family",
    ):
        assert words in page.text.replace("&#39;", "'")


def test_it_says_that_no_lawyer_has_looked_yet(sign_in: MakeVisitor) -> None:
    page = sign_in(Role.PRIVACY_OFFICER).get("/data-protection/record")

    assert "A lawyer of your country has to review them" in page.text


def test_the_pdf_says_the_same(sign_in: MakeVisitor) -> None:
    answer = sign_in(Role.PRIVACY_OFFICER).get("/data-protection/record.pdf")

    printed = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert answer.mimetype == "application/pdf"
    assert "Record of processing" in printed
    assert "Donors: 5 years from the last gift" in " ".join(printed.split())


@pytest.mark.parametrize("code", PROFILES)
def test_every_law_has_a_whole_record(app: HearthFlask, code: str) -> None:
    with app.test_request_context():
        activities = record_of_processing(profile(code))

    assert len(activities) >= 6
    for activity in activities:
        assert all((activity.purpose, activity.subjects, activity.data, activity.bases))
        assert all((activity.recipients, activity.retention))


@pytest.mark.parametrize(
    ("lang", "ground"), [("en", "152-FZ art. 6(1)(5)"), ("ru", "152-ФЗ ст. 6(1)(5)")]
)
def test_a_law_is_cited_as_the_reader_writes_it(
    sign_in: MakeVisitor, lang: str, ground: str
) -> None:
    page = sign_in(Role.PRIVACY_OFFICER).get(f"/data-protection/record?lang={lang}")

    assert ground in page.text


@pytest.mark.parametrize(
    ("lang", "words"),
    [("nl", "de toezichthoudende autoriteit"), ("fr", "l’autorité de contrôle")],
)
def test_an_authority_without_a_name_is_named_in_the_readers_language(
    app: HearthFlask, lang: str, words: str
) -> None:
    with app.test_request_context(), force_locale(lang):
        assert cited(profile("eu").notices.authority) == words
        assert "GDPR" not in cited(profile("eu").notices.article)
