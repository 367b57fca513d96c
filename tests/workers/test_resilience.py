"""What happens when one thing under the service is away, and when it comes back."""

import http.client
import json
import subprocess
import sys
import textwrap

from tests.support.house import House, until
from tests.support.invariants import at_rest, examine

PATIENCE = 60.0


def test_with_the_queue_away_pages_answer_and_gifts_are_kept_until_it_is_back(
    house: House,
) -> None:
    house.servers.valkey.stop()

    page = _status(house, "spb", "/sign-in")
    house.give(1)
    kept = until(lambda: _waiting(house) > 0, seconds=10)

    house.servers.valkey.start()
    assert page == 200
    assert kept
    assert _comes_to_rest(house)
    assert examine(house).wrong == []


def test_a_lost_wake_up_only_costs_time(house: House) -> None:
    house.parts["money"].stop()
    house.give(1)
    assert until(lambda: _waiting(house) > 0, seconds=10)
    with house.redis() as queue:
        queue.flushall()

    house.revive()

    assert _comes_to_rest(house)
    assert examine(house).wrong == []


def test_while_the_database_is_away_requests_fail_cleanly_and_then_recover_by_themselves(
    house: House,
) -> None:
    web = house.parts["web"].process
    assert _status(house, "spb", "/give") == 200
    house.servers.postgres.stop()

    away = [_status(house, "spb", "/give"), _webhook(house)]

    house.servers.postgres.start()
    assert away == [503, 503]
    assert until(lambda: _status(house, "spb", "/give") == 200, seconds=PATIENCE)
    assert house.parts["web"].process is web
    house.give(1)
    assert _comes_to_rest(house)
    assert examine(house).wrong == []


def test_a_worker_killed_after_booking_and_before_saying_so_books_once(house: House) -> None:
    for name in ("money", "scheduler"):
        house.parts[name].stop()
    house.give(1)
    assert until(lambda: _waiting(house) > 0, seconds=10)

    died = _run_and_die(
        house,
        """
        with shared_session() as shared:
            claimed = outbox.claim_events(shared, together=money.TOGETHER)
            money._handle(payment_gateway(), [money._envelope(kept) for kept in claimed])
            os.kill(os.getpid(), signal.SIGKILL)
        """,
    )

    house.revive()
    assert died == -9
    assert _comes_to_rest(house)
    assert examine(house).wrong == []
    assert "repeated" in _outcomes(house)


def test_a_worker_killed_after_the_relay_took_a_mail_sends_it_again_as_the_same_one(
    house: House,
) -> None:
    for name in ("mail", "scheduler"):
        house.parts[name].stop()
    before = examine(house).mails_twice
    house.give(2)
    assert until(lambda: _mails_waiting(house) == 2, seconds=PATIENCE)

    died = _run_and_die(
        house,
        """
        with tenant_session(runtime().registry.get("spb")) as session:
            assert outbox.deliver_next(session, settings)
            os.kill(os.getpid(), signal.SIGKILL)
        """,
    )

    house.revive()
    assert died == -9
    assert _comes_to_rest(house)
    findings = examine(house)
    assert findings.wrong == []
    assert findings.mails_twice == before + 1


def _comes_to_rest(house: House) -> bool:
    def looked_after() -> bool:
        house.revive()
        return at_rest(house)

    return until(looked_after, seconds=PATIENCE)


def _waiting(house: House) -> int:
    return _count(house, "SELECT count(*) FROM shared.inbox WHERE done_at IS NULL")


def _mails_waiting(house: House) -> int:
    return sum(
        _count(house, f"SELECT count(*) FROM {one.schema_name}.outbox WHERE done_at IS NULL")
        for one in house.organisations
    )


def _outcomes(house: House) -> set[str]:
    with house.owner() as owner:
        return {row[0] for row in owner.execute("SELECT DISTINCT outcome FROM shared.inbox")}


def _count(house: House, query: str) -> int:
    with house.owner() as owner:
        return int(owner.execute(query).fetchall()[0][0])


def _status(house: House, site: str, path: str) -> int:
    return _ask(house, "GET", path, {"Host": f"{site}.localhost:{house.ports.web}"}, b"")


def _webhook(house: House) -> int:
    subject = {"id": "pi_1", "object": "payment_intent", "metadata": {}}
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "livemode": False, "created": 0}
    body = json.dumps({**event, "data": {"object": subject}}).encode()
    return _ask(house, "POST", "/webhooks/stripe", house.signed(body), body)


def _ask(house: House, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", house.ports.web, timeout=30)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _run_and_die(house: House, code: str) -> int:
    """Run a piece of a worker's work in a process that ends as if the power had gone."""
    script = textwrap.dedent(
        """
        import os, signal
        from config.settings import Settings
        from hearth.app import create_app
        from hearth.outbox import services as outbox
        from tenants.context import configure, runtime, shared_session, tenant_session
        from workers import money
        from workers.gateway import payment_gateway
        settings = Settings.from_env()
        configure(settings)
        create_app(settings).app_context().push()
        """
    ) + textwrap.dedent(code)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=house.environ, check=False, timeout=60).returncode
