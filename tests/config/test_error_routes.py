"""Reports of errors go where the organisation that is worked for wants them, or nowhere."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.endpoints import EndpointKind
from config.sentry import Routes
from config.settings import Settings
from tenants.context import Runtime, error_destination, tenant_session, work_for
from tenants.registry import OrgRef
from tests.support.servers import Addresses, settings_for

EVENT = {"event_id": "1" * 32, "exception": {"values": [{"type": "ValueError", "value": "Anna"}]}}


class Tracker(ThreadingHTTPServer):
    """Takes reports and keeps them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: list[bytes] = []
        self.came = threading.Event()


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Tracker)
        self.server.taken.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.server.came.set()

    def log_message(self, *_arguments: object) -> None:
        return


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    server = Tracker()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reporting(addresses: Addresses, tracker: Tracker) -> Settings:
    return settings_for(
        addresses,
        "any",
        SENTRY_DSN="http://key@127.0.0.1:9/1",
        HEARTH_ERRORS_EAST_URL=f"http://key@127.0.0.1:{tracker.server_port}/1",
        HEARTH_ERRORS_EAST_COUNTRY="RU",
    )


def test_without_an_address_there_are_no_reports(settings: Settings) -> None:
    assert Routes(settings, lambda: "default").first is None


def test_a_report_goes_to_the_common_place_without_what_it_quoted(reporting: Settings) -> None:
    kept = Routes(reporting, lambda: "default").send(dict(EVENT), {})

    assert kept is not None
    assert "Anna" not in json.dumps(kept)


@pytest.mark.parametrize("name", ["none", "unknown"])
def test_who_wants_no_reports_has_none(reporting: Settings, name: str) -> None:
    assert Routes(reporting, lambda: name).send(dict(EVENT), {}) is None


def test_a_report_goes_to_the_organisations_own_place_alone(
    reporting: Settings, tracker: Tracker
) -> None:
    routes = Routes(reporting, lambda: "east")

    assert routes.send(dict(EVENT), {}) is None

    assert tracker.came.wait(10)
    assert b"Anna" not in tracker.taken[0]
    for client in routes._clients.values():
        client.close()


def test_an_error_is_reported_for_whom_it_was_worked_even_after_the_unit_has_ended(
    runtime: Runtime, spb: OrgRef
) -> None:
    quiet = replace(spb, endpoints={**spb.endpoints, EndpointKind.ERRORS: "none"})

    with tenant_session(quiet):
        pass

    assert error_destination() == "none"
    work_for(None)
    assert error_destination() == "default"
