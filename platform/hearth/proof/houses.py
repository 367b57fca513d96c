"""The two probe organisations: made for one proof, and gone after it."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.models import UserSession
from hearth.accounts.sessions import Assurance, start_session, token_hash
from hearth.proof.belongings import Belongings, ids_of
from tenants import keys_database, provisioning
from tenants.context import runtime, tenant_session
from tenants.owners import Connection
from tenants.provisioning import Profile
from tenants.registry import REFRESH_SECONDS, OrgRef
from tenants.roles import OrganisationError

SLUGS = ("probe-a", "probe-b")
PROOF_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class ProbeHouse:
    """A probe organisation, what it has, and the word that must never be seen elsewhere."""

    organisation: OrgRef
    canary: str
    ids: dict[str, str]
    token: str


@contextmanager
def probe_houses(
    home: Connection, settings: Settings, *, patience: float = REFRESH_SECONDS + 1
) -> Iterator[tuple[ProbeHouse, ProbeHouse]]:
    """Two organisations with one of everything; what an interrupted proof left goes first."""
    _remove(home, settings)
    try:
        for slug in SLUGS:
            provisioning.create_organisation(home, settings, _profile(slug, settings))
        runtime().registry.refresh()
        first, second = (_furnish(runtime().registry.get(slug), settings) for slug in SLUGS)
        # Until every process of the installation knows them.
        time.sleep(patience)
        yield first, second
    finally:
        _remove(home, settings)


def _profile(slug: str, settings: Settings) -> Profile:
    return Profile(
        slug=slug,
        names={"en": slug},
        regions={"en": slug},
        locales=["en"],
        staff_locale="en",
        timezone="UTC",
        country=settings.country,
        currency="EUR",
        theme="federation",
        hosts=[],
        allowed_countries=[],
    )


def _furnish(organisation: OrgRef, settings: Settings) -> ProbeHouse:
    canary = f"canary{secrets.token_hex(8)}"
    with tenant_session(organisation) as session:
        its = Belongings(session, canary, today=datetime.now(UTC).date())
        ids = ids_of(its)
        token = _signed_in(session, its, f"{organisation.slug}.{settings.base_domain}")
    return ProbeHouse(organisation, canary, ids, token)


def _signed_in(session: Session, its: Belongings, host: str) -> str:
    token = start_session(
        session, user_id=its.person.id, host=host, assurance=Assurance.SECOND_FACTOR
    )
    # The proof takes longer than a confirmation counts, and there is nobody to confirm it anew.
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash(token))
        .values(confirmed_at=datetime.now(UTC) + PROOF_LASTS)
    )
    return token


def _remove(home: Connection, settings: Settings) -> None:
    states = {row[0]: row[2] for row in provisioning.list_organisations(home)}
    for slug in SLUGS:
        if slug not in states:
            continue
        if states[slug] == "active":
            provisioning.set_state(home, slug, before="active", after="suspended")
        schema = home.execute(
            "SELECT schema_name FROM shared.organisations WHERE slug = %s", (slug,)
        ).fetchone()
        if schema is None:
            raise OrganisationError(f"{slug} has no schema")
        home.execute("DELETE FROM shared.inbox WHERE schema_name = %s", schema)
        gone = provisioning.drop_organisation(home, settings, slug)
        keys_database.destroy_all(settings, gone)
