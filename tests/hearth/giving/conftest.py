"""A real sandbox on a loopback port, the real gateway in front of it and a receiver behind it."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

# The sandbox refuses to load outside demos and tests.
os.environ["HEARTH_SANDBOX"] = "1"

from hearth.giving.gateway import CheckoutRequest
from hearth.giving.sandbox.machine import Machine
from hearth.giving.sandbox.server import SandboxServer
from hearth.giving.stripe_gateway import StripeGateway

SECRET = "whsec_sandbox"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: str
    location: str | None

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """A browser without scripts, and a program in front of the switchboard."""

    url: str

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.ask("GET", path, None, headers or {})

    def submit(self, path: str, **form: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(form), headers)

    def switch(self, action: str, **order: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        answer = self.ask("POST", f"/_sandbox/{action}", json.dumps(order), headers)
        assert answer.status == 200, answer.body
        return answer.json()

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=5)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, text, response.getheader("Location"))
        finally:
            connection.close()


@dataclass
class Receiver:
    """The site's webhook, reduced to remembering what came in."""

    url: str = ""
    refusals: int = 0
    letters: list[tuple[bytes, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def types(self) -> list[str]:
        return [json.loads(raw)["type"] for raw, _signature in self.letters]

    def __call__(self, environ: Any, start: Any) -> Any:
        request = Request(environ)
        with self.lock:
            if self.refusals:
                self.refusals -= 1
                return Response(status=500)(environ, start)
            self.letters.append((request.get_data(), request.headers["Stripe-Signature"]))
        return Response(status=200)(environ, start)


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite"


@pytest.fixture
def sandbox(state_file: Path) -> Iterator[SandboxServer]:
    """A sandbox with one carrier, where fees come at once and debits wait to be settled."""
    machine = Machine(state_file, carriers=1)
    machine.switches.set({"fee_after_seconds": 0, "sepa_after_seconds": None})
    with SandboxServer(machine) as server:
        yield server


@pytest.fixture
def client(sandbox: SandboxServer) -> Client:
    return Client(sandbox.url)


@pytest.fixture
def gateway(sandbox: SandboxServer) -> StripeGateway:
    return StripeGateway(api_key="sk_test_sandbox", webhook_secrets=(SECRET,), api_base=sandbox.url)


@pytest.fixture
def receiver(client: Client) -> Iterator[Receiver]:
    """A webhook that the sandbox sends its events to."""
    receiver = Receiver()
    server = make_server("127.0.0.1", 0, receiver, threaded=True)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks/stripe"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    client.switch("settings", webhook_url=receiver.url, webhook_secret=SECRET)
    yield receiver
    client.switch("settings", webhook_url="")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def gift() -> CheckoutRequest:
    """Fifteen euros from a Dutch donor."""
    return CheckoutRequest(
        organisation="org_spb",
        gift_id=UUID("018f0000-0000-7000-8000-000000000001"),
        amount_minor=1500,
        currency="EUR",
        description="One week for a mother and her child",
        donor_email="donor@example.org",
        locale="nl",
        success_url="http://spb.localhost/giving/thanks?session={CHECKOUT_SESSION_ID}",
        cancel_url="http://spb.localhost/giving/",
    )


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until something is true; fail when it is not after five seconds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "It never became true."
            time.sleep(0.01)

    return wait
