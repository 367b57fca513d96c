"""Where an organisation's data may be: its endpoints, and what speaks against serving it."""

from collections.abc import Iterator, Sequence

from config.endpoints import DEFAULT, Endpoint, EndpointKind
from config.settings import Settings
from tenants.registry import OrgRef

# As they are called in a refusal, which a person reads.
NAMES = {
    EndpointKind.PLACEMENT: "database",
    EndpointKind.RELAY: "mail relay",
    EndpointKind.BACKUPS: "backups",
    EndpointKind.FILES: "files",
    EndpointKind.ERRORS: "error reports",
}
# An organisation may have none of these: no reports, no copies, no relay of its own.
NONE = "none"


class PlacementError(RuntimeError):
    """An organisation cannot be served from here, or not be brought there; the message says why."""


def complaints(org: OrgRef, settings: Settings) -> tuple[str, ...]:
    """Everything that speaks against serving an organisation in this process.

    Whatever holds its data, or sees it pass, must be known and lie in a country it allows.
    """
    found = []
    for kind, name in org.endpoints.items():
        endpoint = settings.endpoint(kind, name)
        wrong = wrong_with(kind, name, endpoint, org.allowed_countries, org.placement_country)
        found += [f"the {NAMES[kind]} of {org.slug} {text}" for text in wrong]
    return tuple(found)


def wrong_with(
    kind: EndpointKind,
    name: str,
    endpoint: Endpoint | None,
    allowed: Sequence[str],
    registered_country: str | None,
) -> Iterator[str]:
    """What speaks against one endpoint for an organisation that allows these countries."""
    if endpoint is None:
        # The installation's own are optional but for the database: it may keep no backups at all.
        # Files lie in the organisation's own tables as long as no store of its own is named.
        if name not in {DEFAULT, NONE} or kind is EndpointKind.PLACEMENT:
            yield f"would be at {name}, which is not configured"
        return
    if kind is EndpointKind.PLACEMENT and endpoint.url is None:
        yield f"would be at {name}, whose address is not configured"
    if allowed and endpoint.country not in allowed:
        where = endpoint.country or "a country nobody told"
        yield f"would be in {where}, and it allows {', '.join(allowed)}"
    if (
        kind is EndpointKind.PLACEMENT
        and name != DEFAULT
        and endpoint.country != registered_country
    ):
        yield f"would be at {name}, which registry and environment put in different countries"
