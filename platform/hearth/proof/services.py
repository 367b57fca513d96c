"""Runs the whole proof against a running installation."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from config.settings import Settings
from hearth.proof.belongings import OBJECTS
from hearth.proof.doors import Door, Visitor, doors_of
from hearth.proof.houses import ProbeHouse, probe_houses
from hearth.proof.walk import (
    Finding,
    attack_by_sql,
    look_into_caches,
    places_of,
    walk_ids,
    walk_jobs,
    walk_pages,
    walk_real,
)
from hearth.web.request import HearthFlask
from tenants.context import runtime
from tenants.owners import Connection
from tenants.passwords import derive
from tenants.registry import REFRESH_SECONDS, OrgRef
from tenants.releases import head


@dataclass(frozen=True)
class Proof:
    """What was tried on one day against one release, and how it ended."""

    made_at: str
    release: str
    revisions: str
    label: str
    url: str
    organisations: tuple[str, ...]
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]

    @property
    def tried(self) -> int:
        """How many attempts were made."""
        return sum(finding.tried for finding in self.findings)

    @property
    def surprises(self) -> list[str]:
        """Every attempt that did not end as promised."""
        found = [f"{one.name}: {what}" for one in self.findings for what in one.surprises]
        empty = [f"{one.name}: nothing was tried" for one in self.findings if one.tried == 0]
        return found + empty + [f"{door}: no sample of its ids" for door in self.left_out]

    def facts(self) -> str:
        """Everything the proof says, in one form for everybody."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    def signature(self, settings: Settings) -> str:
        """What only this installation can make of the facts: HMAC-SHA256 with a key of its own."""
        key = derive(settings.secret_key, "isolation-proof")
        return hmac.new(key, self.facts().encode(), hashlib.sha256).hexdigest()


def prove(
    home: Connection,
    settings: Settings,
    app: HearthFlask,
    *,
    url: str,
    patience: float = REFRESH_SECONDS + 1,
) -> Proof:
    """Make two probe organisations, try every way from one to the other, and remove them.

    Organisations that work here are asked about only in ways that change nothing: pages with their
    ids from outside, and SQL in transactions that are rolled back.
    """
    doors = doors_of(app)
    real = runtime().registry.all_active()
    with probe_houses(home, settings, patience=patience) as houses:
        findings = _try_everything(settings, app, url, doors, houses, real)
    return Proof(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        release=version("hearth"),
        revisions=f"shared {head('shared')}, tenant {head('tenant')}",
        label=settings.label,
        url=url,
        organisations=tuple(one.slug for one in real),
        findings=tuple(findings),
        left_out=tuple(str(door) for door in doors if not _known(door)),
    )


def _try_everything(
    settings: Settings,
    app: HearthFlask,
    url: str,
    doors: Sequence[Door],
    houses: tuple[ProbeHouse, ProbeHouse],
    real: Sequence[OrgRef],
) -> list[Finding]:
    first, second = houses
    findings: list[Finding] = []
    places = places_of(first)
    for mine, theirs in ((first, second), (second, first)):
        host = f"{mine.organisation.slug}.{settings.base_domain}"
        visitor = Visitor(app, url, host=host, token=mine.token)
        findings += walk_pages(visitor, doors, mine, theirs)
        findings.append(walk_ids(visitor, doors, mine, theirs))
        if mine is first:
            findings.append(walk_real(visitor, doors, mine, real, places))
        findings.append(walk_jobs(mine, theirs, places))
    findings.append(look_into_caches(houses))
    everybody = [*real, first.organisation, second.organisation]
    return [*_together(findings), *attack_by_sql(settings, everybody)]


def _together(findings: Sequence[Finding]) -> list[Finding]:
    whole: dict[str, Finding] = {}
    for one in findings:
        kept = whole.setdefault(one.name, Finding(one.name))
        kept.tried += one.tried
        kept.surprises += one.surprises
    return list(whole.values())


def _known(door: Door) -> bool:
    return all(name in OBJECTS for name in door.names)
