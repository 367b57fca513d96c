"""`hearth audit`: prove that nobody has rewritten the records, and anchor them now."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hearth.models
from config.settings import Settings
from hearth.audit.anchors import anchor
from hearth.audit.signing import SignedHead
from hearth.audit.verification import Verdict, verify
from tenants import context
from tenants.registry import OrgRef

Arguments = argparse.Namespace
TABLES = hearth.models.TENANT_METADATA


class RecordsHarmedError(RuntimeError):
    """The verification found something; the message says in how many organisations."""


def add_commands(verbs: Any) -> None:
    """Add `audit verify` and `audit anchor` to the command line."""
    group = verbs.add_parser("audit", help="verify the records, or anchor them now")
    inner = group.add_subparsers(required=True, dest="verb", metavar="VERB")
    checking = inner.add_parser("verify", help="exit 1 and name the event where something is wrong")
    checking.add_argument(
        "--heads", type=Path, metavar="FILE", help="signed heads kept elsewhere, one on a line"
    )
    keeping = inner.add_parser("anchor", help="sign the newest events and keep them outside")
    for command, run in ((checking, _verify), (keeping, _anchor)):
        command.add_argument("slug", nargs="?", help="one organisation; otherwise every one")
        command.set_defaults(run=run)


own_settings = Settings.from_env


def _verify(arguments: Arguments) -> None:
    settings = own_settings()
    more = _heads(arguments.heads)
    harmed = 0
    for organisation in _organisations(settings, arguments.slug):
        theirs = [head for head in more if head.organisation == organisation.schema_name]
        with context.tenant_session(organisation) as session:
            verdict = verify(session, settings, more=theirs)
        harmed += not verdict.is_whole
        _print(_in_words(organisation.slug, verdict))
    if harmed:
        raise RecordsHarmedError(f"the records of {harmed} organisations are not whole")


def _anchor(arguments: Arguments) -> None:
    settings = own_settings()
    for organisation in _organisations(settings, arguments.slug):
        with context.tenant_session(organisation) as session:
            head = anchor(session, settings)
        _print(head.to_line() if head else f"{organisation.slug}: nothing new to anchor")


def _organisations(settings: Settings, slug: str | None) -> Iterator[OrgRef]:
    registry = context.configure(settings).registry
    yield from [registry.get(slug)] if slug else registry.all_active()


def _heads(file: Path | None) -> list[SignedHead]:
    if file is None:
        return []
    lines = file.read_text("utf-8").splitlines()
    return [SignedHead.from_line(line) for line in lines if line.strip()]


def _in_words(slug: str, verdict: Verdict) -> str:
    lines = [f"{slug}: {verdict.events} events, {verdict.anchors} anchors"]
    lines += [f"{slug}: {finding}" for finding in verdict.findings]
    if verdict.is_whole and verdict.events > verdict.vouched:
        lines.append(f"{slug}: nothing outside vouches for what follows {verdict.vouched}")
    return "\n".join(lines)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
