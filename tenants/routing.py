"""Which house a host name leads to; nothing a visitor sends becomes part of an identifier."""

from dataclasses import dataclass
from enum import StrEnum

from tenants.context import Runtime
from tenants.registry import OrgRef


class SiteKind(StrEnum):
    """The kinds of host: an organisation's, the federation's, the platform's, and the files'."""

    ORGANISATION = "organisation"
    FEDERATION = "federation"
    PLATFORM = "platform"
    FILES = "files"


@dataclass(frozen=True)
class Site:
    """Where a request has arrived."""

    kind: SiteKind
    host: str
    organisation: OrgRef | None = None


def site_for(host: str, runtime: Runtime) -> Site | None:
    """The site at a host header's value, or None for a host that is not ours or is suspended."""
    name = host.lower().rpartition(":")[0] if ":" in host else host.lower()
    base = runtime.settings.base_domain
    if name == f"federation.{base}":
        return Site(SiteKind.FEDERATION, name)
    if name in {base, f"hooks.{base}"}:
        return Site(SiteKind.PLATFORM, name)
    if name == f"files.{base}":
        return Site(SiteKind.FILES, name)
    organisation = runtime.registry.by_host(name)
    if organisation is None or organisation.state != "active":
        return None
    return Site(SiteKind.ORGANISATION, name, organisation)
