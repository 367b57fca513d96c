"""Several people who press a button at the same moment."""

import threading
from collections.abc import Callable


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all at the same moment, each in a thread; a refusal is an outcome like another."""
    barrier = threading.Barrier(len(works))
    outcomes: list[object] = [None] * len(works)

    def run(number: int) -> None:
        barrier.wait(timeout=10)
        try:
            outcomes[number] = works[number]()
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return outcomes
