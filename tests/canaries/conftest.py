"""A whole house full of canaries: its own database, queue, relay, provider and error tracker."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import sentry_sdk
from flask import Flask
from redis import Redis
from sqlalchemy import select

# The sandbox refuses to load outside demos and tests.
os.environ["HEARTH_SANDBOX"] = "1"

from config.sentry import configure_sentry
from config.settings import Settings
from hearth import jobs
from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import directory
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from hearth.app import create_app
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.server import SandboxServer
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import Runtime, shared_session, tenant_session
from tenants.engines import Engines
from tenants.registry import Registry
from tests.canaries.filling import fill_the_rest
from tests.canaries.outputs import Post, Sink, printed_logs
from tests.canaries.planting import plant, plant_sealed
from tests.isolation.belongings import ids_in
from tests.support.servers import Addresses, copy_template, drop_database, settings_for
from tests.support.visitors import Visitor
from workers.gateway import payment_gateway

# No other test's jobs lie in this database of the queue.
QUEUE = "/5"


@dataclass
class Aviary:
    """The house, what was planted in it, and where its outputs can be read."""

    runtime: Runtime
    app: HearthFlask
    ids: dict[str, str]
    planted: dict[str, int]
    sink: Sink
    post: Post
    printed: Any
    owner: "psycopg.Connection[Any]"
    answers: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.runtime.settings

    @property
    def redis(self) -> Redis:
        return Redis.from_url(self.settings.redis_url)

    def somebody(self, role: Role | None, site: str, app: Flask | None = None) -> Visitor:
        """A visitor with a role on a site, or a stranger."""
        client = (app or self.app).test_client()
        assert isinstance(client, Visitor)
        base = self.settings.base_domain
        client.host = f"{site}.{base}" if site else base
        if role is None:
            return client
        unit = (
            shared_session()
            if site == "federation"
            else tenant_session(self.runtime.registry.get(site))
        )
        with unit as session:
            user = directory(session).user
            # The forms have opened accounts by now; the first of a role is the template's.
            first = select(user.id).where(user.roles == [str(role)]).order_by(user.id).limit(1)
            user_id = session.scalars(first).one()
            token = sessions.start_session(
                session, user_id=user_id, host=client.host, assurance=Assurance.SECOND_FACTOR
            )
        client.set_cookie(COOKIE, token, domain=client.host, secure=True)
        return client


@pytest.fixture
def aviary(addresses: Addresses, worker: str, tmp_path: Path) -> Iterator[Aviary]:
    database = copy_template(addresses, f"{worker}_canaries")
    queue = urlunsplit(urlsplit(addresses.redis_url)._replace(path=QUEUE))
    sink, post = Sink(), Post()
    machine = Machine(tmp_path / "sandbox.sqlite", carriers=1)
    machine.switches.set({"fee_after_seconds": 0})
    payment_gateway.cache_clear()
    with SandboxServer(machine) as sandbox, printed_logs() as printed:
        settings = replace(
            settings_for(
                addresses, database, REDIS_URL=queue, SENTRY_DSN=sink.dsn, SENTRY_COUNTRY="RU"
            ),
            smtp_port=post.port,
            stripe_api_base=sandbox.url,
            stripe_api_key="sk_test_sandbox",
        )
        engines = Engines(settings)
        registry = Registry(engines.platform, base_domain=settings.base_domain)
        runtime = context.install(Runtime(settings, engines, registry))
        jobs.redis_connection().flushdb()
        configure_sentry(settings, integrations=("flask", "rq"))
        app = create_app(settings)
        app.test_client_class = Visitor
        with tenant_session(registry.get("spb")) as session:
            ids = ids_in(session, "spb")
            fill_the_rest(session, ids)
        assert settings.owner_database_url is not None
        with psycopg.connect(settings.owner_database_url, autocommit=True) as owner:
            schema = registry.get("spb").schema_name
            planted = plant(owner, schema)
            with tenant_session(registry.get("spb")) as session:
                planted |= plant_sealed(owner, session, schema)
            yield Aviary(runtime, app, ids, planted, sink, post, printed, owner)
        sentry_sdk.get_client().close()
        sentry_sdk.init()
        engines.dispose()
    payment_gateway.cache_clear()
    post.close()
    sink.close()
    drop_database(addresses, database)
