"""The whole service on loopback ports, as it runs in earnest: for tests that use a browser."""

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.child_processes import LOOPBACK, free_port
from config.settings import Settings
from hearth.accounts.models import User, directory
from hearth.accounts.policy_models import Team, TeamMember
from hearth.aggregates import services as aggregates
from hearth.demo import sample
from hearth.demo.mail_store import CaughtMessage, MailStore
from hearth.demo.parts import BASE_DOMAIN, outside_world, service
from hearth.demo.parts import Addresses as Ports
from hearth.demo.processes import Supervisor
from hearth.demo.sample_access import TEAM_NAME
from tenants import context
from tenants.context import Runtime, shared_session, tenant_session
from tenants.engines import Engines
from tenants.registry import Registry
from tests.support.servers import Addresses, copy_template, drop_database, environment_for

Found = TypeVar("Found")
WEBHOOK_SECRET = "whsec_browser_tests"
# The queues of this stack lie apart from those that other tests empty.
QUEUE_DATABASE = "/1"


@dataclass(frozen=True)
class Stack:
    """A running service with its doubles of the outside world."""

    runtime: Runtime
    ports: Ports
    data_dir: Path

    def url(self, site: str, path: str = "/") -> str:
        """The address of a page on an organisation's or the federation's site."""
        return f"http://{site}.{BASE_DOMAIN}:{self.ports.web}{path}"

    @contextmanager
    def session_of(self, slug: str) -> Iterator[Session]:
        """A unit of work in an organisation; what it wrote is there for every process after it."""
        with tenant_session(self.runtime.registry.get(slug)) as session:
            yield session

    def let_codes_work_again(self, slug: str, email: str) -> None:
        """Forget which code somebody used last: tests are quicker than half a minute."""
        federal = slug == "federation"
        with shared_session() if federal else self.session_of(slug) as session:
            tables = directory(session)
            whose = select(tables.user.id).where(tables.user.email == email).scalar_subquery()
            session.execute(
                update(tables.app).where(tables.app.user_id == whose).values(last_step=0)
            )

    def let_time_pass(self, slug: str, email: str) -> None:
        """Make somebody's last proof of who she is ten minutes older."""
        with self.session_of(slug) as session:
            tables = directory(session)
            whose = select(tables.user.id).where(tables.user.email == email).scalar_subquery()
            session.execute(
                update(tables.session)
                .where(tables.session.user_id == whose)
                .values(confirmed_at=tables.session.confirmed_at - timedelta(minutes=10))
            )

    def has_published(self) -> bool:
        """Whether the worker, which begins with the oldest month, has come to the newest."""
        lately = datetime.now(UTC).date() - timedelta(days=70)
        for slug in ("spb", "pskov"):
            organisation = self.runtime.registry.get(slug)
            newest = aggregates.closed_months(organisation, since=lately)[-1]
            with shared_session() as session:
                stored = aggregates.months_stored(session, organisation=organisation.schema_name)
            if newest.starts_on not in stored:
                return False
        return True

    def mails_to(self, address: str) -> list[CaughtMessage]:
        """What somebody was sent, the oldest first."""
        return MailStore(self.data_dir / "mail.sqlite").all(recipient=address)[::-1]

    def sandbox(self, action: str, **order: object) -> None:
        """Turn one of the payment sandbox's switches."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.ports.checkout}/_sandbox/{action}",
            data=json.dumps(order).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address.
            assert answer.status == 200


def eventually(look: Callable[[], Found | None], *, seconds: float = 30) -> Found:
    """Look until there is something to see; the background needs a moment."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)
    return found


@contextmanager
def running_stack(addresses: Addresses, name: str, data_dir: Path) -> Iterator[Stack]:
    """Start everything on a database of its own, filled with the demo's sample families."""
    database = copy_template(addresses, f"browser_{name}")
    ports = Ports(web=free_port(), mail=free_port(), checkout=free_port())
    environ = _environment(addresses, database, ports)
    settings = Settings.from_env(environ)
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
    stack = Stack(Runtime(settings, engines, registry), ports, data_dir)
    supervisor = Supervisor(say=lambda _text: None)
    try:
        for part in outside_world(environ, data_dir, ports):
            supervisor.start(part)
        # Before the scheduler starts: its first act is to have every closed month published.
        _fill(stack)
        for part in service(environ, data_dir, ports):
            supervisor.start(part)
        # Fees are known at once, and a debit is settled when a test says so.
        stack.sandbox("settings", fee_after_seconds=0, sepa_after_seconds=None)
        yield stack
    finally:
        supervisor.stop_all()
        engines.dispose()
        drop_database(addresses, database)


def _environment(addresses: Addresses, database: str, ports: Ports) -> dict[str, str]:
    queue = urlunsplit(urlsplit(addresses.redis_url)._replace(path=QUEUE_DATABASE))
    told = environment_for(
        addresses,
        database,
        REDIS_URL=queue,
        HEARTH_BASE_DOMAIN=BASE_DOMAIN,
        HEARTH_SCHEME="http",
        HEARTH_PUBLIC_PORT=str(ports.web),
        HEARTH_WEB_BIND=f"{LOOPBACK}:{ports.web}",
        HEARTH_SMTP_PORT=str(ports.smtp),
        STRIPE_API_BASE=f"http://{LOOPBACK}:{ports.checkout}",
        STRIPE_WEBHOOK_SECRETS=WEBHOOK_SECRET,
        HEARTH_STYLEGUIDE="yes",
        WEB_CONCURRENCY="1",
    )
    return {**os.environ, **told}


def _fill(stack: Stack) -> None:
    context.install(stack.runtime)
    today = datetime.now(UTC).date()
    for slug in ("spb", "pskov"):
        sample.fill(stack.runtime.registry.get(slug), today=today, report=lambda _done, _all: None)
        with stack.session_of(slug) as session:
            _work_along(session)


def _work_along(session: Session) -> None:
    """Let the tests' social worker accompany the sample families with the team they belong to."""
    whose = select(User.id).where(User.email.startswith("social-worker@"))
    team = session.scalars(select(Team).where(Team.name == TEAM_NAME)).one()
    team.members.append(TeamMember(user_id=session.scalars(whose).one(), set_by=team.created_by))
