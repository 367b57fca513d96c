"""Whatever lies in the queue is read as JSON: what a pickle would do when opened is not done."""

import pickle
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from redis import Redis
from rq import Queue as RedisQueue
from rq.serializers import DefaultSerializer

from hearth.jobs import Queue
from tests.support.servers import Addresses
from workers.queues import make_worker

# No other test's jobs lie in this database of the queue.
QUEUE = "/6"


class Trap:
    """An object that leaves a mark wherever its pickle is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def test_a_pickle_put_into_the_queue_by_hand_is_never_opened(
    addresses: Addresses, tmp_path: Path
) -> None:
    redis = Redis.from_url(urlunsplit(urlsplit(addresses.redis_url)._replace(path=QUEUE)))
    redis.flushdb()
    mark, proof = tmp_path / "opened", tmp_path / "proof"
    waiting = RedisQueue(Queue.MAIL.value, connection=redis, serializer=DefaultSerializer)
    waiting.enqueue_call("time.sleep", args=(Trap(mark),), description="time.sleep")

    make_worker(redis, Queue.MAIL).work(burst=True)

    assert not mark.exists()
    assert waiting.count == 0
    # The trap is a real one: whoever opens it steps into it.
    pickle.loads(pickle.dumps(Trap(proof)))  # noqa: S301 - our own.
    assert proof.exists()
    redis.flushdb()
