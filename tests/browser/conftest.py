"""The running service, one Chromium, and people who visit."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tenants import context
from tests.support.browsing import Visit
from tests.support.servers import Addresses
from tests.support.stack import Stack, running_stack

SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
# The last ones keep the browser from calling home: these tests speak with this machine only.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether the test failed, for whoever takes its windows down."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium: where it is installed, the one that draws no window at all."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if program is None:
        if os.environ.get("HEARTH_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is not installed, and HEARTH_REQUIRE_BROWSER=1 asks for it.")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running(
    chromium: Browser,
    addresses: Addresses,
    worker: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The service, started once; not at all where there is no browser to visit it."""
    with running_stack(addresses, worker, tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The running service, whose database the sessions of this test lead to."""
    context.install(running.runtime)
    return running


@pytest.fixture
def visit(
    request: pytest.FixtureRequest, stack: Stack, chromium: Browser
) -> Iterator[Callable[..., Visit]]:
    """Open a window for somebody who visits; a failed test leaves pictures of its windows."""
    opened: list[Visit] = []
    kept = SCREENSHOTS if os.environ.get("HEARTH_SCREENSHOTS") == "1" else None

    def make(width: int = 1280, **options: Any) -> Visit:
        opened.append(Visit(chromium, stack, width, kept, **options))
        return opened[-1]

    yield make
    for number, one in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            one.photograph_into(SCREENSHOTS, f"failed-{request.node.name}-{number}")
        one.close()
