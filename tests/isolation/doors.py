"""Every address of the service with every method, read from the application itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from flask import g

from hearth.accounts.guard import COOKIE, OWN
from hearth.accounts.permissions import FEDERATION_ROLES, Permission, Role
from hearth.accounts.policy import ROLE_PERMISSIONS
from hearth.web.request import HearthFlask
from hearth.web.tokens import UNSAFE, form_token
from tenants.context import runtime
from tenants.routing import SiteKind, site_for
from tests.isolation.belongings import COMMON, OBJECTS
from tests.support.visitors import TOKEN, Visitor

PARAMETER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")
SITES = {
    SiteKind.ORGANISATION: "spb",
    SiteKind.FEDERATION: "federation",
    SiteKind.PLATFORM: "",
    SiteKind.FILES: "files",
}


@dataclass(frozen=True)
class Door:
    """One method of one address: who may pass, and on which kinds of site it is."""

    method: str
    rule: str
    endpoint: str
    guard: str | None
    kinds: frozenset[SiteKind]
    asks: frozenset[Permission] = frozenset()

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def changes(self) -> bool:
        return self.method in UNSAFE

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(PARAMETER.findall(self.rule))

    @property
    def own_parameters(self) -> tuple[str, ...]:
        """The names in the address whose objects belong to an organisation."""
        return tuple(name for name in self.parameters if name not in COMMON)

    def path(self, ids: Mapping[str, str]) -> str:
        return PARAMETER.sub(lambda match: {**COMMON, **ids}[match[1]], self.rule)

    @property
    def site(self) -> str:
        """A site on which the door is; St Petersburg where there is a choice."""
        return next(site for kind, site in SITES.items() if kind in self.kinds)

    def opens_to(self, role: Role) -> bool:
        """Whether a role may pass; the pages about oneself are open to all of them."""
        return self.guard == OWN or (bool(self.asks) and self.asks <= ROLE_PERMISSIONS[role])

    def role(self) -> Role | None:
        """Somebody who may pass; nobody in particular where everybody may."""
        federal = self.kinds == {SiteKind.FEDERATION}
        return next(
            (
                role
                for role in Role
                if self.opens_to(role) and (role in FEDERATION_ROLES) == federal
            ),
            None,
        )


def doors_of(app: HearthFlask) -> list[Door]:
    """Every door; those that only show come first, and the one that ends a session comes last."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint, _, _ = rule.endpoint.rpartition(".")
        kinds = app.extensions["site_kinds"].get(blueprint, frozenset(SiteKind))
        view = app.view_functions[rule.endpoint]
        asked = (getattr(view, "guard", None), kinds, frozenset(getattr(view, "asks", ())))
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [Door(method, rule.rule, rule.endpoint, *asked) for method in methods]
    unknown = sorted(
        {
            f"<{name}> in {door.rule}"
            for door in found
            for name in door.parameters
            if name not in OBJECTS and name not in COMMON
        }
    )
    if unknown:
        pytest.fail(
            f"Nobody knows how to make a real {', '.join(unknown)}: add the name to OBJECTS in"
            " tests/isolation/belongings.py, so that the isolation of the new page is tested."
        )
    return sorted(
        found, key=lambda door: (door.changes, door.endpoint == "accounts.sign_out", str(door))
    )


def methods_missing_on(app: HearthFlask) -> list[tuple[str, str]]:
    """Every address with a method it does not know."""
    known: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        known.setdefault(rule.rule, set()).update(rule.methods or ())
    return [(method, rule) for rule in known for method in METHODS if method not in known[rule]]


def fresh_token(app: HearthFlask, visitor: Visitor) -> str:
    """A form token as any page would show it to this visitor."""
    with app.test_request_context(base_url=f"https://{visitor.host}"):
        g.site = site_for(visitor.host, runtime())
        cookie = visitor.get_cookie(COOKIE, domain=visitor.host)
        g.session_binding = cookie.value if cookie else ""
        found = TOKEN.search(form_token())
    assert found is not None
    return found.group(1)
