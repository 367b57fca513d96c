"""A request in its organisation's house against the same view and query with no isolation at all.

Both sides are called as WSGI applications in this process: the wire would only add noise.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Blueprint, Flask, Response, g
from flask_babel import Babel
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder

import hearth.app
from config.settings import Settings
from hearth.accounts.guard import public
from hearth.accounts.models import User
from hearth.web import tokens
from hearth.web.errors import install_error_pages
from hearth.web.headers import install_headers
from hearth.web.request import PageCookie, session
from tenants import context
from tenants.context import Runtime
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, per_second
from tests.benchmarks.provisioning import make_organisations

QUERY = select(User).where(User.email == "director@nowhere.example.org")
PATH = "/benchmark"


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Four organisations, and a hundred."""
    with laboratory.database("iso") as settings:
        for count, bound in ((4, 0.97), (100, 0.9)):
            make_organisations(settings, count)
            yield _rotation(settings, count, Target(bound, at_least=True), rounds=15)


def measure_a_thousand(laboratory: Laboratory) -> Iterable[Row]:
    """A thousand: more than one process keeps connected, so most requests open a connection."""
    with laboratory.database("thousand") as settings:
        make_organisations(settings, 1000)
        yield _rotation(settings, 1000, None, rounds=3)
        yield _rotation(settings, 1000, None, rounds=5, shuffled=True)


def _rotation(
    settings: Settings, count: int, target: Target | None, *, rounds: int, shuffled: bool = False
) -> Row:
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
    context.install(Runtime(settings, engines, registry))
    organisations = registry.all_active()[:count]
    calls = max(400, count)
    plain = Engines(settings)
    ours = caller(isolated(settings), _hosts(settings, organisations, shuffled=shuffled))
    baseline = caller(bare(settings, plain, organisations[0]), itertools.repeat("any.localhost"))
    try:
        pair = in_turns(
            lambda: per_second(ours, times=calls),
            lambda: per_second(baseline, times=calls),
            rounds=rounds,
            warm_up=2,
        )
    finally:
        engines.dispose()
        plain.dispose()
    return Row(
        name=f"request, {count} organisations {'by Zipf' if shuffled else 'in rotation'}",
        unit="/s",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        target=target,
    )


def _hosts(settings: Settings, organisations: list[OrgRef], *, shuffled: bool) -> Iterator[str]:
    hosts = [f"{organisation.slug}.{settings.base_domain}" for organisation in organisations]
    if not shuffled:
        return itertools.cycle(hosts)
    weights = [1 / rank for rank in range(1, len(hosts) + 1)]
    return itertools.cycle(random.Random(1).choices(hosts, weights, k=20_000))  # noqa: S311


def isolated(settings: Settings) -> Flask:
    """The whole application with one more view: one SELECT by a unique column."""
    blueprint = Blueprint("benchmark", __name__)

    @blueprint.get(PATH)
    @public
    def view() -> str:
        return str(session.scalars(QUERY).first())

    known = hearth.app.FEATURES
    hearth.app.FEATURES = (*known, (blueprint, hearth.app.ORGANISATION))
    try:
        return hearth.app.create_app(settings)
    finally:
        hearth.app.FEATURES = known


class Bare(Flask):
    """Commits after the view as ours does, on the one engine that there is."""

    session_interface = PageCookie()
    engine: Any

    def dispatch_request(self) -> Response:
        g.session = Session(self.engine, expire_on_commit=False)
        try:
            response = self.make_response(super().dispatch_request())
            g.session.commit()
        finally:
            g.session.close()
        return response


def bare(settings: Settings, engines: Engines, organisation: OrgRef) -> Flask:
    """The same view, headers, languages and error pages; no hosts, no scopes, one database role."""
    app = Bare("hearth")
    app.engine = engines.organisation(organisation)
    app.config.update(SECRET_KEY="benchmark" * 4)
    Babel(app)
    install_error_pages(app)
    install_headers(app, settings)
    app.before_request(tokens.refuse_foreign_requests)

    @app.get(PATH)
    @public
    def view() -> str:
        return str(g.session.scalars(QUERY).first())

    return app


def caller(app: Flask, hosts: Iterator[str]) -> Callable[[], None]:
    """One request to the next host, as a WSGI server would make it."""
    template = EnvironBuilder(PATH, base_url="https://localhost").get_environ()

    def start_response(status: str, _headers: Any, _error: Any = None) -> Any:
        assert status == "200 OK", status

    def call() -> None:
        answer = app.wsgi_app({**template, "HTTP_HOST": next(hosts)}, start_response)
        for _ in answer:
            pass
        getattr(answer, "close", lambda: None)()

    return call
