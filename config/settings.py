"""Reads every setting from the environment once, and refuses to start when one is missing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
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


class MissingSettingError(RuntimeError):
    """A required environment variable is absent or unusable; the message never tells its value."""


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
    pooled_connections: bool
    forwarded_hops: int
    label: str
    sentry_dsn: str | None
    styleguide: bool
    country: str
    endpoints: Endpoints
    backup_secret: str | None
    backup_days: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; ``NAME_FILE`` may name a file that holds the value of ``NAME``."""
        env = _Environment(os.environ if environ is None else environ)
        return cls(
            secret_key=env.secret("HEARTH_SECRET_KEY"),
            database_secret=env.secret("HEARTH_DATABASE_SECRET"),
            database_url=without_credentials(env.required("DATABASE_URL")),
            owner_database_url=env.optional("HEARTH_OWNER_DATABASE_URL"),
            redis_url=env.required("REDIS_URL"),
            base_domain=env.required("HEARTH_BASE_DOMAIN").lower(),
            scheme=env.optional("HEARTH_SCHEME") or "https",
            public_port=env.number("HEARTH_PUBLIC_PORT"),
            smtp_host=env.required("HEARTH_SMTP_HOST"),
            smtp_port=env.number("HEARTH_SMTP_PORT") or 25,
            smtp_user=env.optional("HEARTH_SMTP_USER"),
            smtp_password=env.optional("HEARTH_SMTP_PASSWORD"),
            smtp_tls=env.flag("HEARTH_SMTP_TLS"),
            mail_from=env.required("HEARTH_MAIL_FROM"),
            stripe_api_key=env.required("STRIPE_API_KEY"),
            stripe_api_base=env.optional("STRIPE_API_BASE"),
            stripe_webhook_secrets=env.several("STRIPE_WEBHOOK_SECRETS"),
            role_prefix=env.optional("HEARTH_ROLE_PREFIX") or "org_",
            pooled_connections=env.flag("HEARTH_POOLED_CONNECTIONS"),
            forwarded_hops=env.number("HEARTH_FORWARDED_HOPS") or 0,
            label=env.optional("HEARTH_LABEL") or "unnamed",
            sentry_dsn=env.optional("SENTRY_DSN"),
            styleguide=env.flag("HEARTH_STYLEGUIDE"),
            country=env.country("HEARTH_COUNTRY"),
            endpoints=env.endpoints(),
            backup_secret=env.optional_secret("HEARTH_BACKUP_SECRET"),
            backup_days=env.number("HEARTH_BACKUP_DAYS") or 35,
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

    def secret(self, name: str) -> str:
        value = self.required(name)
        if len(value) < 32:
            raise MissingSettingError(f"{name} must be at least 32 characters long")
        return value

    def optional_secret(self, name: str) -> str | None:
        return self.secret(name) if self.optional(name) is not None else None

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

    def flag(self, name: str) -> bool:
        value = (self.optional(name) or "no").lower()
        if value not in {"1", "yes", "true", "0", "no", "false"}:
            raise MissingSettingError(f"{name} must be yes or no")
        return value in {"1", "yes", "true"}

    def several(self, name: str) -> tuple[str, ...]:
        return tuple(part for part in self.required(name).replace(",", " ").split() if part)


def without_credentials(url: str) -> str:
    """The same address without user and password, for processes that bring their own."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
