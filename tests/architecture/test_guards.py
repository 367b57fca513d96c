"""Every page has a guard or stands on the short public list, and views stay thin."""

import ast
import inspect
from pathlib import Path

import pytest

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import ROLE_PERMISSIONS
from hearth.app import FEATURES
from hearth.web.request import HearthFlask
from tests.architecture.test_stdlib import ROOT

# Whoever adds a line here opens a page to everybody on the internet.
PUBLIC = {
    "static",
    "accounts.forgotten",
    "accounts.invitation",
    "accounts.new_password",
    "accounts.second_factor_anew",
    "accounts.sign_in",
    "accounts.sign_out",
    "accounts.with_passkey",
    "directory.index",
    "files.hand_out",
    "giving.cancelled",
    "giving.give",
    "giving.thanks",
    "health.live",
    "health.ready",
    "notices.reports",
    "notices.robots",
    "notices.security",
    "public_site.home",
    "webhooks.stripe",
}
VIEWS = sorted((ROOT / "platform/hearth").glob("*/views.py"))


def test_every_view_has_a_guard(app: HearthFlask) -> None:
    unguarded = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint != "static" and not hasattr(view, "guard")
    }

    assert unguarded == set()


def test_the_public_list_is_complete_and_short(app: HearthFlask) -> None:
    public = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if getattr(view, "guard", None) is None and not endpoint.startswith("styleguide.")
    }

    assert public == PUBLIC


def test_every_feature_says_on_which_site_it_lives(app: HearthFlask) -> None:
    assert set(app.blueprints) == {blueprint.name for blueprint, _ in FEATURES}


def test_every_permission_is_somebodys() -> None:
    held = frozenset().union(*ROLE_PERMISSIONS.values())

    assert set(ROLE_PERMISSIONS) == set(Role)
    assert held == set(Permission)


def test_every_permission_is_asked_for_somewhere(app: HearthFlask) -> None:
    asked = {
        permission
        for view in app.view_functions.values()
        for permission in (*getattr(view, "asks", ()), *getattr(view, "asks_programs", ()))
    }

    assert asked == set(Permission)


def test_whatever_leaves_the_service_asks_for_the_permission_to_take_it_out(
    app: HearthFlask,
) -> None:
    workbooks = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.endswith(".xlsx")}

    lacking = {
        endpoint
        for endpoint in workbooks | {"subject_rights.hand_out"}
        if Permission.EXPORTS not in getattr(app.view_functions[endpoint], "asks", ())
    }

    assert len(workbooks) >= 4
    assert lacking == set()


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.parent.name)
def test_a_view_parses_permits_asks_one_service_and_renders(path: Path) -> None:
    tree = ast.parse(path.read_text())

    long = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and _statements(node) > 12
    ]

    assert long == []


def _statements(node: ast.FunctionDef) -> int:
    inner = [child for child in ast.walk(node) if isinstance(child, ast.stmt)]
    return len(inner) - 2 if inspect.cleandoc(ast.get_docstring(node) or "") else len(inner) - 1
