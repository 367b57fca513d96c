"""Who asks for too much is turned away kindly, and nobody else notices."""

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from gunicorn.http.errors import NoMoreData
from sqlalchemy.orm import Session

from config.child_processes import free_port
from config.settings import Settings
from hearth import jobs
from hearth.accounts import devices, marks, sessions
from hearth.accounts import limits as guesses
from hearth.accounts.arriving import KNOWN_COOKIE
from hearth.accounts.guard import COOKIE
from hearth.accounts.permissions import Role
from hearth.app import GUARDED, create_app
from hearth.web import counting, limits
from hearth.web.addresses import line_of
from hearth.web.counting import Count, Counters, Limit
from hearth.web.limits import InFlight
from hearth.web.request import HearthFlask
from tenants.context import Runtime
from tests.hearth.my_account.test_views import make_key
from tests.support.visitors import Visitor

MakeVisitor = Callable[..., Visitor]
FEW = Limit("few", 3)


@pytest.fixture
def limited(
    settings: Settings, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HearthFlask]:
    """The service with limits that a test can reach, on sheets that were empty before."""
    for name, number in (("PER_ADDRESS", 8), ("PER_SIGN_IN", 5), ("COSTLY_PER_ORGANISATION", 2)):
        monkeypatch.setattr(limits, name, replace(getattr(limits, name), a_minute=number))
    # On a busy machine the queue answers late, and counting on this side would begin anew.
    monkeypatch.setattr(counting, "PATIENCE", 20.0)
    connection = jobs.redis_connection()
    for key in connection.scan_iter("hearth:limit:*"):
        connection.delete(key)
    service = create_app(replace(settings, rate_limits=True))
    service.test_client_class = Visitor
    # A minute that ended amid a test would wipe its sheets clean.
    middle = datetime.now(UTC).replace(second=30, microsecond=0)
    with time_machine.travel(middle, tick=False):
        yield service
    for key in connection.scan_iter("hearth:limit:*"):
        connection.delete(key)


def at(service: HearthFlask, host: str = "spb.hearth.test") -> Visitor:
    client = service.test_client()
    assert isinstance(client, Visitor)
    client.host = host
    return client


def from_address(visitor: Visitor, path: str, address: str) -> int:
    return visitor.get(path, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_one_address_is_turned_away_and_another_is_not(limited: HearthFlask) -> None:
    visitor = at(limited)

    statuses = [from_address(visitor, "/give", "192.0.2.1") for _ in range(10)]
    neighbour = from_address(visitor, "/give", "192.0.2.2")

    assert statuses == [200] * 8 + [429] * 2
    assert neighbour == 200


def test_one_sign_in_is_turned_away_from_wherever_it_comes(
    limited: HearthFlask, sign_in: MakeVisitor
) -> None:
    cookie = sign_in(Role.SOCIAL_WORKER).get_cookie(COOKIE, domain="spb.hearth.test")
    assert cookie is not None
    worker = at(limited)
    worker.set_cookie(COOKIE, cookie.value, domain=worker.host, secure=True)

    statuses = [from_address(worker, "/families/", f"192.0.2.{n}") for n in range(7)]

    assert statuses == [200] * 5 + [429] * 2


def test_one_organisations_exports_leave_the_other_its_own(
    limited: HearthFlask, sign_in: MakeVisitor
) -> None:
    people = {}
    for slug in ("spb", "pskov"):
        cookie = sign_in(Role.DIRECTOR, slug).get_cookie(COOKIE, domain=f"{slug}.hearth.test")
        assert cookie is not None
        people[slug] = at(limited, f"{slug}.hearth.test")
        people[slug].set_cookie(COOKIE, cookie.value, domain=people[slug].host, secure=True)

    statuses = [
        from_address(people["spb"], "/figures/our-figures.xlsx", "192.0.2.1") for _ in "123"
    ]
    elsewhere = from_address(people["pskov"], "/figures/our-figures.xlsx", "192.0.2.1")

    assert statuses == [200, 200, 429]
    assert elsewhere == 200


@pytest.fixture
def few_for_all(monkeypatch: pytest.MonkeyPatch, limited: HearthFlask) -> HearthFlask:
    """Sheets of the organisation that a test can fill."""
    for name in ("PER_ORGANISATION", "STRANGERS_PER_ORGANISATION", "KNOWN_PER_ORGANISATION"):
        monkeypatch.setattr(limits, name, replace(getattr(limits, name), a_minute=4))
    return limited


def token_for(sign_in: MakeVisitor, role: Role) -> str:
    cookie = sign_in(role).get_cookie(COOKIE, domain="spb.hearth.test")
    assert cookie is not None
    return str(cookie.value)


@pytest.mark.parametrize("cookie", [None, "a-token-of-somebody", "a.1.b", "..", "é.1f.0"])
def test_strangers_shut_nobody_out_who_works_there(
    few_for_all: HearthFlask, sign_in: MakeVisitor, cookie: str | None
) -> None:
    worker, stranger = at(few_for_all), at(few_for_all)
    token = token_for(sign_in, Role.SOCIAL_WORKER)
    worker.set_cookie(COOKIE, token, domain=worker.host, secure=True)
    if cookie:
        stranger.set_cookie(COOKIE, cookie, domain=stranger.host, secure=True)

    flood = [from_address(stranger, "/give", f"192.0.2.{n}") for n in range(6)]
    work = [from_address(worker, "/families/", "198.51.100.1") for _ in range(5)]

    assert flood == [200] * 4 + [429] * 2
    assert work == [200] * 4 + [429]


def test_strangers_keep_nobody_out_who_comes_back_in_her_own_browser(
    few_for_all: HearthFlask,
) -> None:
    browser = marks.new_token(devices.MARK, "spb.hearth.test")
    stranger, worker, made_up = (at(few_for_all) for _ in "123")
    worker.set_cookie(KNOWN_COOKIE, browser, domain=worker.host, secure=True)
    made_up.set_cookie(KNOWN_COOKIE, "x" + browser, domain=made_up.host, secure=True)

    flood = {from_address(stranger, "/give", f"192.0.2.{n}") for n in range(6)}
    ways_in = [from_address(one, "/sign-in", "198.51.100.1") for one in (worker, made_up)]
    elsewhere = from_address(worker, "/give", "198.51.100.1")

    assert flood == {200, 429}
    assert ways_in == [200, 429]
    assert elsewhere == 429


def test_a_program_is_no_stranger_and_its_figures_cost(
    few_for_all: HearthFlask, sign_in: MakeVisitor
) -> None:
    key = make_key(sign_in(Role.DIRECTOR))
    program, stranger = at(few_for_all), at(few_for_all)

    def ask(key: str, number: int) -> int:
        return program.get(
            "/api/v1/figures",
            headers={"Authorization": f"Bearer {key}"},
            environ_overrides={"REMOTE_ADDR": f"198.51.100.{number}"},
        ).status_code

    flood = {from_address(stranger, "/give", f"192.0.2.{n}") for n in range(6)}
    costly = [ask(key, number) for number in range(3)]
    made_up = ask(f"hearth_x{key}", 9)

    assert flood == {200, 429}
    # COSTLY_PER_ORGANISATION is 2 here.
    assert costly == [200, 200, 429]
    assert made_up == 429


def test_strangers_leave_two_places_to_those_who_work_there(
    app: HearthFlask, visitor: MakeVisitor, sign_in: MakeVisitor
) -> None:
    places: InFlight = app.extensions["in_flight"]
    worker = sign_in(Role.SOCIAL_WORKER)

    taken = [places.begin("spb", costly=False, stranger=True) for _ in range(places.at_once)]
    one_more = visitor("spb").get("/give").status_code
    work = worker.get("/families/").status_code
    for _ in range(sum(taken)):
        places.end("spb", costly=False, stranger=True)

    assert taken == [True] * (places.at_once - 2) + [False] * 2
    assert (one_more, work) == (503, 200)
    assert not any(places._running.values())


def test_a_cookie_of_another_host_or_of_yesterday_is_a_strangers(
    few_for_all: HearthFlask, sign_in: MakeVisitor
) -> None:
    token = token_for(sign_in, Role.SOCIAL_WORKER)
    tomorrow = datetime.now(UTC) + sessions.ABSOLUTE + timedelta(hours=1)

    here = sessions.was_given_out(token, "spb.hearth.test")
    elsewhere = sessions.was_given_out(token, "pskov.hearth.test")
    changed = sessions.was_given_out("x" + token, "spb.hearth.test")
    with time_machine.travel(tomorrow, tick=False):
        later = sessions.was_given_out(token, "spb.hearth.test")

    assert (here, elsewhere, changed, later) == (True, False, False, False)


def test_what_is_nowhere_counts_for_its_address_alone(
    few_for_all: HearthFlask,
) -> None:
    visitor = at(few_for_all)

    nowhere = {from_address(visitor, "/nothing-here", f"192.0.2.{n}") for n in range(6)}
    page = from_address(visitor, "/give", "198.51.100.1")

    assert nowhere == {404}
    assert page == 200


def test_strangers_use_up_no_exports(few_for_all: HearthFlask, sign_in: MakeVisitor) -> None:
    director, stranger = at(few_for_all), at(few_for_all)
    token = token_for(sign_in, Role.DIRECTOR)
    director.set_cookie(COOKIE, token, domain=director.host, secure=True)
    path = "/figures/our-figures.xlsx"

    flood = {from_address(stranger, path, f"192.0.2.{n}") for n in range(4)}

    assert flood == {302}
    assert from_address(director, path, "198.51.100.1") == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("not an address", "not an address", True),
    ],
)
def test_a_line_of_ipv6_is_one_address(one: str, other: str, same: bool) -> None:
    assert (line_of(one) == line_of(other)) is same


def test_a_line_of_ipv6_has_one_sheet(limited: HearthFlask) -> None:
    visitor = at(limited)

    statuses = [from_address(visitor, "/give", f"2001:db8::{n}") for n in range(10)]

    assert statuses == [200] * 8 + [429] * 2


def test_guesses_from_one_line_of_ipv6_are_counted_together(session: Session) -> None:
    for number in range(guesses.PER_ADDRESS):
        guesses.count_failure(
            session, account=f"{number}", address=f"2001:db8::{number}", pepper=b"x"
        )
    session.flush()

    with pytest.raises(guesses.TooManyFailuresError):
        guesses.refuse_guessing(session, account="a", address="2001:db8::ffff", pepper=b"x")
    guesses.refuse_guessing(session, account="a", address="2001:db8:0:1::1", pepper=b"x")


def test_probes_files_and_signed_notices_are_never_turned_away(limited: HearthFlask) -> None:
    visitor, hooks = at(limited), at(limited, "hooks.hearth.test")

    live = {visitor.get("/livez").status_code for _ in range(12)}
    static = {visitor.get("/static/icon.svg", buffered=True).status_code for _ in range(12)}
    notices = {hooks.post("/webhooks/stripe").status_code for _ in range(12)}

    assert (live, static, notices) == ({200}, {200}, {400})


class Unread(io.RawIOBase):
    """A body that would be waited for; it says whether somebody did."""

    def __init__(self) -> None:
        self.was_asked_for = False

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        self.was_asked_for = True
        return 0


def send_slowly(visitor: Visitor, path: str) -> tuple[int, bool]:
    """What a form is answered whose body does not come, and whether it was waited for."""
    body, kind = Unread(), "application/x-www-form-urlencoded"
    sent = {"wsgi.input": body, "CONTENT_LENGTH": "1900000", "CONTENT_TYPE": kind}
    return visitor.post(path, environ_overrides=sent).status_code, body.was_asked_for


def test_the_page_says_when_to_come_back_and_waits_for_no_body(limited: HearthFlask) -> None:
    visitor = at(limited)
    for _ in range(8):
        visitor.get("/give")

    answer = visitor.get("/give")
    slow = send_slowly(visitor, "/give")

    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert slow == (429, False)


def test_a_full_house_waits_for_no_body(app: HearthFlask, visitor: MakeVisitor) -> None:
    places: InFlight = app.extensions["in_flight"]
    taken = [places.begin("spb", costly=False) for _ in range(places.at_once)]

    slow = [send_slowly(visitor("spb"), path) for path in ("/give", "/sign-in", "/csp-reports")]
    for _ in taken:
        places.end("spb", costly=False)

    assert slow == [(503, False)] * 3


def test_the_providers_door_has_places_of_its_own(
    app: HearthFlask, visitor: MakeVisitor, session: Session
) -> None:
    places: InFlight = app.extensions["in_flight"]
    (door,) = limits.DOORS
    taken = [places.begin(door, costly=False) for _ in range(places.at_once)]

    full = send_slowly(visitor("hooks"), "/webhooks/stripe")
    house = visitor("spb").get("/give").status_code
    for _ in taken:
        places.end(door, costly=False)
    free = visitor("hooks").post("/webhooks/stripe").status_code

    assert (full, house, free) == ((503, False), 200, 400)
    assert not any(places._running.values())


def test_a_password_is_not_kept(limited: HearthFlask) -> None:
    visitor = at(limited)
    for _ in range(9):
        visitor.get("/give")

    answer = visitor.post("/sign-in", data={"email": "a@b.example", "password": "kanareika"})

    assert answer.status_code == 429
    assert "kanareika" not in answer.text
    assert "a@b.example" not in answer.text


def test_no_address_and_no_token_stands_in_redis(limited: HearthFlask) -> None:
    visitor = at(limited)
    visitor.set_cookie(COOKIE, "a-token-of-somebody", domain=visitor.host, secure=True)
    visitor.get("/give", environ_overrides={"REMOTE_ADDR": "192.0.2.77"})

    keys = [key.decode() for key in jobs.redis_connection().scan_iter("hearth:limit:*")]

    assert len(keys) >= 3
    assert not [key for key in keys if "192.0.2" in key or "somebody" in key or "spb" in key]


def test_without_redis_each_process_counts_for_itself() -> None:
    counters = Counters(f"redis://127.0.0.1:{free_port()}/0", "secret")

    with time_machine.travel(datetime.now(UTC), tick=False):
        over = [counters.first_over([Count(FEW, "a")]) for _ in range(5)]
        other = counters.first_over([Count(FEW, "b")])

    assert [found is not None for found in over] == [False, False, False, True, True]
    assert other is None


def test_processes_share_their_sheets_in_redis(settings: Settings) -> None:
    here, there = (Counters(settings.redis_url, settings.secret_key) for _ in "12")
    whose = f"shared-{id(here)}"

    with time_machine.travel(datetime.now(UTC), tick=False):
        over = [c.first_over([Count(FEW, whose)]) is not None for c in (here, there, here, there)]

    assert over == [False, False, False, True]


def test_a_house_takes_half_of_the_threads_and_one_more() -> None:
    in_flight = InFlight(threads=8)

    taken = [in_flight.begin("spb", costly=False) for _ in range(7)]
    neighbour = in_flight.begin("pskov", costly=False)
    in_flight.end("spb", costly=False)

    # Five forms at once are one family's evening, not a flood.
    assert taken == [True] * 5 + [False] * 2
    assert neighbour
    assert in_flight.begin("spb", costly=False)


@pytest.mark.parametrize("threads", [4, 5, 8, 16])
def test_two_houses_together_leave_a_thread_to_a_third(threads: int) -> None:
    in_flight = InFlight(threads)

    taken = [in_flight.begin(house, costly=False) for _ in range(threads) for house in ("a", "b")]
    third = in_flight.begin("c", costly=False)
    in_flight.end("a", costly=False)

    assert sum(taken) == threads - 1
    assert third
    assert not in_flight.begin("a", costly=False)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_where_threads_are_few_a_house_alone_still_works_with_two(threads: int) -> None:
    in_flight = InFlight(threads)

    taken = [in_flight.begin("spb", costly=False) for _ in range(min(2, threads))]

    assert all(taken)


def test_one_export_at_a_time_and_pages_beside_it() -> None:
    in_flight = InFlight(threads=8)

    first, second = (in_flight.begin("spb", costly=True) for _ in "12")
    page = in_flight.begin("spb", costly=False)
    in_flight.end("spb", costly=True)

    assert (first, second, page) == (True, False, True)
    assert in_flight.begin("spb", costly=True)


def test_a_full_house_answers_503_and_every_place_is_given_back(
    app: HearthFlask, visitor: MakeVisitor, session: Session
) -> None:
    places: InFlight = app.extensions["in_flight"]
    taken = [places.begin("spb", costly=False) for _ in range(places.at_once)]

    full, elsewhere = visitor("spb").get("/give"), visitor("pskov").get("/give")
    for _ in taken:
        places.end("spb", costly=False)
    free = [visitor("spb").get(path).status_code for path in ("/give", "/nothing", "/sign-in")]

    assert full.status_code == 503
    assert full.headers["Retry-After"] == "2"
    assert elsewhere.status_code == 200
    assert free == [200, 404, 200]
    assert not any(places._running.values())


class Late(io.RawIOBase):
    """A body that begins and does not come in time."""

    def __init__(self) -> None:
        self.begun = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.begun:
            raise NoMoreData
        self.begun = True
        return b"email=a"

    def readinto(self, buffer: Any) -> int:
        taken = self.read()
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("path", ["/sign-in", "/give", "/csp-reports"])
def test_a_body_that_does_not_come_is_refused_and_gives_its_place_back(
    app: HearthFlask, visitor: MakeVisitor, session: Session, path: str
) -> None:
    places: InFlight = app.extensions["in_flight"]
    kind = "application/csp-report" if "csp" in path else "application/x-www-form-urlencoded"

    sent = {"wsgi.input": Late(), "CONTENT_LENGTH": "1000", "CONTENT_TYPE": kind}

    answer = visitor("spb").post(path, environ_overrides=sent)

    assert answer.status_code in {400, 408}
    assert not any(places._running.values())


def test_places_are_counted_truly_by_many_threads() -> None:
    in_flight = InFlight(threads=16)

    def work() -> None:
        for _ in range(500):
            if in_flight.begin("spb", costly=True):
                in_flight.end("spb", costly=True)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not any(in_flight._running.values())


def test_everything_that_is_named_costly_is_a_page(app: HearthFlask) -> None:
    named = {*GUARDED.costly, *GUARDED.reports, *limits.FREE, *limits.DOORS}

    assert named <= set(app.view_functions)


def test_every_page_that_sets_a_paper_or_a_workbook_counts_as_costly(app: HearthFlask) -> None:
    files = {
        rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.endswith((".pdf", ".xlsx"))
    }

    unbounded = files - set(GUARDED.costly)

    assert files
    assert not unbounded
    assert {"keys.show", "subject_rights.hand_out", "figures.index"} <= set(GUARDED.costly)
