"""Asks every page about every kind of family as every role, and says what the policy did not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from werkzeug.test import TestResponse

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import POLICY
from hearth.data_classes import FieldClass
from tests.isolation.doors import Door
from tests.security.world import CANARIES, Kind, World, reaches
from tests.support.visitors import Visitor

Knock = Callable[..., TestResponse]
ANSWERED = {200, 303, 422}
FAMILY_PARTS = {"household_id", "stay_id", "referral_id"}
# The law opens every file to the officer who answers people about their data, also one that opens
# by name alone; these pages name the family, and every look at them is recorded.
OF_EVERY_FILE = frozenset({Permission.SUBJECT_RIGHTS})
NAMED_BY_LAW = {
    "subject_rights.ask": {FieldClass.IDENTITY.value},
    "subject_rights.choose": {FieldClass.IDENTITY.value},
}
OWN_NOTES = {Kind.OWN, Kind.SERVED}


@dataclass(frozen=True)
class Answer:
    """What one page answered about one kind of family, and which kinds of data stood in it."""

    door: Door
    kind: Kind
    status: int
    classes: frozenset[str]


def about_families(doors: Iterable[Door]) -> list[Door]:
    """The pages whose address names something of a family."""
    return [door for door in doors if FAMILY_PARTS & set(door.parameters)]


def expected(role: Role, door: Door, kind: Kind) -> set[int]:
    """What the policy says that a role is answered about a family."""
    guard = door.guard
    assert guard is not None
    guard = Permission(guard)
    if not door.opens_to(role):
        return {403}
    if guard in OF_EVERY_FILE and Permission.FAMILIES_READ not in POLICY[role].scopes:
        return ANSWERED
    needed = set()
    if {"household_id", "stay_id"} & set(door.parameters):
        needed.add(guard)
    if "referral_id" in door.parameters:
        # An accepted referral is seen with its family, and who looked at it like who looked there.
        needed.add(guard if door.endpoint == "records.referral" else Permission.FAMILIES_READ)
    # The services in these addresses are another's; the note is her own, or found by nobody.
    about = {"stay": "stay_id" in door.parameters, "own_entry": "note_id" in door.parameters}
    opens = all(reaches(role, permission, kind, **about) for permission in needed)
    if "stay_id" in door.parameters:
        opens = opens and FieldClass.LOCATION in POLICY[role].fields
    if "note_id" in door.parameters:
        opens = opens and kind in OWN_NOTES
    if door.endpoint == "records.who_looked":
        # The list is for whoever accompanies the family, and for nobody else of the team.
        trusted = {Permission.AUDIT_READ, Permission.BREAK_GLASS_REVIEW} & set(POLICY[role].scopes)
        opens = opens and (kind is Kind.OWN or bool(trusted))
    if "restriction_id" in door.parameters:
        opens = opens and kind is Kind.GRANTED
    return ANSWERED if opens else {404}


def pages(world: World, visitor: Visitor, doors: Iterable[Door], knock: Knock) -> Iterator[Answer]:
    """What those doors answer that only show something."""
    return answers(world, visitor, [door for door in doors if not door.changes], knock)


def answers(
    world: World, visitor: Visitor, doors: Iterable[Door], knock: Knock
) -> Iterator[Answer]:
    """What every page about a family answers to the user of a world, about each kind."""
    for door in about_families(doors):
        for kind, thing in world.things.items():
            answer = knock(visitor, door, thing.ids)
            text = "" if door.changes else answer.text
            yield Answer(door, kind, answer.status_code, _classes_in(text))
            if not door.opens_to(world.role) and answer.status_code == 403:
                break


def surprises(role: Role, given: Iterable[Answer]) -> Iterator[tuple[str, str]]:
    """Every page that answers otherwise than the policy says."""
    for one in given:
        right = expected(role, one.door, one.kind)
        if one.status not in right:
            yield f"{role}: {one.door} of {one.kind}", f"{one.status}, not {sorted(right)}"


def told(given: Iterable[Answer]) -> dict[str, set[str]]:
    """Which kinds of data each page that only shows gives out."""
    found: dict[str, set[str]] = {}
    for one in given:
        if not one.door.changes:
            found.setdefault(one.door.endpoint, set()).update(one.classes)
    return found


def leaks(classes: Mapping[str, set[str]], may_read: Iterable[FieldClass]) -> dict[str, list[str]]:
    """What pages gave out beyond what may be read."""
    allowed = {one.value for one in may_read}
    beyond = {
        page: found - allowed - NAMED_BY_LAW.get(page, set()) for page, found in classes.items()
    }
    return {page: sorted(found) for page, found in beyond.items() if found}


def _classes_in(text: str) -> frozenset[str]:
    return frozenset(
        name for name, words in CANARIES.items() if any(word in text for word in words)
    )
