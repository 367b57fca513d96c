"""Reports of blocked scripts, the security contact and robots: what is taken, what is kept."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
SITES = ("spb", "federation", "", "files")
PAGE = "https://spb.hearth.test/families/0198c0de-0000-7000-8000-000000000000?text=Kanareika"
OLD = {
    "csp-report": {
        "document-uri": PAGE,
        "violated-directive": "script-src-elem 'self'",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://kanareika.example/",
        "script-sample": "Kanareika",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": PAGE,
        "user_agent": "Kanareika",
        "body": {"documentURL": PAGE, "effectiveDirective": "img-src", "sample": "Kanareika"},
    }
]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(("report", "rule"), [(OLD, "script-src-elem"), (NEW, "img-src")])
def test_a_report_leaves_a_rule_and_a_route_and_nothing_else(
    visitor: MakeVisitor,
    caplog: pytest.LogCaptureFixture,
    site: str,
    report: object,
    rule: str,
) -> None:
    body = json.dumps(report)

    answer = visitor(site).post("/csp-reports", data=body, content_type="application/reports+json")

    told = [record for record in caplog.records if record.getMessage() == "policy_violated"]
    assert answer.status_code == 204
    assert [(r.__dict__["directive"], r.__dict__["route"]) for r in told] == [
        (rule, "/families/<uuid:household_id>")
    ]
    assert "anareika" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b"[1, null, {}]", b'{"csp-report": 1}',
        b'{"csp-report": {"document-uri": "https://[", "effective-directive": ["x"]}}',
        b'[{"body": {"documentURL": 7}}]', b"[" * 5000, b'{"csp-report": {}}',
    ],
    ids=ascii,
)  # fmt: skip
def test_nonsense_is_taken_without_a_word(visitor: MakeVisitor, body: bytes) -> None:
    assert visitor("spb").post("/csp-reports", data=body).status_code == 204


def test_a_flood_in_one_report_is_cut_short(
    visitor: MakeVisitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    many = visitor("spb").post("/csp-reports", data=json.dumps(NEW * 40))
    large = visitor("spb").post("/csp-reports", data=b" " * 20_000)

    assert many.status_code == 204
    assert sum(record.getMessage() == "policy_violated" for record in caplog.records) == 20
    assert large.status_code == 413


@pytest.mark.parametrize("site", SITES)
def test_whom_to_tell_about_a_weakness(visitor: MakeVisitor, site: str) -> None:
    answer = visitor(site).get("/.well-known/security.txt")

    said = dict(line.split(": ", 1) for line in answer.text.splitlines())
    until = datetime.strptime(said["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    host = f"{site}.hearth.test" if site else "hearth.test"
    assert answer.mimetype == "text/plain"
    assert said["Contact"] == "mailto:post@hearth.test"
    assert said["Canonical"] == f"https://{host}/.well-known/security.txt"
    assert datetime.now(UTC) < until < datetime.now(UTC) + timedelta(days=365)


@pytest.mark.parametrize("site", SITES)
def test_robots_find_the_public_pages_alone(visitor: MakeVisitor, site: str) -> None:
    lines = visitor(site).get("/robots.txt").text.splitlines()

    assert lines[0] == "User-agent: *"
    assert lines[-1] == "Disallow: /"
    assert ("Allow: /give$" in lines) == (site == "spb")
