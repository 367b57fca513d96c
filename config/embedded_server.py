"""What the embedded servers share: one owner per directory, a port, start, stop and recovery."""

import fcntl
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

from config import child_processes

START_PATIENCE = 60.0
_PORT_ATTEMPTS = 5


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be started; the message says why and what to do."""


class EmbeddedServer(ABC):
    """A server that runs as a child of this process, with its data in one directory."""

    title: str
    stop_signal: signal.Signals

    def __init__(self, data_dir: Path, port: int | None = None, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.durable = durable
        self.log = self.data_dir / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    def start(self) -> Self:
        """Start the server and return when it answers; takes over what a killed run left behind."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # The server's own account must pass through; what needs hiding hides itself.
            self.data_dir.chmod(0o711)
            self._take_lock()
        except PermissionError as error:
            raise EmbeddedServerError(
                f"{self.data_dir} belongs to another account; run as that account or remove it."
            ) from error
        try:
            # Whoever held the lock is gone, so a server that still runs here belongs to nobody.
            child_processes.end_matching(self._is_ours, signum=self.stop_signal)
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server; harmless when it does not run."""
        if self.process is not None:
            child_processes.stop(self.process, signum=self.stop_signal)
            self.process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_running(self) -> bool:
        """Tell whether the server process is alive."""
        return self.process is not None and self.process.poll() is None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @abstractmethod
    def _prepare(self) -> None:
        """Bring the data directory into a state from which the server can start."""

    @abstractmethod
    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        """Start the server process on `port`."""

    @abstractmethod
    def _answers(self) -> bool:
        """Tell whether the started server takes work."""

    @abstractmethod
    def _is_ours(self, command: str) -> bool:
        """Tell whether a process with this command line serves this data directory."""

    def _take_lock(self) -> None:
        if self._lock is not None:
            # A server that died is started again by its owner, who never let go of the lock.
            if self.is_running():
                raise EmbeddedServerError(f"{self.title} in {self.data_dir} is already started.")
            return
        lock = (self.data_dir / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise EmbeddedServerError(
                f"{self.title} in {self.data_dir} is in use by another process; stop that first."
            ) from None
        self._lock = lock

    def _launch(self) -> None:
        for _attempt in range(_PORT_ATTEMPTS):
            port = self.port or child_processes.free_port()
            if not child_processes.port_is_free(port):
                raise EmbeddedServerError(
                    f"Port {port}, wanted for {self.title}, is taken by another program."
                )
            self.process = self._spawn(port)
            if self._wait_until_it_answers():
                self.port = port
                return
            # Somebody may have been faster to the port that was free a moment ago, and may have
            # left it again; with a port of our own choice another one is tried.
            if self.port or self.is_running():
                break
        raise EmbeddedServerError(
            f"{self.title} did not start. The end of {self.log}:\n{child_processes.tail(self.log)}"
        )

    def _wait_until_it_answers(self) -> bool:
        deadline = time.monotonic() + START_PATIENCE
        while self.is_running() and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.02)
        return False


def wheel_directory(package: str) -> Path:
    """Find the files of an installed package without importing it, which would run its code."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            f"The package {package} is not installed. Run `make install`, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
