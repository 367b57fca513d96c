"""The command `hearth policy`: the policy as a document."""

import argparse
import sys

from flask import Flask

from config.settings import Settings
from hearth.accounts.matrix import markdown
from hearth.accounts.permissions import Permission
from hearth.app import create_app


def add_policy(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `hearth policy matrix` to the command line."""
    text = "write the table of roles, permissions and pages"
    nouns = verbs.add_parser("policy", help=text).add_subparsers(required=True, metavar="VERB")
    nouns.add_parser("matrix", help=text).set_defaults(run=matrix)


def matrix(_arguments: argparse.Namespace) -> None:
    """Print the document that stands in docs/security/access.md."""
    sys.stdout.write(markdown(guarded_routes(create_app(Settings.from_env()))))


def guarded_routes(app: Flask) -> list[tuple[str, str, Permission]]:
    """Every method and address that asks for a permission."""
    found = []
    for rule in app.url_map.iter_rules():
        guard = getattr(app.view_functions[rule.endpoint], "guard", None)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if guard is not None:
                found.append((method, rule.rule, guard))
    return found
