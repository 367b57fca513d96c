"""The document about who sees what says what the policy says."""

from hearth.accounts.matrix import markdown
from hearth.cli_policy import guarded_routes
from hearth.web.request import HearthFlask
from tests.architecture.test_stdlib import ROOT

DOCUMENT = ROOT / "docs/security/access.md"


def test_the_document_is_up_to_date(app: HearthFlask) -> None:
    written = DOCUMENT.read_text()

    assert written == markdown(guarded_routes(app)), "run: hearth policy matrix > " + DOCUMENT.name
