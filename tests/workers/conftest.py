"""A house of its own for the tests that break it."""

import os
from collections.abc import Iterator

import pytest

# The sandbox refuses to load outside demos and tests.
os.environ["HEARTH_SANDBOX"] = "1"

from tenants import context
from tests.support.house import House, open_house


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp("house")) as house:
        house.sandbox("settings", fee_after_seconds=0, sepa_after_seconds=None)
        yield house


@pytest.fixture
def house(running: House) -> House:
    """The house, with every part on its feet."""
    context.install(running.runtime)
    running.revive()
    return running
