"""Catches all mail of a demo or a test: a real SMTP server that delivers nothing, with a page."""

import argparse
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from config.child_processes import LOOPBACK, free_port
from hearth.demo.mail_pages import create_pages
from hearth.demo.mail_store import CaughtMessage, MailStore


class MailCatcher:
    """Both servers in threads of this process; a context manager for tests, a process for demos."""

    def __init__(
        self, state: Path, *, smtp_port: int | None = None, http_port: int | None = None
    ) -> None:
        self.store = MailStore(state)
        self.smtp_port = smtp_port or free_port()
        self.http_port = http_port or free_port()
        self._smtp = Controller(
            _Keeper(self.store), hostname=LOOPBACK, port=self.smtp_port, enable_SMTPUTF8=True
        )
        self._http: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def messages(self, *, to: str | None = None) -> list[CaughtMessage]:
        """Return what was caught, newest first."""
        return self.store.all(recipient=to)

    def start(self) -> Self:
        """Open both ports and return once they answer."""
        self._smtp.start()
        self._http = make_server(
            LOOPBACK,
            self.http_port,
            create_pages(self.store),
            threaded=True,
            request_handler=_QuietHandler,
        )
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.1,), name="mail-pages"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close both ports; what was caught stays in the file."""
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()
        self._smtp.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


class _Keeper:
    """What the SMTP server does with a message: keep it, then say so."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's.
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        self._store.add(
            sender=envelope.mail_from or "",
            recipients=envelope.rcpt_tos,
            raw=content if isinstance(content, bytes) else content.encode(),
        )
        return "250 Kept"


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name.
        """Write no access log: addresses of pages name recipients."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m hearth.demo.mail_catcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file to keep mail in")
    chosen = parser.parse_args(argv)
    os.umask(0o077)
    signals = {signal.SIGTERM, signal.SIGINT}
    # Blocked before the threads start, so that only the line below ever receives them.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with MailCatcher(chosen.state, smtp_port=chosen.smtp_port, http_port=chosen.http_port):
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
