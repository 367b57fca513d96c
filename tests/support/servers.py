"""One PostgreSQL and one Valkey for a whole run, and a template database with two organisations."""

import os
import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from config.embedded import EmbeddedPostgres, EmbeddedValkey
from config.settings import Settings
from hearth.accounts import totp
from hearth.accounts.models import directory
from hearth.accounts.passwords import hash_password
from hearth.accounts.permissions import FEDERATION_ROLES, Role
from tenants import context, keys_database, provisioning, roles
from tenants.engines import Engines
from tenants.migrator import migrate_all
from tenants.provisioning import Profile

TEMPLATE = "hearth_template"
BASE_DOMAIN = "hearth.test"
PASSWORD = "correct horse battery staple"
# What everybody's app is set up with here.
APP_SECRET = "CORRECTHORSEBATTERYSTAPLE2345673"


@dataclass(frozen=True)
class Addresses:
    """Where the run's servers are; plain text, so that it can travel to a worker process."""

    superuser_dsn: str
    redis_url: str

    def to_plain(self) -> dict[str, str]:
        return asdict(self)


class Servers:
    """Both servers with the template database; ``start`` in the controlling process."""

    def __init__(self, *, durable: bool = False) -> None:
        self._stack = ExitStack()
        self._durable = durable

    def start(self) -> Addresses:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-test-")))
        self.postgres = EmbeddedPostgres(folder / "pg", durable=self._durable)
        self.valkey = EmbeddedValkey(folder / "valkey", durable=self._durable)
        self._stack.enter_context(self.postgres)
        self._stack.enter_context(self.valkey)
        addresses = Addresses(self.postgres.superuser_dsn, self.valkey.url)
        make_template(addresses)
        return addresses

    def stop(self) -> None:
        self._stack.close()


def keys_of(database: str) -> str:
    """The database in which the keys of a database's organisations are."""
    return f"{database}_keys"


def dsn_for(addresses: Addresses, database: str) -> str:
    return psycopg.conninfo.make_conninfo(addresses.superuser_dsn, dbname=database)


def url_for(addresses: Addresses, database: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(addresses.superuser_dsn)
    return f"postgresql://{parts['host']}:{parts['port']}/{database}"


def settings_for(addresses: Addresses, database: str, **changes: str) -> Settings:
    """Settings as the environment of a process would give them."""
    return Settings.from_env(environment_for(addresses, database, **changes))


def environment_for(addresses: Addresses, database: str, **changes: str) -> dict[str, str]:
    return {
        "HEARTH_SECRET_KEY": "test-secret-key-" * 3,
        "HEARTH_DATABASE_SECRET": "test-database-secret-" * 2,
        "HEARTH_KEYS_SECRET": "test-keys-secret-" * 3,
        "HEARTH_KEYS_DATABASE_URL": url_for(addresses, keys_of(database)),
        "HEARTH_KEYS_OWNER_DATABASE_URL": dsn_for(addresses, keys_of(database)),
        "DATABASE_URL": url_for(addresses, database),
        "HEARTH_OWNER_DATABASE_URL": dsn_for(addresses, database),
        "REDIS_URL": addresses.redis_url,
        "HEARTH_BASE_DOMAIN": BASE_DOMAIN,
        "HEARTH_SMTP_HOST": "127.0.0.1",
        "HEARTH_SMTP_PORT": "9",
        "HEARTH_MAIL_FROM": "post@hearth.test",
        "STRIPE_API_KEY": "sk_test_hearth",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "STRIPE_WEBHOOK_SECRETS": "whsec_test",
        "HEARTH_LABEL": "tests",
        # A run asks for more in a minute than any house; those that test the limits switch them on.
        "HEARTH_RATE_LIMITS": "no",
        **changes,
    }


def make_template(addresses: Addresses) -> None:
    """Build the database every worker's own is a copy of."""
    with psycopg.connect(addresses.superuser_dsn, autocommit=True) as connection:
        for name in (TEMPLATE, keys_of(TEMPLATE)):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    dsn = dsn_for(addresses, TEMPLATE)
    settings = settings_for(addresses, TEMPLATE)
    keys_database.prepare(dsn_for(addresses, keys_of(TEMPLATE)), settings)
    keys_database.migrate(dsn_for(addresses, keys_of(TEMPLATE)))
    with psycopg.connect(dsn, autocommit=True) as connection:
        roles.prepare_database(connection, settings)
        migrate_all(dsn, report=lambda _step: None)
        for slug in ("spb", "pskov"):
            provisioning.create_organisation(connection, settings, Profile.named(slug))
    runtime = context.configure(settings)
    hashed = hash_password(PASSWORD)
    for organisation in runtime.registry.all_active():
        with context.tenant_session(organisation) as session:
            for role in sorted(set(Role) - FEDERATION_ROLES):
                _add_user(
                    session, role, f"{role}@{organisation.slug}.example.org", hashed, settings
                )
    with context.shared_session() as session:
        for role in FEDERATION_ROLES:
            _add_user(session, role, f"{role}@federation.example.org", hashed, settings)
    assert isinstance(runtime.bindings, Engines)
    runtime.bindings.dispose()


def _add_user(session: Session, role: Role, email: str, hashed: str, settings: Settings) -> None:
    tables = directory(session)
    user = tables.user(
        email=email,
        name=f"Test {role}",
        password_hash=hashed,
        roles=[role],
        locale="en",
        second_factor_at=datetime.now(UTC),
    )
    session.add(user)
    session.flush()
    sealed = totp.seal(APP_SECRET, secret_key=settings.secret_key, user_id=user.id)
    session.add(tables.app(user_id=user.id, secret_sealed=sealed))


def copy_template(addresses: Addresses, name: str) -> str:
    """A fresh copy of the template, closed like any database of ours; returns its name."""
    database = f"hearth_{name}_{os.getpid()}_{secrets.token_hex(3)}"
    with psycopg.connect(addresses.superuser_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(7)")
        for copy, original in ((database, TEMPLATE), (keys_of(database), keys_of(TEMPLATE))):
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(copy), sql.Identifier(original)
                )
            )
        keys_database.prepare(
            dsn_for(addresses, keys_of(database)), settings_for(addresses, database)
        )
    with psycopg.connect(dsn_for(addresses, database), autocommit=True) as connection:
        roles.close_database(connection)
        for (role,) in connection.execute("SELECT name FROM shared.schemas").fetchall():
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(database), sql.Identifier(role)
                )
            )
    return database


def drop_database(addresses: Addresses, database: str) -> None:
    with psycopg.connect(addresses.superuser_dsn, autocommit=True) as connection:
        for name in (database, keys_of(database)):
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
