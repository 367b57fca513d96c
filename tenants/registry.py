"""The organisations as every request needs them: read once, kept for seconds, never mutable."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config.endpoints import DEFAULT, EndpointKind
from tenants.models import Organisation, Placement, Schema

log = logging.getLogger(__name__)
REFRESH_SECONDS = 3.0
REFUSED = "refused"


def _default_endpoints() -> Mapping[EndpointKind, str]:
    return MappingProxyType(dict.fromkeys(EndpointKind, DEFAULT))


@dataclass(frozen=True, kw_only=True)
class OrgRef:
    """An organisation's registry entry, detached from any session.

    ``names`` and ``regions`` map a locale to a text; ``locales`` lists what its donors read, the
    default first; ``generation`` counts password rotations of its database role; ``endpoints``
    names what holds its data or sees it pass, and ``placement_country`` is where the registry says
    that the first of them is. While ``read_only`` its pages can be seen and nothing is changed.
    """

    slug: str
    schema_name: str
    database: str
    generation: int
    names: Mapping[str, str]
    regions: Mapping[str, str]
    locales: tuple[str, ...]
    staff_locale: str
    timezone: str
    country: str
    currency: str
    theme: str
    hosts: tuple[str, ...]
    state: str
    allowed_countries: tuple[str, ...] = ()
    placement_country: str | None = None
    endpoints: Mapping[EndpointKind, str] = field(default_factory=_default_endpoints)
    read_only: bool = False

    @property
    def clock(self) -> ZoneInfo:
        """The zone in which this organisation's days begin and end."""
        return ZoneInfo(self.timezone)

    def name(self, locale: str) -> str:
        """The organisation's name in a locale, or in English where it has none in it."""
        return self.names.get(locale) or self.names["en"]

    def region(self, locale: str) -> str:
        """The region's name in a locale, or in English where it has none in it."""
        return self.regions.get(locale) or self.regions["en"]


class UnknownOrganisationError(LookupError):
    """No active organisation answers to this slug, schema or host."""


def org_ref(organisation: Organisation, schema: Schema, country: str | None) -> OrgRef:
    """Detach a registry row."""
    return OrgRef(
        slug=organisation.slug,
        schema_name=organisation.schema_name,
        database=schema.database,
        generation=schema.generation,
        names=MappingProxyType(dict(organisation.names)),
        regions=MappingProxyType(dict(organisation.regions)),
        locales=tuple(organisation.locales),
        staff_locale=organisation.staff_locale,
        timezone=organisation.timezone,
        country=organisation.country,
        currency=organisation.currency,
        theme=organisation.theme,
        hosts=tuple(organisation.hosts),
        state=organisation.state,
        allowed_countries=tuple(organisation.allowed_countries),
        placement_country=country,
        endpoints=MappingProxyType(
            {
                EndpointKind.PLACEMENT: schema.database,
                EndpointKind.BACKUPS: organisation.backups,
                EndpointKind.FILES: organisation.files,
                EndpointKind.RELAY: organisation.relay,
                EndpointKind.ERRORS: organisation.errors,
            }
        ),
        read_only=organisation.read_only_since is not None,
    )


def load(session: Session) -> list[OrgRef]:
    """All organisations that have not been dropped, by slug."""
    rows = session.execute(
        select(Organisation, Schema, Placement.country)
        .join(Schema, Schema.name == Organisation.schema_name)
        .join(Placement, Placement.name == Schema.database)
        .where(Organisation.state != "dropped")
        .order_by(Organisation.slug)
    )
    return [org_ref(organisation, schema, country) for organisation, schema, country in rows]


# What speaks against serving an organisation in this process; nothing, as a rule.
Gate = Callable[[OrgRef], Sequence[str]]


class Registry:
    """A copy of the registry that is refreshed every few seconds.

    A suspended organisation is therefore refused at the latest ``seconds`` after the command. One
    that ``gate`` complains of is refused as long as it does; the others go on.
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        *,
        base_domain: str,
        seconds: float = REFRESH_SECONDS,
        gate: Gate = lambda _organisation: (),
    ) -> None:
        self._engine = engine
        self._gate = gate
        self._refused: set[str] = set()
        self._base_domain = base_domain
        self._seconds = seconds
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._by_slug: dict[str, OrgRef] = {}
        self._by_host: dict[str, OrgRef] = {}
        self._by_schema: dict[str, OrgRef] = {}

    def refresh(self) -> None:
        """Read the registry now."""
        with Session(self._engine()) as session:
            organisations = [self._judged(organisation) for organisation in load(session)]
        by_host: dict[str, OrgRef] = {}
        for organisation in organisations:
            for host in organisation.hosts:
                by_host.setdefault(host.lower(), organisation)
        # Last, so that nobody's further host takes the name of somebody else.
        for organisation in organisations:
            by_host[f"{organisation.slug}.{self._base_domain}".lower()] = organisation
        self._by_slug = {organisation.slug: organisation for organisation in organisations}
        self._by_schema = {organisation.schema_name: organisation for organisation in organisations}
        self._by_host = by_host
        self._read_at = time.monotonic()

    def by_host(self, host: str) -> OrgRef | None:
        """The organisation that lives at a host name (lower case, no port), suspended ones too."""
        self._keep_fresh()
        return self._by_host.get(host)

    def get(self, slug: str) -> OrgRef:
        """The active organisation with this slug."""
        self._keep_fresh()
        return _active(self._by_slug.get(slug))

    def by_schema(self, schema_name: str) -> OrgRef:
        """The active organisation whose opaque schema name this is."""
        self._keep_fresh()
        return _active(self._by_schema.get(schema_name))

    def is_suspended(self, schema_name: str) -> bool:
        """Whether this schema's organisation takes no change now and will come back."""
        self._keep_fresh()
        entry = self._by_schema.get(schema_name)
        return entry is not None and (entry.state in {"suspended", REFUSED} or entry.read_only)

    def all_active(self) -> list[OrgRef]:
        """Every active organisation, by slug."""
        self._keep_fresh()
        return [entry for entry in self._by_slug.values() if entry.state == "active"]

    def all_working(self) -> list[OrgRef]:
        """Every active organisation that takes changes now; what others have to do waits."""
        return [entry for entry in self.all_active() if not entry.read_only]

    def _judged(self, organisation: OrgRef) -> OrgRef:
        if organisation.state != "active" or not self._gate(organisation):
            self._refused.discard(organisation.slug)
            return organisation
        if organisation.slug not in self._refused:
            self._refused.add(organisation.slug)
            log.error("organisation_refused", extra={"organisation": organisation.slug})
        return replace(organisation, state=REFUSED)

    def _keep_fresh(self) -> None:
        if time.monotonic() - self._read_at < self._seconds:
            return
        # One thread reads; the others go on with the copy that is a moment too old.
        if self._lock.acquire(blocking=self._read_at == float("-inf")):
            try:
                if time.monotonic() - self._read_at >= self._seconds:
                    self.refresh()
            finally:
                self._lock.release()


def _active(entry: OrgRef | None) -> OrgRef:
    if entry is None or entry.state != "active":
        raise UnknownOrganisationError("no active organisation answers to this name")
    return entry
