"""How long a request may take to arrive: a thread must not wait for whoever sends a byte a minute.

A proxy that takes a whole request before it hands it on is what keeps slow senders away; this ends
them where a proxy does not. Whoever sends at a believable speed has time for the largest file.
"""

import time
from typing import Any

from gunicorn import util
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers import gthread

# To begin with, for the headers and the first of the body.
GRACE_SECONDS = 10.0
# Each so many bytes that have come earn another second, up to the longest time altogether.
BYTES_A_SECOND = 32 * 1024
LONGEST_SECONDS = 120.0
# After this a connection that says nothing waits without a thread, and one that is done is closed,
# although the other side has not: the main loop does that, and meanwhile nobody else is let in.
A_MOMENT = 0.2


class PatientReader(SocketUnreader):  # type: ignore[misc]
    """Reads one request after another from a connection, each within its time."""

    def __init__(self, sock: Any) -> None:
        super().__init__(sock)
        self.begin()

    def begin(self) -> None:
        """A request begins to arrive now."""
        self.is_late = False
        self._began = time.monotonic()
        self._taken = 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes.

        :raises NoMoreData: they have not come in time.
        """
        earlier = self.sock.gettimeout()
        left = self._left()
        if left <= 0:
            self.is_late = True
            raise NoMoreData
        self.sock.settimeout(left if earlier is None else min(left, earlier))
        try:
            taken: bytes = super().chunk(size_hint)
        except TimeoutError:
            self.is_late = True
            raise NoMoreData from None
        finally:
            self.sock.settimeout(earlier)
        self._taken += len(taken)
        return taken

    def _left(self) -> float:
        earned = min(GRACE_SECONDS + self._taken / BYTES_A_SECOND, LONGEST_SECONDS)
        return self._began + earned - time.monotonic()


class PatientConnection(gthread.TConn):  # type: ignore[misc]
    """A connection whose requests are read by the clock."""

    def init(self) -> None:
        """Begin to read, once there is something."""
        fresh = not self.initialized
        super().init()
        if fresh:
            self.parser.unreader = PatientReader(self.sock)

    def begin(self) -> None:
        """Another request arrives on it."""
        if self.initialized:
            self.parser.unreader.begin()

    def wait_for_data(self, timeout: float) -> bool:
        """Whether something came within a moment; else the main loop waits, and no thread."""
        return bool(super().wait_for_data(min(timeout, A_MOMENT)))

    def close(self, graceful: bool = False) -> None:
        """End the connection; who was late is not waited for once more."""
        if graceful and not (self.initialized and self.parser.unreader.is_late):
            self.sock.setblocking(True)
            util.close_graceful(self.sock, timeout=A_MOMENT)
        else:
            util.close(self.sock)


class PatientWorker(gthread.ThreadWorker):  # type: ignore[misc]
    """The worker with threads, none of which waits long for what a client may never send."""

    def handle(self, conn: PatientConnection) -> Any:
        """Answer a request."""
        conn.begin()
        return super().handle(conn)


# The worker makes its connections by this name.
gthread.TConn = PatientConnection
