"""One organisation asks for workbook after workbook; how long does its neighbour wait for a page?

Both speak to a real gunicorn over the wire. Limits per minute are off here: what protects the
neighbour is the number of places one organisation may take at once.
"""

import http.client
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from hearth.demo import sample
from tenants.context import tenant_session
from tests.benchmarks.harness import Laboratory, Row, Target, percentile
from tests.support.house import House, open_house

NOISY, QUIET = "spb", "pskov"
FLOOD = 12
PAGES = 60
WINDOWS = 6
# A script that is refused tries again at once, or nearly.
PAUSE = 0.02


class Caller:
    """Somebody who is signed in and keeps one connection."""

    def __init__(self, house: House, slug: str, role: Role) -> None:
        host = f"{slug}.localhost"
        with tenant_session(house.runtime.registry.get(slug)) as session:
            user_id = session.scalars(select(User.id).where(User.roles == [role.value])).first()
            assert user_id is not None
            token = sessions.start_session(
                session, user_id=user_id, host=host, assurance=Assurance.SECOND_FACTOR
            )
        self._headers = {"Host": f"{host}:{house.ports.web}", "Cookie": f"{COOKIE}={token}"}
        self._wire = http.client.HTTPConnection("127.0.0.1", house.ports.web, timeout=60)

    def get(self, path: str) -> int:
        self._wire.request("GET", path, headers=self._headers)
        answer = self._wire.getresponse()
        answer.read()
        return answer.status


def measure(_laboratory: Laboratory) -> Iterable[Row]:
    """The neighbour's slow pages (p95) while nobody else is there, and amid the flood, in turns."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_house(Path(folder), processes=("catcher", "sandbox", "web", "money", "mail")) as house,
    ):
        today = datetime.now(UTC).date()
        for slug in (NOISY, QUIET):
            sample.fill(house.runtime.registry.get(slug), today=today, report=lambda _n, _m: None)
        neighbour = Caller(house, QUIET, Role.DIRECTOR)
        _times(neighbour, 10)
        alone: list[float] = []
        amid: list[float] = []
        answered: Counter[int] = Counter()
        for _ in range(WINDOWS):
            alone += _times(neighbour, PAGES)
            amid += _amid_flood(house, neighbour, answered)
    quiet, loud = percentile(alone, 0.95), percentile(amid, 0.95)
    yield Row(
        name="a neighbour's page amid a flood of exports, p95",
        unit="ms",
        ours=1000 * loud,
        baseline=1000 * quiet,
        ratio=loud / quiet,
        target=Target(1.5),
        note=f"the flood: {answered[200]} workbooks, {answered[503]} refused",
    )


def _amid_flood(house: House, neighbour: Caller, answered: "Counter[int]") -> list[float]:
    over = threading.Event()

    def flood() -> None:
        caller = Caller(house, NOISY, Role.DIRECTOR)
        while not over.is_set():
            answered[caller.get("/figures/our-figures.xlsx")] += 1
            time.sleep(PAUSE)

    threads = [threading.Thread(target=flood, daemon=True) for _ in range(FLOOD)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        return _times(neighbour, PAGES)
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _times(caller: Caller, pages: int) -> list[float]:
    taken = []
    for _ in range(pages):
        began = time.perf_counter()
        status = caller.get("/families/")
        taken.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"the neighbour was answered {status}")
    return taken
