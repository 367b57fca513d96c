"""The command `hearth policy`: the policy as a document."""

import argparse
import sys
from typing import Any

from flask import Flask

from config.settings import Settings
from hearth.accounts.matrix import Route, markdown
from hearth.app import create_app


def add_policy(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `hearth policy matrix` to the command line."""
    text = "write the table of roles, permissions and pages"
    nouns = verbs.add_parser("policy", help=text).add_subparsers(required=True, metavar="VERB")
    nouns.add_parser("matrix", help=text).set_defaults(run=matrix)


def matrix(_arguments: argparse.Namespace) -> None:
    """Print the document that stands in docs/security/access.md."""
    sys.stdout.write(markdown(guarded_routes(create_app(Settings.from_env()))))


def guarded_routes(app: Flask) -> list[Route]:
    """Every method and address that asks for a permission."""
    found = []
    for rule in app.url_map.iter_rules():
        view: Any = app.view_functions[rule.endpoint]
        if getattr(view, "guard", None) is None:
            continue
        asked = (view.guard, view.asks[1:], view.asks_programs)
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found += [Route(method, rule.rule, *asked) for method in methods]
    return found
