"""Every kind of page on a desk and on a phone, in light and in dark, as everybody meets it."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from hearth.styleguide.views import KINDS
from tenants import context
from tests.factories.everything import make_everything
from tests.support.browsing import Visit
from tests.support.stack import Stack

pytestmark = pytest.mark.browser
SCREENS = [(1280, "dark"), (360, "light")]
# A path that ends in "*" leads on to the first thing in that list.
PAGES = {
    ("spb", "social-worker"): [
        "/referrals/",
        "/referrals/*",
        "/referrals/new",
        "/families/?view=all",
        "/families/?view=all&text=nobody+of+this+name",
        "/families/*",
        "/families/*/members/new",
        "/families/*/services/new",
        "/families/*/close",
        "/shelter/",
        "/shelter/stays/*",
    ],
    ("spb", "administrator"): [
        "/colleagues/",
        "/colleagues/*",
        "/colleagues/new",
        "/account/",
        "/account/password",
        "/account/second-factor",
        "/account/app",
        "/account/passkeys/new",
        "/confirm",
    ],
    ("spb", "director"): [
        "/account/keys/new",
        "/shelter/houses",
        "/shelter/houses/new",
        "/funds/new",
        "/figures/",
    ],
    ("spb", "bookkeeper"): ["/gifts/", "/gifts/*", "/ledger/", "/funds/"],
    ("spb", "privacy-officer"): ["/data-protection/"],
    ("federation", "federation-staff"): ["/numbers/", "/numbers/definitions/"],
}
# What these show is made for the test. They are one column at every width, so once is enough: on a
# telephone, where Dutch words need the most room.
OPENED = {
    ("spb", "social-worker"): [
        "{family}/documents",
        "{family}/consents",
        "{family}/consents/new",
        "{family}/who-looked",
        "{service}/history",
        "/break-glass/",
    ],
    ("spb", "administrator"): [
        "/colleagues/roles/",
        "/colleagues/teams/",
        "/keys/",
    ],
    ("spb", "director"): [
        "{restricted}/access",
        "{look}",
        "/looks/report",
        "{proposal}",
    ],
    ("spb", "privacy-officer"): [
        "/incidents/",
        "{incident}",
        "{incident}/search",
        "{incident}/report",
        "{person}",
        "{ask}",
        "{request}",
        "{request}/queue",
        "/data-protection/record",
        "{notice}",
        "/data-protection/holds",
        "/records/",
    ],
}
LISTS = {
    "/referrals/": "/referrals/?view=all",
    "/families/": "/families/?view=all",
    "/shelter/stays/": "/shelter/",
    "/gifts/": "/gifts/",
    "/colleagues/": "/colleagues/",
}


@pytest.fixture(scope="module")
def everything(running: Stack) -> dict[str, str]:
    """Where one of everything stands that is about families."""
    context.install(running.runtime)
    with running.session_of("spb") as session:
        return make_everything(session, site="spb")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
@pytest.mark.parametrize(("site", "role"), PAGES)
def test_every_page_of_the_staff_can_be_read_by_everybody(
    visit: Callable[..., Visit],
    everything: dict[str, str],
    site: str,
    role: str,
    width: int,
    scheme: str,
) -> None:
    somebody = visit(width, color_scheme=scheme)
    somebody.sign_in(site, role)
    paths = list(PAGES[site, role])
    if width < 400:
        somebody.open(site, "/account/?lang=nl")
        paths += [path.format(**everything) for path in OPENED.get((site, role), [])]

    wrong = {path: found for path, found in _walk(somebody, site, paths) if found}

    assert wrong == {}


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_every_page_of_the_public_can_be_read_by_everybody(
    visit: Callable[..., Visit], width: int, scheme: str
) -> None:
    stranger = visit(width, color_scheme=scheme)
    paths = ["/", "/give", "/give?lang=ru", "/give/cancelled", "/sign-in", "/no-such-page"]
    paths += ["/forgotten-password", "/invitation?link=over"]

    wrong = {path: found for path, found in _walk(stranger, "spb", paths) if found}
    wrong |= {path: found for path, found in _walk(stranger, "pskov", ["/?lang=fr"]) if found}

    assert wrong == {}


def test_every_kind_of_page_in_the_styleguide_can_be_read_by_everybody(
    visit: Callable[..., Visit],
) -> None:
    designer = visit(360, color_scheme="dark")
    paths = ["/styleguide/", *(f"/styleguide/{kind}" for kind in KINDS)]

    wrong = {path: found for path, found in _walk(designer, "spb", paths) if found}

    assert wrong == {}


@pytest.mark.parametrize("site", ["spb", "pskov", "federation"])
def test_the_way_in_bears_the_colours_of_its_house(
    stack: Stack, visit: Callable[..., Visit], site: str
) -> None:
    grounds = {}

    for scheme in ("light", "dark"):
        somebody = visit(360, color_scheme=scheme)
        somebody.open(site, "/sign-in")
        somebody.look(f"pages-sign-in-{site}-{scheme}")
        ground = "getComputedStyle(document.body).backgroundColor"
        grounds[scheme] = somebody.page.evaluate(ground)
        assert somebody.page.locator("html").get_attribute("data-theme") == site

    assert grounds["light"] != grounds["dark"]


def _walk(somebody: Visit, site: str, paths: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Open each page, keep a picture of it, and tell what is wrong with it."""
    first: dict[str, str] = {}
    for path in paths:
        somebody.faults.clear()
        start, star, rest = path.partition("*")
        if star and start not in first:
            first[start] = _first_of(somebody, site, start)
        somebody.open(site, first[start] + rest if star else path)
        named = re.sub(r"\*|[0-9a-f-]{36}", "one", path)
        name = re.sub(r"\W+", "-", named).strip("-") or "front"
        somebody.photograph(f"pages-{site}-{name}")
        yield path, somebody.manners() + _barriers(somebody)


def _first_of(somebody: Visit, site: str, start: str) -> str:
    """The address of the first thing in a list."""
    somebody.open(site, LISTS[start])
    link = somebody.page.locator(f"main :is(tbody th, h3) a[href^='{start}']").first
    return link.get_attribute("href") or ""


def _barriers(somebody: Visit) -> list[str]:
    """What axe says keeps people from using this page."""
    violations = Axe().run(somebody.page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['html'][:120]}"
        for one in violations
        for node in one["nodes"]
    ]
