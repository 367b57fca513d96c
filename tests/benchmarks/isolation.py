"""A request in its organisation's house against the same view and query with no isolation at all.

Both sides are called as WSGI applications in this process: the wire would only add noise.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Flask, g
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder

import hearth.app
from config.settings import Settings
from hearth.accounts.guard import public
from hearth.accounts.models import User
from hearth.web import request_log
from hearth.web.request import arrive, session
from tenants import context
from tenants.context import Runtime
from tenants.engines import Engines
from tenants.registry import OrgRef, Registry
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, seconds
from tests.benchmarks.provisioning import make_organisations

QUERY = select(User).where(User.email == "director@nowhere.example.org")
PATH = "/benchmark"


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """One organisation, four, and a hundred.

    One organisation shows what the locks cost by themselves. From two on, requests also take turns
    on several back ends whose caches have cooled meanwhile; a further row gives the baseline as
    many connections, and so tells the one from the other.
    """
    with laboratory.database("iso") as settings:
        make_organisations(settings, 4)
        yield _rotation(settings, 1, None, rounds=100)
        yield _rotation(settings, 4, Target(0.97, at_least=True), rounds=100)
        yield _rotation(settings, 4, None, rounds=100, baseline_connections=4)
        make_organisations(settings, 100)
        yield _rotation(settings, 100, Target(0.9, at_least=True), rounds=100)


def measure_a_thousand(laboratory: Laboratory) -> Iterable[Row]:
    """A thousand: more than one process keeps connected, so most requests open a connection."""
    with laboratory.database("thousand") as settings:
        make_organisations(settings, 1000)
        yield _rotation(settings, 1000, None, rounds=4)
        yield _rotation(settings, 1000, None, rounds=6, shuffled=True)


def _rotation(
    settings: Settings,
    count: int,
    target: Target | None,
    *,
    rounds: int,
    shuffled: bool = False,
    baseline_connections: int = 1,
) -> Row:
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain, seconds=3600)
    context.install(Runtime(settings, engines, registry))
    organisations = registry.all_active()[:count]
    calls = max(100, count)
    plain = [Engines(settings) for _ in range(baseline_connections)]
    everybody = [each.organisation(organisations[0]) for each in plain]
    ours = caller(isolated(settings), _hosts(settings, organisations, shuffled=shuffled))
    baseline = caller(bare(settings, everybody), itertools.repeat("any.localhost"))
    try:
        pair = in_turns(
            lambda: seconds(ours, times=calls),
            lambda: seconds(baseline, times=calls),
            rounds=rounds,
            warm_up=4,
        ).per_second(calls)
    finally:
        engines.dispose()
        for each in plain:
            each.dispose()
    order = "by Zipf" if shuffled else "in rotation"
    against = f", baseline with {baseline_connections} connections" if len(plain) > 1 else ""
    return Row(
        name=f"request, {count} organisation{'s' * (count > 1)} {order}{against}",
        unit="/s",
        ours=pair.ours,
        baseline=pair.baseline,
        ratio=pair.ratio,
        target=target,
        note=f"all rounds {pair.all_rounds:.2f}",
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
    blueprint.get(PATH)(public(_view))
    known = hearth.app.FEATURES
    hearth.app.FEATURES = (*known, (blueprint, hearth.app.ORGANISATION))
    try:
        return hearth.app.create_app(settings)
    finally:
        hearth.app.FEATURES = known


def bare(settings: Settings, engines: Sequence[Engine]) -> Flask:
    """The same application without hosts, registry and scopes: whoever asks, the next engine.

    What has nothing to do with houses – the log, the limits, foreign requests – stays.
    """
    app = isolated(settings)
    turns = itertools.cycle(engines)

    def begin() -> None:
        g.unit_of_work = _unit_of_work(next(turns))
        g.session = g.unit_of_work.__enter__()

    isolating = {arrive, request_log.name_the_house, hearth.app._refuse_wrong_house}
    others = [one for one in app.before_request_funcs[None] if one not in isolating]
    app.before_request_funcs[None] = [begin, *others]
    return app


def _view() -> str:
    return str(session.scalars(QUERY).first())


@contextmanager
def _unit_of_work(engine: Engine) -> Iterator[Session]:
    opened = Session(engine, expire_on_commit=False)
    try:
        yield opened
        opened.commit()
    finally:
        opened.close()


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
