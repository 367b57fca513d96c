"""Reads every setting from the environment once, and refuses to start when one is missing."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from config.endpoints import (
    DEFAULT,
    Endpoint,
    EndpointKind,
    Endpoints,
    country_of,
    named_endpoints,
)

_KEY_SERVICE = re.compile(r"HEARTH_KMS_([A-Z0-9_]+)_ADDRESS(?:_FILE)?")


class MissingSettingError(RuntimeError):
    """A required environment variable is absent or unusable; the message never tells its value."""


@dataclass(frozen=True)
class KeyService:
    """Where a key management service answers, and the token it knows us by."""

    address: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The service's settings; one instance per process, passed to whoever needs it.

    ``label`` names the installation in logs and is never branched on. ``country`` is where this
    installation's own database, mail relay and backups are; ``endpoints`` holds those and the ones
    that single organisations have instead.
    """

    secret_key: str
    database_secret: str
    database_url: str
    owner_database_url: str | None
    keys_secret: str
    keys_database_url: str
    keys_owner_database_url: str | None
    key_services: Mapping[str, KeyService]
    redis_url: str
    base_domain: str
    scheme: str
    public_port: int | None
    smtp_host: str
    smtp_port: int
    smtp_user: str | None
    smtp_password: str | None
    smtp_tls: bool
    mail_from: str
    stripe_api_key: str
    stripe_api_base: str | None
    stripe_webhook_secrets: tuple[str, ...]
    role_prefix: str
    role_connections: int
    pooled_connections: bool
    forwarded_hops: int
    label: str
    sentry_dsn: str | None
    styleguide: bool
    country: str
    endpoints: Endpoints
    backup_secret: str | None
    backup_days: int
    audit_signing_key: str | None
    audit_former_keys: tuple[bytes, ...]
    audit_anchors: str | None
    audit_anchor_mail: str | None
    web_threads: int
    rate_limits: bool
    security_contact: str
    scanner: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; ``NAME_FILE`` may name a file that holds the value of ``NAME``."""
        env = _Environment(os.environ if environ is None else environ)
        return cls(
            secret_key=env.secret("HEARTH_SECRET_KEY"),
            database_secret=env.secret("HEARTH_DATABASE_SECRET"),
            database_url=without_credentials(env.required("DATABASE_URL")),
            owner_database_url=env.optional("HEARTH_OWNER_DATABASE_URL"),
            keys_secret=env.secret("HEARTH_KEYS_SECRET"),
            keys_database_url=env.keys_database("HEARTH_KEYS_DATABASE_URL", "DATABASE_URL"),
            keys_owner_database_url=env.optional("HEARTH_KEYS_OWNER_DATABASE_URL"),
            key_services=env.key_services(),
            redis_url=env.required("REDIS_URL"),
            base_domain=env.required("HEARTH_BASE_DOMAIN").lower(),
            scheme=env.optional("HEARTH_SCHEME") or "https",
            public_port=env.number("HEARTH_PUBLIC_PORT"),
            smtp_host=env.required("HEARTH_SMTP_HOST"),
            smtp_port=env.number("HEARTH_SMTP_PORT") or 25,
            smtp_user=env.optional("HEARTH_SMTP_USER"),
            smtp_password=env.optional("HEARTH_SMTP_PASSWORD"),
            smtp_tls=env.flag("HEARTH_SMTP_TLS"),
            mail_from=env.mailbox("HEARTH_MAIL_FROM"),
            stripe_api_key=env.required("STRIPE_API_KEY"),
            stripe_api_base=env.optional("STRIPE_API_BASE"),
            stripe_webhook_secrets=env.several("STRIPE_WEBHOOK_SECRETS"),
            role_prefix=env.optional("HEARTH_ROLE_PREFIX") or "org_",
            role_connections=env.number("HEARTH_ROLE_CONNECTIONS") or 60,
            pooled_connections=env.flag("HEARTH_POOLED_CONNECTIONS"),
            forwarded_hops=env.number("HEARTH_FORWARDED_HOPS") or 0,
            label=env.optional("HEARTH_LABEL") or "unnamed",
            sentry_dsn=env.optional("SENTRY_DSN"),
            styleguide=env.flag("HEARTH_STYLEGUIDE"),
            country=env.country("HEARTH_COUNTRY"),
            endpoints=env.endpoints(),
            backup_secret=env.optional_secret("HEARTH_BACKUP_SECRET"),
            backup_days=env.number("HEARTH_BACKUP_DAYS") or 35,
            audit_signing_key=env.optional_secret("HEARTH_AUDIT_SIGNING_KEY"),
            audit_former_keys=env.keys("HEARTH_AUDIT_FORMER_KEYS"),
            audit_anchors=env.optional("HEARTH_AUDIT_ANCHORS"),
            audit_anchor_mail=env.optional("HEARTH_AUDIT_ANCHOR_MAIL"),
            web_threads=env.number("HEARTH_WEB_THREADS") or 8,
            rate_limits=env.flag("HEARTH_RATE_LIMITS", default="yes"),
            security_contact=env.optional("HEARTH_SECURITY_CONTACT")
            or f"mailto:{parseaddr(env.required('HEARTH_MAIL_FROM'))[1]}",
            scanner=env.optional("HEARTH_SCANNER"),
        )

    def endpoint(self, kind: EndpointKind, name: str) -> Endpoint | None:
        """The endpoint of this name, or None where this process was told of none."""
        return self.endpoints.get((kind, name))

    def origin(self, host: str) -> str:
        """The scheme, host and port under which a host of ours is reached from outside."""
        port = f":{self.public_port}" if self.public_port else ""
        return f"{self.scheme}://{host}{port}"


class _Environment:
    """Looks values up in a mapping and speaks plainly about what is missing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def optional(self, name: str) -> str | None:
        if path := self._environ.get(f"{name}_FILE"):
            try:
                return Path(path).read_text(encoding="utf-8").strip() or None
            except OSError as error:
                raise MissingSettingError(f"{name}_FILE cannot be read") from error
        return self._environ.get(name, "").strip() or None

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise MissingSettingError(f"{name} (or {name}_FILE) must be set in the environment")
        return value

    def mailbox(self, name: str) -> str:
        """A sender, "post@example.org" or "Hearth <post@example.org>"."""
        value = self.required(name)
        local, _, domain = parseaddr(value)[1].rpartition("@")
        if not local or not domain:
            raise MissingSettingError(f"{name} holds no mail address")
        return value

    def secret(self, name: str) -> str:
        self.required(name)
        return self.optional_secret(name) or ""

    def optional_secret(self, name: str) -> str | None:
        value = self.optional(name)
        if value is not None and len(value) < 32:
            raise MissingSettingError(f"{name} must be at least 32 characters long")
        return value

    def country(self, name: str) -> str:
        self.required(name)
        try:
            return country_of(name, self.optional) or ""
        except ValueError as error:
            raise MissingSettingError(str(error)) from None

    def endpoints(self) -> Endpoints:
        try:
            found = named_endpoints(self._environ, self.optional)
            own = self._own_endpoints()
        except ValueError as error:
            raise MissingSettingError(str(error)) from None
        return found | {(endpoint.kind, DEFAULT): endpoint for endpoint in own}

    def _own_endpoints(self) -> list[Endpoint]:
        here = self.country("HEARTH_COUNTRY")
        mail = country_of("HEARTH_SMTP_COUNTRY", self.optional) or here
        kept = country_of("HEARTH_BACKUPS_COUNTRY", self.optional) or here
        # Where reports of errors go is often abroad, so nobody's country is assumed for it.
        told = country_of("SENTRY_COUNTRY", self.optional)
        owner = self.optional("HEARTH_OWNER_DATABASE_URL")
        database = without_credentials(self.required("DATABASE_URL"))
        own = [
            Endpoint(
                kind=EndpointKind.PLACEMENT,
                name=DEFAULT,
                country=here,
                url=database,
                owner_url=owner,
            ),
            Endpoint(kind=EndpointKind.RELAY, name=DEFAULT, country=mail),
        ]
        if folder := self.optional("HEARTH_BACKUPS"):
            own.append(Endpoint(kind=EndpointKind.BACKUPS, name=DEFAULT, country=kept, url=folder))
        if dsn := self.optional("SENTRY_DSN"):
            own.append(Endpoint(kind=EndpointKind.ERRORS, name=DEFAULT, country=told, url=dsn))
        return own

    def number(self, name: str) -> int | None:
        value = self.optional(name)
        if value is None:
            return None
        try:
            return int(value)
        except ValueError as error:
            raise MissingSettingError(f"{name} must be a whole number") from error

    def flag(self, name: str, *, default: str = "no") -> bool:
        value = (self.optional(name) or default).lower()
        if value not in {"1", "yes", "true", "0", "no", "false"}:
            raise MissingSettingError(f"{name} must be yes or no")
        return value in {"1", "yes", "true"}

    def keys(self, name: str) -> tuple[bytes, ...]:
        """Keys of 32 bytes, each written as 64 hexadecimal digits."""
        words = (self.optional(name) or "").replace(",", " ").split()
        try:
            found = tuple(bytes.fromhex(word) for word in words)
        except ValueError as error:
            raise MissingSettingError(f"{name} must be 64 hexadecimal digits") from error
        if any(len(key) != 32 for key in found):
            raise MissingSettingError(f"{name} must be 64 hexadecimal digits")
        return found

    def keys_database(self, name: str, families: str) -> str:
        """An address without credentials; keys beside what they open would be in its backups."""
        address = without_credentials(self.required(name))
        ours, theirs = urlsplit(address), urlsplit(self.required(families))
        if (ours.hostname, ours.port or 5432, ours.path) == (
            theirs.hostname,
            theirs.port or 5432,
            theirs.path,
        ):
            raise MissingSettingError(f"{name} must name a database of its own")
        return address

    def key_services(self) -> Mapping[str, KeyService]:
        """What ``HEARTH_KMS_<REFERENCE>_ADDRESS`` and ``…_TOKEN`` tell, by lower-case reference."""
        found = (_KEY_SERVICE.fullmatch(name) for name in sorted(self._environ))
        return {
            match[1].lower(): KeyService(
                self.required(f"HEARTH_KMS_{match[1]}_ADDRESS"),
                self.required(f"HEARTH_KMS_{match[1]}_TOKEN"),
            )
            for match in found
            if match
        }

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(part for part in self.required(name).replace(",", " ").split() if part)


def without_credentials(url: str) -> str:
    """The same address without user and password, for processes that bring their own."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
