"""Thousands of deliveries while workers, queue and database are killed; then the books are read.

``python -m tests.benchmarks.chaos [deliveries]``: exits with 1 when anything is not as it must be.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.house import House, open_house, until
from tests.support.invariants import Findings, at_rest, examine

# The sandbox tells of a paid gift five times: intent made, charge, intent paid, page done, fee.
EVENTS_A_GIFT = 5
SWITCHES = {
    "duplicate": 0.25,
    "reorder_seconds": 1.0,
    "fee_after_seconds": 1,
    "sepa_after_seconds": None,
}
BACK_ENDS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'hearth' AND pid <> pg_backend_pid() AND random() < 0.5
"""


@dataclass
class Chaos:
    """Does one harm after the other, and counts them."""

    house: House
    seed: int = 1
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - no secret hangs on it.
        self._harms = {
            "kill -9 of the money worker": lambda: self.house.kill("money"),
            "kill -9 of the mail worker": lambda: self.house.kill("mail"),
            "FLUSHALL": self._forget,
            "back ends ended": self._end_back_ends,
        }

    def strike(self, harm: str | None = None) -> None:
        """Do one harm, and bring back what it killed."""
        chosen = harm or self._random.choices(list(self._harms), weights=(4, 4, 2, 3))[0]
        self._harms[chosen]()
        self.done[chosen] += 1
        self.house.revive()

    def breathe(self, longest: float) -> None:
        """Let the survivors work for a moment."""
        time.sleep(self._random.uniform(0.2, longest))

    def _forget(self) -> None:
        with self.house.redis() as queue:
            queue.flushall()

    def _end_back_ends(self) -> None:
        with self.house.owner() as owner:
            owner.execute(BACK_ENDS)


def run(
    house: House, *, gifts: int, harms: int, longest_pause: float = 4.0, seed: int = 1
) -> tuple[Findings, Chaos]:
    """Give, do harm meanwhile, wait for rest and examine."""
    house.sandbox("settings", **SWITCHES)
    chaos = Chaos(house, seed)
    with ThreadPoolExecutor(1) as donors:
        giving: Future[None] = donors.submit(house.give, gifts)
        while not giving.done() or chaos.done.total() < harms:
            chaos.strike()
            chaos.breathe(longest_pause)
        giving.result()
    rested = until(lambda: at_rest(house), seconds=60 + gifts)
    findings = examine(house)
    if not rested:
        findings.wrong.append("something still waits, or some gift was not booked")
    return findings, chaos


def main() -> int:
    """Run it at its full size and tell what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.chaos", description=__doc__)
    parser.add_argument("deliveries", type=int, nargs="?", default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    gifts = options.deliveries // EVENTS_A_GIFT
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, open_house(Path(folder)) as house:
        findings, chaos = run(house, gifts=gifts, harms=40, seed=options.seed)
        sent = house.sandbox("state")
    lines = [
        f"{findings.gifts} gifts, {sent['objects']['event']} events,"
        f" {sum(sent['deliveries'].values())} deliveries in {sent['attempts']} attempts",
        *(f"{count} x {harm}" for harm, count in sorted(chaos.done.items())),
        f"{findings.mails} mails, of which {findings.mails_twice} came again under the same"
        " Message-ID",
        f"{time.monotonic() - began:.0f} s",
        *(f"WRONG: {sentence}" for sentence in findings.wrong),
    ]
    lines += [] if findings.wrong else ["Every gift is booked once, and the books balance."]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
