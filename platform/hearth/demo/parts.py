"""What a running demo consists of: its addresses, its settings, and every process."""

import http.client
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config import child_processes
from config.child_processes import LOOPBACK, free_port
from config.embedded import Backing
from config.settings import without_credentials
from hearth.demo.processes import PartError, ProcessPart
from hearth.demo.secrets_file import demo_secrets
from hearth.jobs import Queue

BASE_DOMAIN = "localhost"
KEYS_DATABASE = "hearth_keys"
# The command of the very installation that runs the demo, wherever the terminal's path leads.
HEARTH = Path(sys.executable).parent / "hearth"


@dataclass(frozen=True)
class Addresses:
    """The ports of a demo: three that people visit, and one that only programs use."""

    web: int
    mail: int
    checkout: int
    smtp: int = field(default_factory=free_port)

    @classmethod
    def beginning_at(cls, port: int) -> "Addresses":
        """The web's port and the two after it."""
        return cls(web=port, mail=port + 1, checkout=port + 2)

    @property
    def visited(self) -> dict[str, int]:
        """What listens on the fixed ports."""
        return {
            "the web pages": self.web,
            "the mail catcher": self.mail,
            "the payment sandbox": self.checkout,
        }

    def site(self, host: str) -> str:
        """The address of a host of the service."""
        return f"http://{host}:{self.web}/"


def demo_environment(
    environ: Mapping[str, str], data_dir: Path, backing: Backing, addresses: Addresses
) -> dict[str, str]:
    """Everything the parts of the demo are told, on top of what the terminal's environment says."""
    return {
        **environ,
        **demo_secrets(data_dir / "secrets.env"),
        # The parts sign in with roles of their own; none is told the owner's password.
        "DATABASE_URL": without_credentials(backing.database_url),
        "HEARTH_KEYS_DATABASE_URL": without_credentials(keys_database_url(environ, backing)),
        "REDIS_URL": backing.redis_url,
        "HEARTH_BASE_DOMAIN": BASE_DOMAIN,
        "HEARTH_SCHEME": "http",
        "HEARTH_PUBLIC_PORT": str(addresses.web),
        "HEARTH_WEB_BIND": f"{LOOPBACK}:{addresses.web}",
        "HEARTH_SMTP_HOST": LOOPBACK,
        "HEARTH_SMTP_PORT": str(addresses.smtp),
        "HEARTH_SMTP_TLS": "no",
        "HEARTH_MAIL_FROM": "Hearth <hearth@example.org>",
        "STRIPE_API_BASE": f"http://{LOOPBACK}:{addresses.checkout}",
        "HEARTH_LABEL": "demo",
        "HEARTH_STYLEGUIDE": "yes",
        # A file in the working directory must never be taken for a library.
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }


def keys_database_url(environ: Mapping[str, str], backing: Backing) -> str:
    """The owner's address of the database of keys: the one named, or one on the same server."""
    named = environ.get("HEARTH_KEYS_OWNER_DATABASE_URL")
    beside = urlsplit(backing.database_url)._replace(path=f"/{KEYS_DATABASE}")
    return named or urlunsplit(beside)


def outside_world(
    environ: Mapping[str, str], data_dir: Path, addresses: Addresses
) -> list[ProcessPart]:
    """The doubles of what a real installation finds on the network: mail and payments."""
    logs = data_dir / "log"
    python = sys.executable
    mail: list[str | Path] = [
        python,
        "-m",
        "hearth.demo.mail_catcher",
        "--state",
        data_dir / "mail.sqlite",
    ]
    mail += ["--smtp-port", str(addresses.smtp), "--http-port", str(addresses.mail)]
    sandbox: list[str | Path] = [
        python,
        "-m",
        "hearth.giving.sandbox",
        "--state",
        data_dir / "sandbox.sqlite",
    ]
    sandbox += ["--port", str(addresses.checkout), "--api-key", environ["STRIPE_API_KEY"]]
    # The very address the pages' policy lets a gift's form lead to.
    sandbox += ["--public-url", environ["STRIPE_API_BASE"]]
    sandbox += ["--webhook-url", addresses.site(BASE_DOMAIN) + "webhooks/stripe"]
    sandbox += ["--webhook-secret", environ["STRIPE_WEBHOOK_SECRETS"].split()[0]]
    return [
        ProcessPart(
            "Mail catcher",
            mail,
            environ=environ,
            log=logs / "mail-catcher.log",
            ready=lambda: _listens(addresses.mail) and _listens(addresses.smtp),
        ),
        ProcessPart(
            "Payment sandbox",
            sandbox,
            environ={**environ, "HEARTH_SANDBOX": "1"},
            log=logs / "sandbox.log",
            ready=lambda: _listens(addresses.checkout),
        ),
    ]


def service(environ: Mapping[str, str], data_dir: Path, addresses: Addresses) -> list[ProcessPart]:
    """The service itself: the web, then one worker for each queue, and the scheduler."""
    logs = data_dir / "log"
    workers = [
        ProcessPart(
            f"Worker for {queue.value}",
            [HEARTH, "worker", queue.value],
            environ=environ,
            log=logs / f"worker-{queue.value}.log",
        )
        for queue in Queue
    ]
    scheduler = ProcessPart(
        "Scheduler", [HEARTH, "scheduler"], environ=environ, log=logs / "scheduler.log"
    )
    web = ProcessPart(
        "Web pages",
        [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "hearth.wsgi:app"],
        environ=environ,
        log=logs / "web.log",
        ready=lambda: _is_ready(addresses.web),
        stop_patience=35.0,
    )
    # The web first: somebody waits for it, and on a small machine the others would slow it down.
    return [web, *workers, scheduler]


def publish_figures(environ: Mapping[str, str], data_dir: Path) -> None:
    """Have the closed months published now, which the scheduler would do during the night.

    :raises PartError: it could not be done.
    """
    log = data_dir / "log" / "publish.log"
    process = child_processes.spawn([HEARTH, "publish"], log=log, environ=environ)
    try:
        status = process.wait()
    finally:
        child_processes.stop(process)
    if status != 0:
        raise PartError(f"The figures were not published. {log}:\n{child_processes.tail(log)}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 1).close()
    except OSError:
        return False
    return True


def _is_ready(port: int) -> bool:
    # The port is open before the application is loaded: one patient question, not many.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
