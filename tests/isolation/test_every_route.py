"""Every route with every role, a stranger and another organisation's person and ids."""

import uuid
from collections.abc import Callable, Iterator, Mapping

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hearth.accounts.guard import COOKIE
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from hearth.accounts.policy import POLICY
from hearth.data_classes import FieldClass
from hearth.web.request import HearthFlask
from tenants.routing import SiteKind
from tests.architecture.test_guards import PUBLIC
from tests.isolation.belongings import OBJECTS, Ids, ids_in
from tests.isolation.doors import (
    PARAMETER,
    SITES,
    Door,
    methods_missing_on,
)
from tests.support.visitors import TOKEN, Visitor

MakeVisitor = Callable[..., Visitor]
Knock = Callable[..., TestResponse]
ORGANISATIONS = ("spb", "pskov")
# The bare address of a site without a front page of its own leads to its first page.
FRONT = "/"
SHOWN = {200}
ANSWERED = {200, 303, 422}
OF_A_NOTES_OWNER = {"service_delivery.readers", "service_delivery.end_reader"}
# Two things that are only brought together by this very request; neither belongs to the other.
INDEPENDENT = {"intake.accept_for_known_family"}


def site_of(role: Role) -> str:
    return "federation" if role in FEDERATION_ROLES else "spb"


def on_site(doors: list[Door], site: str) -> Iterator[Door]:
    kind = next((k for k, name in SITES.items() if name == site), SiteKind.ORGANISATION)
    return (door for door in doors if kind in door.kinds)


def is_withheld(door: Door, role: Role) -> bool:
    """Whether a door that opens to a role leads to what is not for everybody who holds it.

    A stay tells in which house somebody lives, which not everybody reads who sees the houses; and
    who reads a sealed note is its owner's alone to see and to end. What a colleague asks for about
    herself is the officer's.
    """
    if door.endpoint in OF_A_NOTES_OWNER:
        return role is not Role.SPECIALIST
    if door.endpoint == "subject_rights.ask_as_colleague":
        return role is not Role.PRIVACY_OFFICER
    return "stay_id" in door.parameters and FieldClass.LOCATION not in POLICY[role].fields


def works(door: Door) -> set[int]:
    if door.endpoint in {"documents.open_document", "subject_rights.open_paper"}:
        # A document is not shown here: its page leads to the host for files.
        return {303}
    if door.endpoint == "accounts.second_step":
        # Whoever is in already is led on, or a code alone would make her session fresh.
        return {303}
    return ANSWERED if door.changes else SHOWN


def is_for_everybody(door: Door, status: int) -> bool:
    if door.endpoint == "webhooks.stripe":
        return status == 400
    if door.endpoint == "notices.reports":
        return status == 204
    if door.endpoint == "files.hand_out":
        # The first who comes is given the file, the second finds nothing.
        return status in {200, 404}
    if door.rule == FRONT or door.endpoint == "accounts.sign_in":
        return status in {200, 302, 422}
    return status in works(door)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_it_may_and_nothing_else(
    role: Role, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor, knock: Knock
) -> None:
    site = site_of(role)
    person = sign_in(role, site)
    wrong = {}

    for door in on_site(doors, site):
        status = knock(person, door, ids.get(site, ids["spb"])).status_code
        if door.guard is None:
            right = is_for_everybody(door, status)
        elif door.opens_to(role):
            right = status == 404 if is_withheld(door, role) else status in works(door)
        else:
            right = status == 403
        if not right:
            wrong[str(door)] = status

    assert wrong == {}


@pytest.mark.parametrize("site", ["spb", "pskov", "federation", "", "hooks", "files"])
def test_a_stranger_is_asked_to_sign_in_except_where_everybody_is_welcome(
    site: str, doors: list[Door], ids: dict[str, Ids], visitor: MakeVisitor, knock: Knock
) -> None:
    stranger = visitor(site)
    wrong = {}

    for door in on_site(doors, "" if site == "hooks" else site):
        answer = knock(stranger, door, ids.get(site, ids["spb"]))
        if door.endpoint in PUBLIC:
            right = is_for_everybody(door, answer.status_code)
        elif door.changes:
            right = answer.status_code == 401
        else:
            right = answer.status_code == 302 and answer.location.startswith("/sign-in?")
        if not right:
            wrong[str(door)] = answer.status_code

    assert wrong == {}


@pytest.mark.parametrize("here", ORGANISATIONS)
def test_a_neighbours_id_is_answered_exactly_like_one_that_does_not_exist(
    here: str, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor, visitor: MakeVisitor,
    knock: Knock,
) -> None:  # fmt: skip
    there = next(name for name in ORGANISATIONS if name != here)
    people = {None: visitor(here)} | {
        role: sign_in(role, here) for role in Role if role not in FEDERATION_ROLES
    }
    wrong = {}

    for door in on_site(doors, here):
        for names in strange_parts(door):
            theirs = {name: ids[there][name] for name in names}
            nobodys = {name: str(uuid.uuid4()) for name in names}
            person = people[door.role()]
            foreign = knock(person, door, {**ids[here], **theirs})
            missing = knock(person, door, {**ids[here], **nobodys})
            if missing.status_code != 404:
                wrong[f"{door} without {names}"] = f"{missing.status_code} instead of 404"
            if bare(foreign, door, theirs) != bare(missing, door, nobodys):
                wrong[f"{door} with another's {names}"] = f"{foreign.status_code}, or another page"

    assert wrong == {}


def strange_parts(door: Door) -> list[tuple[str, ...]]:
    """Which names of an address to replace: each alone, then all together."""
    names = door.own_parameters
    return [*((name,) for name in names), *([names] if len(names) > 1 else [])]


def bare(answer: TestResponse, door: Door, replaced: Mapping[str, str]) -> tuple[object, ...]:
    """An answer without its one-time keys and without the ids that were asked for."""
    text = TOKEN.sub("", answer.text)
    for value in replaced.values():
        text = text.replace(value, "")
    headers = sorted(
        (name, value)
        for name, value in answer.headers
        if name not in {"Content-Length", "Set-Cookie"}
    )
    return door, answer.status_code, text, headers


def test_what_belongs_to_another_family_is_not_found_in_this_one(
    session: Session, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor, knock: Knock
) -> None:
    siblings = ids_in(session, "second")
    wrong = {}

    for door in on_site(doors, "spb"):
        if len(door.own_parameters) > 1 and door.endpoint not in INDEPENDENT:
            last = door.own_parameters[-1]
            person = sign_in(door.role())
            status = knock(person, door, {**ids["spb"], last: siblings[last]}).status_code
            if status != 404:
                wrong[str(door)] = status

    assert wrong == {}


@pytest.mark.parametrize("kind", list(SiteKind))
def test_a_page_does_not_exist_on_the_wrong_kind_of_site(
    kind: SiteKind, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor,
    visitor: MakeVisitor, knock: Knock,
) -> None:  # fmt: skip
    people = [visitor(SITES[kind])]
    people += [
        sign_in(role, SITES[kind])
        for role in Role
        if kind in {SiteKind.ORGANISATION, SiteKind.FEDERATION}
        and (role in FEDERATION_ROLES) == (kind is SiteKind.FEDERATION)
    ]
    elsewhere = [door for door in doors if kind not in door.kinds and door.rule != FRONT]

    found = {
        str(door): status
        for door in elsewhere
        for person in people
        if (status := knock(person, door, ids["spb"]).status_code) != 404
    }

    assert elsewhere
    assert found == {}


@pytest.mark.parametrize("site", ["spb", "federation", "", "files"])
def test_a_method_that_an_address_does_not_know_is_refused(
    site: str, app: HearthFlask, doors: list[Door], ids: dict[str, Ids], visitor: MakeVisitor
) -> None:
    person = visitor(site)
    here = {door.rule for door in on_site(doors, site)} | {FRONT}
    wrong = {}

    for method, rule in methods_missing_on(app):
        answer = person.open(path_of(rule, ids["spb"]), method=method, buffered=True)
        # Where the address itself is not, no method of it is told either.
        right = 405 if rule in here else 404
        if answer.status_code != right or (right == 405) != bool(answer.headers.get("Allow")):
            wrong[f"{method} {rule}"] = answer.status_code

    assert wrong == {}


def test_nobody_is_told_what_he_sent(visitor: MakeVisitor) -> None:
    answers = [visitor(site).open("/sign-in", method="TRACE") for site in ("spb", "federation")]

    assert {answer.status_code for answer in answers} == {405}


def path_of(rule: str, known: Ids) -> str:
    return PARAMETER.sub(lambda match: known.get(match[1], "icon.svg"), rule)


@pytest.mark.parametrize(
    ("home", "elsewhere"),
    [("spb", "pskov"), ("pskov", "spb"), ("spb", "federation"), ("federation", "spb")],
)
def test_a_session_is_worth_nothing_on_another_site(
    home: str, elsewhere: str, doors: list[Door], ids: dict[str, Ids], sign_in: MakeVisitor,
    visitor: MakeVisitor, knock: Knock,
) -> None:  # fmt: skip
    thieves: dict[Role | None, Visitor] = {
        role: with_cookie_of(sign_in(role, home), visitor(elsewhere))
        for role in Role
        if (role in FEDERATION_ROLES) == (home == "federation")
    }
    anybody = next(iter(thieves.values()))

    opened = {
        str(door): answer.status_code
        for door in on_site(doors, elsewhere)
        if door.guard is not None
        and (
            answer := knock(thieves.get(door.role(), anybody), door, ids.get(elsewhere, {}))
        ).status_code
        != (401 if door.changes else 302)
    }

    assert opened == {}


def with_cookie_of(owner: Visitor, thief: Visitor) -> Visitor:
    cookie = owner.get_cookie(COOKIE, domain=owner.host)
    assert cookie is not None
    thief.set_cookie(COOKIE, cookie.value, domain=thief.host, secure=True)
    return thief


def test_every_name_in_the_registry_stands_in_an_address(doors: list[Door]) -> None:
    used = {name for door in doors for name in door.own_parameters}

    assert set(OBJECTS) == used
