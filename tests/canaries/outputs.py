"""Everything that leaves a request, a job or the database, gathered to be searched."""

import contextlib
import gzip
import http.server
import io
import logging
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from psycopg import sql
from werkzeug.test import TestResponse

from config.child_processes import free_port
from config.logs import OURS, configure_logging
from tests.canaries.planting import CANARY
from tests.isolation.pages import Page


class Sink:
    """An error tracker on this machine that keeps every byte it is sent."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        taken = self.taken

        class Taking(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                taken.append(f"{self.path}\n{self.headers}\n{body.decode(errors='replace')}")
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self._server.server_port}/1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Post:
    """A mail relay that refuses by name, as relays do, until it is told to take mail."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.refuses = True
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_RCPT(  # noqa: N802 - the relay's own name for it.
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.refuses:
            return f"550 5.1.1 <{address}> Kanareika does not live here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the relay's own name for it.
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        self.taken.append(content.encode() if isinstance(content, str) else bytes(content))
        return "250 OK"

    def close(self) -> None:
        self._controller.stop()


@contextlib.contextmanager
def printed_logs() -> Iterator[io.StringIO]:
    """All that is logged at any level, by us and by libraries, as the service would print it."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, threading.excepthook
    configure_logging(logging.DEBUG)
    printed = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(printed)
    root.setLevel(logging.DEBUG)
    try:
        yield printed
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        threading.excepthook = hooks
        for name in OURS:
            logging.getLogger(name).setLevel(logging.NOTSET)


def told_by(name: str, answer: TestResponse) -> list[str]:
    """What an answer tells besides the page itself: its title, its addresses, every header."""
    said = [f"{header}: {unquote_plus(value)}" for header, value in answer.headers]
    if answer.mimetype == "text/html":
        page = Page(answer.text)
        said.append(f"title: {page.title}")
        # A link that opens the mail programme or dials is no address of ours.
        said += [
            f"link: {unquote_plus(link)}"
            for link in page.links
            if not link.startswith(("mailto:", "tel:"))
        ]
    return [f"{name}: {line}" for line in said if CANARY.search(line)]


def everything_in(connection: Any) -> Iterator[str]:
    """Every key of a Redis database with every value, unpacked where it is packed."""
    for key in connection.scan_iter("*"):
        kind = connection.type(key)
        yield f"key {key!r}"
        for value in _values(connection, key, kind):
            yield f"{key!r} {value!r}"
            with contextlib.suppress(zlib.error):
                yield f"{key!r} unpacked {zlib.decompress(value)!r}"


def _values(connection: Any, key: bytes, kind: bytes) -> Iterator[bytes]:
    match kind:
        case b"string":
            yield connection.get(key) or b""
        case b"hash":
            for name, value in connection.hgetall(key).items():
                yield name
                yield value
        case b"list":
            yield from connection.lrange(key, 0, -1)
        case b"set":
            yield from connection.smembers(key)
        case b"zset":
            yield from connection.zrange(key, 0, -1)
        case b"stream":
            for _number, fields in connection.xrange(key):
                yield from fields.values()


def server_log(owner: "psycopg.Connection[Any]") -> Path:
    """Where this run's PostgreSQL writes what it has to say."""
    row = owner.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(row[0]).parent / "server.log"


def shared_rows(owner: "psycopg.Connection[Any]") -> Iterator[str]:
    """Every row that organisations and the federation share, and every statement of the moment."""
    tables = owner.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'shared' ORDER BY 1"
    ).fetchall()
    for (table,) in tables:
        rows = owner.execute(
            sql.SQL("SELECT t::text FROM shared.{} t").format(sql.Identifier(table))
        )
        yield from (f"{table} {row[0]}" for row in rows)
    for (query,) in owner.execute(
        "SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    ):
        yield f"statement {query}"
