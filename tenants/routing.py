"""Which house a host name leads to; nothing a visitor sends becomes part of an identifier."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

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
    kind = _hosts_of_ours(runtime.settings.base_domain).get(name)
    if kind is not None:
        return Site(kind, name)
    organisation = runtime.registry.by_host(name)
    if organisation is None or organisation.state != "active":
        return None
    return Site(SiteKind.ORGANISATION, name, organisation)


@lru_cache(maxsize=8)
def _hosts_of_ours(base: str) -> Mapping[str, SiteKind]:
    return {
        base: SiteKind.PLATFORM,
        f"hooks.{base}": SiteKind.PLATFORM,
        f"federation.{base}": SiteKind.FEDERATION,
        f"files.{base}": SiteKind.FILES,
    }
