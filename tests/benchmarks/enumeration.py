"""Signing in and asking for a password: as long for an address nobody has as for a true one."""

import time
from collections.abc import Callable, Iterable

from scipy.stats import ttest_ind
from sqlalchemy import delete

from hearth.accounts.models import SignInFailure
from hearth.app import create_app
from tenants import context
from tenants.context import tenant_session
from tenants.engines import Engines
from tests.benchmarks.harness import Laboratory, Row, Target
from tests.support.servers import BASE_DOMAIN
from tests.support.visitors import Visitor

ROUNDS = 120
KNOWN, UNKNOWN = "social-worker@spb.example.org", "nobody-at-all@spb.example.org"
# Welch's t: beyond this, a patient stranger could tell the two apart.
TELLING = Target(4.5)


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Both addresses in turns, so that a busy moment of the machine meets both."""
    with laboratory.database("enumeration") as settings:
        runtime = context.configure(settings)
        application = create_app(settings)
        application.test_client_class = Visitor
        visitor = application.test_client()
        assert isinstance(visitor, Visitor)
        visitor.host = f"spb.{BASE_DOMAIN}"

        def forget() -> None:
            with tenant_session(runtime.registry.get("spb")) as session:
                session.execute(delete(SignInFailure))

        yield _compare("a refused sign-in", visitor, "/sign-in", {"password": "wrong"}, forget)
        yield _compare("a forgotten password", visitor, "/forgotten-password", {}, forget)
        assert isinstance(runtime.bindings, Engines)
        runtime.bindings.dispose()


def _compare(
    name: str, visitor: Visitor, path: str, form: dict[str, str], forget: Callable[[], None]
) -> Row:
    taken: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for _ in range(ROUNDS):
        for email, times in taken.items():
            sent = {"form_token": visitor.token_on(path), "email": email, **form}
            began = time.perf_counter()
            visitor.post(path, data=sent)
            times.append(1000 * (time.perf_counter() - began))
            forget()
    known, unknown = (sorted(times)[: ROUNDS * 3 // 4] for times in taken.values())
    found = ttest_ind(known, unknown, equal_var=False)
    return Row(
        name=f"{name}, known against unknown",
        unit="ms",
        ours=sum(known) / len(known),
        baseline=sum(unknown) / len(unknown),
        ratio=abs(float(found.statistic)),
        target=TELLING,
        note="the ratio is Welch's t over the quicker three quarters",
    )
