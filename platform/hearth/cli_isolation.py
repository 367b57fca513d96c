"""`hearth isolation prove`: the proof against the installation that runs, and its report."""

import json
from pathlib import Path
from typing import Any

from flask_babel import force_locale

from config.settings import Settings
from hearth.app import create_app
from hearth.cli_organisations import with_owner
from hearth.proof.report import report
from hearth.proof.services import Proof, prove
from hearth.terminal import Arguments, add, say
from tenants import roles
from tenants.context import configure
from tenants.owners import Connection
from tenants.roles import OrganisationError


def add_to(verbs: Any) -> None:
    """Add the command."""
    group = add(verbs, "isolation", _refuse, "prove that no organisation reaches another's data")
    inner = group.add_subparsers(required=True, dest="verb", metavar="VERB")
    command = inner.add_parser("prove", help="try every way, and write a dated report")
    command.add_argument("--url", default="http://127.0.0.1:8000", help="where the pages answer")
    command.add_argument("--to", type=Path, default=Path("isolation"), metavar="DIR")
    command.add_argument("--locale", default="en")
    command.set_defaults(run=with_owner(_prove))
    closing = inner.add_parser("statements", help="what only a superuser may close, as SQL")
    closing.set_defaults(run=with_owner(_statements))


def _refuse(_arguments: Arguments) -> None:
    raise OrganisationError("say what is to be done")


def _statements(home: Connection, _settings: Settings, _arguments: Arguments) -> None:
    say(roles.CLOSE_OTHERS.strip() + ";")
    say(roles.WITHHOLD.strip() + ";")
    say(roles.lend_locks(home.info.user).as_string(home).strip() + ";")


def _prove(home: Connection, settings: Settings, arguments: Arguments) -> None:
    configure(settings)
    app = create_app(settings)
    proof = prove(home, settings, app, url=arguments.url)
    with app.app_context(), force_locale(arguments.locale):
        write(proof, settings, arguments.to, lang=arguments.locale)
    for finding in proof.findings:
        say(f"{finding.name:<24} {finding.tried:>6} tried  {len(finding.surprises)} surprises")
    if proof.surprises:
        first = proof.surprises[0]
        raise OrganisationError(f"NOT PROVEN: {len(proof.surprises)} surprises; the first: {first}")
    say(f"{proof.tried} attempts, none succeeded; the report lies in {arguments.to}")


def write(proof: Proof, settings: Settings, folder: Path, *, lang: str) -> None:
    """Write the report as PDF and Markdown, and the facts with their signature."""
    folder.mkdir(parents=True, exist_ok=True)
    signature = proof.signature(settings)
    name = proof.made_at.replace(":", "-")
    paper = report(proof, lang=lang, signature=signature)
    (folder / f"{name}.pdf").write_bytes(paper.to_pdf())
    (folder / f"{name}.md").write_text(paper.to_markdown(), "utf-8")
    facts = json.dumps({"signature": signature, "facts": proof.facts()}, ensure_ascii=False)
    (folder / f"{name}.json").write_text(facts, "utf-8")
