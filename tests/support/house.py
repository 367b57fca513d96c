"""The whole service on servers of its own, whose every part a test may kill and start again."""

import json
import os
import signal
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from redis import Redis
from sqlalchemy.exc import SQLAlchemyError
from stripe import WebhookSignature

from config.child_processes import LOOPBACK, free_port
from config.settings import Settings
from hearth.demo.mail_store import CaughtMessage, MailStore
from hearth.demo.parts import Addresses as Ports
from hearth.demo.parts import outside_world, service
from hearth.demo.processes import ProcessPart
from hearth.giving import funds
from hearth.giving.gateway import PaymentGateway
from hearth.giving.models import FundKind, Payment
from hearth.giving.services import (
    CheckoutPages,
    GiftRequest,
    checkout_request,
    keep_checkout,
    start_gift,
)
from hearth.giving.stripe_gateway import StripeGateway
from hearth.money import Money
from tenants import context
from tenants.context import Runtime, tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef
from tests.support.servers import (
    TEMPLATE,
    Addresses,
    Servers,
    copy_template,
    dsn_for,
    environment_for,
)

# Parts by the names under which they are killed.
NAMES = {
    "Mail catcher": "catcher",
    "Payment sandbox": "sandbox",
    "Web pages": "web",
    "Worker for money": "money",
    "Worker for mail": "mail",
    "Scheduler": "scheduler",
}
WORKERS = 2
BYTECODE = Path("var/bytecode").resolve()
PAGES = CheckoutPages(
    success_url="http://localhost/", cancel_url="http://localhost/", description="Gift"
)


@dataclass
class House:
    """Servers, parts and the doors to them."""

    servers: Servers
    addresses: Addresses
    settings: Settings
    ports: Ports
    folder: Path
    runtime: Runtime
    gateway: PaymentGateway
    environ: dict[str, str]
    parts: dict[str, ProcessPart] = field(default_factory=dict)
    given: int = 0

    @property
    def organisations(self) -> list[OrgRef]:
        return self.runtime.registry.all_active()

    @property
    def webhook_url(self) -> str:
        return f"http://localhost:{self.ports.web}/webhooks/stripe"

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers with which the provider would send a webhook now."""
        secret = self.settings.stripe_webhook_secrets[0]
        header = WebhookSignature.generate_signature_header(body.decode(), secret)
        return {"Host": f"localhost:{self.ports.web}", "Stripe-Signature": header}

    def owner(self) -> "psycopg.Connection[Any]":
        """A connection that may see and end everything."""
        assert self.settings.owner_database_url is not None
        return psycopg.connect(self.settings.owner_database_url, autocommit=True)

    def kill(self, name: str) -> None:
        """End a part as a power cut would."""
        process = self.parts[name].process
        if process is not None and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    def revive(self) -> None:
        """Start again whatever does not run."""
        for part in self.parts.values():
            if not part.is_running():
                part.start()

    def redis(self) -> Redis:
        """A connection to the queue."""
        return Redis.from_url(self.addresses.redis_url)

    def wait_for_workers(self) -> None:
        """Return when both workers have told the queue that they are there."""
        with self.redis() as queue:
            assert until(lambda: queue.scard("rq:workers") >= WORKERS, seconds=90)

    def sandbox(self, action: str, **order: object) -> Any:
        """Turn one of the payment sandbox's switches, or ask for its state."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.ports.checkout}/_sandbox/{action}",
            data=None if action == "state" else json.dumps(order).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def mails(self) -> list[CaughtMessage]:
        """Every mail that arrived."""
        return MailStore(self.folder / "mail.sqlite").all()

    def open_fund(self, organisation: OrgRef) -> uuid.UUID:
        """A fund that takes gifts."""
        with tenant_session(organisation) as session:
            return funds.add(
                session,
                code=f"fund-{uuid.uuid4().hex[:8]}",
                kind=FundKind.GENERAL,
                titles={"en": "Where it is needed"},
                purposes={"en": "Whatever a family needs."},
                goal=None,
                currency=organisation.currency,
                opened_on=(datetime.now(UTC) - timedelta(days=2)).date(),
            ).id

    def give(self, count: int) -> None:
        """Begin and pay gifts in every organisation, one after the other."""
        funds = [(one, self.open_fund(one)) for one in self.organisations]
        for _ in range(count):
            organisation, fund_id = funds[self.given % len(funds)]
            self.given += 1
            checkout = self._begin(organisation, fund_id, 500 + 37 * self.given)
            self.sandbox(f"sessions/{checkout}/pay")

    def _begin(self, organisation: OrgRef, fund_id: uuid.UUID, minor: int) -> str:
        email = f"donor-{self.given}@example.org"
        while True:
            try:
                return self.start_gift(organisation, fund_id, minor, email, key=email)
            except SQLAlchemyError:
                # This process's connections may be ended too; a donor sends the form again.
                time.sleep(0.1)

    def start_gift(
        self, organisation: OrgRef, fund_id: uuid.UUID, minor: int, email: str, key: str
    ) -> str:
        """Begin a gift as the giving page does; returns the checkout session that waits."""
        request = GiftRequest(
            fund_id=fund_id,
            amount=Money(minor, organisation.currency),
            email=email,
            name=None,
            locale="en",
        )
        with tenant_session(organisation) as session:
            payment = start_gift(session, request=request, request_key=key)
            wanted = checkout_request(session, payment=payment, pages=PAGES)
        opened = self.gateway.create_checkout(wanted, idempotency_key=payment.idempotency_key)
        with tenant_session(organisation) as session:
            kept = session.get_one(Payment, payment.id)
            keep_checkout(session, payment=kept, checkout=opened)
        return opened.id


@contextmanager
def open_house(
    folder: Path, *, processes: tuple[str, ...] = tuple(NAMES.values())
) -> Iterator[House]:
    """Start servers of our own and every part; all of it is ended again."""
    servers = Servers()
    try:
        addresses = servers.start()
        database = copy_template(addresses, "house")
        with psycopg.connect(dsn_for(addresses, "postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{TEMPLATE}"')
        ports = Ports(web=free_port(), mail=free_port(), checkout=free_port())
        environ = _environment(addresses, database, ports)
        settings = Settings.from_env(environ)
        gateway = StripeGateway(
            api_key=settings.stripe_api_key,
            webhook_secrets=settings.stripe_webhook_secrets,
            api_base=settings.stripe_api_base,
        )
        runtime = context.configure(settings)
        house = House(servers, addresses, settings, ports, folder, runtime, gateway, environ)
        every = [*outside_world(environ, folder, ports), *service(environ, folder, ports)]
        try:
            for part in every:
                name = NAMES.get(part.title)
                if name is not None:
                    house.parts[name] = part
                    part.start()
            secret = settings.stripe_webhook_secrets[0]
            house.sandbox("settings", webhook_url=house.webhook_url, webhook_secret=secret)
            house.wait_for_workers()
            yield house
        finally:
            for part in reversed(house.parts.values()):
                part.stop()
            assert isinstance(runtime.bindings, Engines)
            runtime.bindings.dispose()
    finally:
        servers.stop()


def _environment(addresses: Addresses, database: str, ports: Ports) -> dict[str, str]:
    told = environment_for(
        addresses,
        database,
        HEARTH_BASE_DOMAIN="localhost",
        HEARTH_SCHEME="http",
        HEARTH_PUBLIC_PORT=str(ports.web),
        HEARTH_WEB_BIND=f"{LOOPBACK}:{ports.web}",
        HEARTH_SMTP_PORT=str(ports.smtp),
        STRIPE_API_BASE=f"http://{LOOPBACK}:{ports.checkout}",
        STRIPE_WEBHOOK_SECRETS="whsec_house",
        WEB_CONCURRENCY="1",
    )
    # Parts are started often here: what is compiled once is kept, wherever the caller forbids it.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**environ, "PYTHONPYCACHEPREFIX": str(BYTECODE), **told}


def until(look: Callable[[], object], *, seconds: float, pause: float = 0.2) -> bool:
    """Look until there is something to see, or until the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(pause)
    return False
