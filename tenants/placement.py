"""Where an organisation's data may be: its endpoints, and what speaks against serving it."""

from collections.abc import Iterator

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
    return tuple(
        f"the {NAMES[kind]} of {org.slug} {wrong}"
        for kind, name in org.endpoints.items()
        for wrong in _wrong_with(org, kind, name, settings.endpoint(kind, name))
    )


def placement_complaints(org: OrgRef, settings: Settings, placement: str) -> tuple[str, ...]:
    """What would speak against serving an organisation from another placement."""
    endpoint = settings.endpoint(EndpointKind.PLACEMENT, placement)
    wrong = _wrong_with(org, EndpointKind.PLACEMENT, placement, endpoint)
    return tuple(f"the database of {org.slug} {text}" for text in wrong)


def _wrong_with(
    org: OrgRef, kind: EndpointKind, name: str, endpoint: Endpoint | None
) -> Iterator[str]:
    if endpoint is None:
        # The installation's own are optional but for the database: it may keep no backups at all.
        # Files lie in the organisation's own tables as long as no store of its own is named.
        if name not in {DEFAULT, NONE} or kind is EndpointKind.PLACEMENT:
            yield f"are to be at {name}, which is not configured"
        return
    if kind is EndpointKind.PLACEMENT and endpoint.url is None:
        yield f"is to be at {name}, whose address is not configured"
    if org.allowed_countries and endpoint.country not in org.allowed_countries:
        allowed = ", ".join(org.allowed_countries)
        yield f"would be in {endpoint.country or 'a country nobody told'}, allowed is {allowed}"
    if (
        kind is EndpointKind.PLACEMENT
        and name == org.database
        and name != DEFAULT
        and endpoint.country != org.placement_country
    ):
        yield f"is at {name}, which the registry and the environment put in different countries"
