"""The proof itself: every way to another organisation's data is tried, and its end noted."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from redis.exceptions import RedisError
from sqlalchemy import String, Table, cast, func, literal, select

from config.settings import Settings
from hearth.jobs import redis_connection
from hearth.models import TENANT_METADATA
from hearth.proof.doors import Door, Visitor
from hearth.proof.houses import ProbeHouse
from tenants.context import NestedScopeError, runtime, tenant_session
from tenants.probes import (
    Tried,
    probe_other_databases,
    probe_pair,
    probe_passwords,
    probe_service_roles,
)
from tenants.probes import probe_wrong_address as probe_address
from tenants.registry import OrgRef, UnknownOrganisationError

SHOWN = frozenset({200, 302, 303})
NOT_FOUND = 404
# The officer's alone: to whoever reads files, too, as the probe's person does, it is not there.
OFFICERS_ALONE = frozenset({"/data-protection/colleagues/<uuid:user_id>"})
# How many neighbours each organisation's role is tried on where there are many organisations.
NEIGHBOURS = 3
KEYS_AT_MOST = 20_000
Places = dict[str, tuple[Table, str]]


@dataclass
class Finding:
    """One kind of attempt: how many were made, and every one that did not end as promised."""

    name: str
    tried: int = 0
    surprises: list[str] = field(default_factory=list)

    def note(self, what: str, *, right: bool) -> None:
        """Count one attempt, and keep it when it went wrong."""
        self.tried += 1
        if not right:
            self.surprises.append(what)


def walk_ids(
    visitor: Visitor, doors: Sequence[Door], mine: ProbeHouse, theirs: ProbeHouse
) -> Finding:
    """Every address with the neighbour's ids: answered exactly as if they did not exist."""
    finding = Finding("routes")
    for door in doors:
        for names in _replaced(door, mine.ids):
            asked = {name: theirs.ids[name] for name in names}
            nobodys = {name: str(uuid.uuid4()) for name in names}
            foreign = visitor.knock(door, {**mine.ids, **asked})
            missing = visitor.knock(door, {**mine.ids, **nobodys})
            right = foreign.status == NOT_FOUND and foreign.bare(asked) == missing.bare(nobodys)
            finding.note(f"{door} with another's {', '.join(names)}", right=right)
    return finding


def walk_real(
    visitor: Visitor,
    doors: Sequence[Door],
    mine: ProbeHouse,
    others: Sequence[OrgRef],
    places: Places,
) -> Finding:
    """Every address that shows something, with ids of the organisations that work here."""
    finding = Finding("real ids")
    for other in others:
        known = _ids_in(other, places)
        for door in doors:
            usable = [name for name in door.names if name in known]
            if door.method != "GET" or not usable:
                continue
            answer = visitor.knock(door, {**mine.ids, **{name: known[name] for name in usable}})
            what = f"{door} with ids of {other.slug}"
            finding.note(what, right=answer.status == NOT_FOUND)
    return finding


def walk_pages(
    visitor: Visitor, doors: Sequence[Door], mine: ProbeHouse, theirs: ProbeHouse
) -> tuple[Finding, Finding]:
    """Every page and export of one's own: it opens, and nothing of the neighbour stands in it."""
    opened = Finding("own pages")
    clean = Finding("pages and exports")
    strange = [theirs.canary, *theirs.ids.values()]
    for door in doors:
        if door.method != "GET" or not set(door.names) <= mine.ids.keys():
            continue
        answer = visitor.knock(door, mine.ids)
        promised = {NOT_FOUND} if door.rule in OFFICERS_ALONE else SHOWN
        opened.note(f"{door}: {answer.status}", right=answer.status in promised)
        text = answer.text()
        clean.note(str(door), right=not any(word in text for word in strange))
    return opened, clean


def walk_jobs(mine: ProbeHouse, theirs: ProbeHouse, places: Places) -> Finding:
    """What a job would find that was given another's ids, or no organisation that works here."""
    finding = Finding("jobs")
    with tenant_session(mine.organisation) as session:
        for name, (table, column) in places.items():
            same = cast(table.c[column], String) == literal(theirs.ids[name])
            found = session.scalar(select(func.count()).select_from(table).where(same))
            finding.note(f"{name} of another organisation", right=found == 0)
        finding.note("two organisations at once", right=_is_refused(lambda: _nested(theirs)))
    finding.note(
        "no such organisation", right=_is_refused(lambda: runtime().registry.get("nobody"))
    )
    return finding


def look_into_caches(houses: Sequence[ProbeHouse]) -> Finding:
    """Every key and value that waits in the queue's server: ids and names of jobs, nothing else."""
    finding = Finding("caches and queues")
    words = [house.canary for house in houses]
    try:
        connection = redis_connection()
        for key in islice(connection.scan_iter(count=500), KEYS_AT_MOST):
            held = (connection.dump(key) or b"") + key
            right = not any(word.encode() in held for word in words)
            finding.note(key.decode("utf-8", "replace"), right=right)
    except RedisError as error:
        finding.note(f"the queue's server did not answer: {type(error).__name__}", right=False)
    return finding


def attack_by_sql(settings: Settings, organisations: Sequence[OrgRef]) -> Iterator[Finding]:
    """Injected SQL under every organisation's role, the service's own, and stolen passwords."""
    pairs = list(_pairs(organisations))
    by_role = Finding("SQL under each role")
    stolen = Finding("passwords")
    address = Finding("wrong addresses")
    elsewhere = Finding("other databases")
    for mine, theirs in pairs:
        _note(by_role, probe_pair(settings, mine, theirs))
        _note(stolen, [probe_passwords(settings, mine, theirs)])
        _note(address, [probe_address(settings, mine, theirs)])
    service = Finding("the service's own roles")
    for organisation in organisations:
        _note(service, probe_service_roles(settings, organisation))
        _note(elsewhere, probe_other_databases(settings, organisation))
    yield from (by_role, service, stolen, address, elsewhere)


def places_of(house: ProbeHouse) -> Places:
    """From which table and column the ids of addresses come, found by looking for them."""
    found = {}
    with tenant_session(house.organisation) as session:
        for name, value in house.ids.items():
            for table in TENANT_METADATA.sorted_tables:
                for column in {"id", name} & set(table.columns.keys()):
                    same = cast(table.c[column], String) == literal(value)
                    if session.scalar(select(func.count()).select_from(table).where(same)):
                        found[name] = (table, column)
    return found


def _ids_in(organisation: OrgRef, places: Places) -> dict[str, str]:
    found = {}
    with tenant_session(organisation) as session:
        for name, (table, column) in places.items():
            value = session.scalar(select(table.c[column]).limit(1))
            if value is not None:
                found[name] = str(value)
    return found


def _replaced(door: Door, known: dict[str, str]) -> list[tuple[str, ...]]:
    names = tuple(name for name in door.names if name in known)
    if len(names) < len(door.names):
        return []
    return [*((name,) for name in names), *([names] if len(names) > 1 else [])]


def _pairs(organisations: Sequence[OrgRef]) -> Iterator[tuple[OrgRef, OrgRef]]:
    count = len(organisations)
    for place, mine in enumerate(organisations):
        for step in range(1, min(count - 1, NEIGHBOURS) + 1):
            yield mine, organisations[(place + step) % count]


def _note(finding: Finding, tried: Sequence[Tried] | Iterator[Tried]) -> None:
    for one in tried:
        what = f"{one.role} against {one.against}: {one.attack}"
        finding.note(what, right=not one.got_through)


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (NestedScopeError, UnknownOrganisationError):
        return True
    return False


def _nested(theirs: ProbeHouse) -> None:
    with tenant_session(theirs.organisation):
        return
