"""A little of everything at once: duplicates, wrong order, kill -9, a forgetful queue."""

from tests.benchmarks import chaos
from tests.support.house import House


def test_every_gift_is_booked_once_and_thanked_for_once_whatever_is_killed(house: House) -> None:
    findings, harm = chaos.run(house, gifts=12, harms=5, longest_pause=1.5, seed=3)

    assert harm.done.total() >= 5
    assert findings.wrong == []
    assert findings.gifts >= 12
