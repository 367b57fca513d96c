"""The registry's tables and the two bases every other table inherits from."""

import os
import time
import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
TYPES: dict[Any, Any] = {
    uuid.UUID: Uuid(),
    datetime: DateTime(timezone=True),
    dict[str, Any]: JSONB(),
    dict[str, str]: JSONB(),
    list[str]: ARRAY(Text()),
    str: Text(),
}


class TenantModel(DeclarativeBase):
    """A table that exists once in every organisation's own schema; it never names a schema."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = TYPES


class SharedModel(DeclarativeBase):
    """A table of schema ``shared``: registry, hand-over ids, protected cubes, federation staff."""

    metadata = MetaData(schema="shared", naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = TYPES


def new_id() -> uuid.UUID:
    """A version 7 UUID (RFC 9562): it begins with the time, so indexes grow at one end."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds.to_bytes(6, "big") + os.urandom(10)
    number = int.from_bytes(value, "big")
    number = number & ~(0xF << 76) | (0x7 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=number)


class Placement(SharedModel):
    """A PostgreSQL that holds organisations' schemas; its address is known to the environment.

    The country of ``default`` is told by the environment too; every other one is written down here
    and there, and where the two differ nobody is served from it.
    """

    __tablename__ = "placements"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9-]{0,39}$'", name="name"),
        CheckConstraint("(name = 'default') = (country IS NULL)", name="country"),
    )

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    country: Mapped[str | None] = mapped_column(String(2))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Schema(SharedModel):
    """A schema with a login role of the same name: ready in the warm pool, or somebody's."""

    __tablename__ = "schemas"
    __table_args__ = (
        CheckConstraint("state IN ('warm', 'claimed', 'scratch', 'dropped')", name="state"),
    )

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), server_default="warm", index=True)
    database: Mapped[str] = mapped_column(
        String(63), ForeignKey("shared.placements.name"), server_default="default"
    )
    generation: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Organisation(SharedModel):
    """One organisation of the federation and everything routing needs to know about it."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("state IN ('active', 'suspended', 'dropped')", name="state"),
        CheckConstraint("slug ~ '^[a-z][a-z0-9-]{0,49}$'", name="slug"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(50), unique=True)
    schema_name: Mapped[str] = mapped_column(
        String(63), ForeignKey("shared.schemas.name"), unique=True
    )
    names: Mapped[dict[str, str]]
    regions: Mapped[dict[str, str]]
    locales: Mapped[list[str]]
    staff_locale: Mapped[str] = mapped_column(String(5))
    timezone: Mapped[str] = mapped_column(String(40))
    country: Mapped[str] = mapped_column(String(2))
    currency: Mapped[str] = mapped_column(String(3))
    theme: Mapped[str] = mapped_column(String(20))
    hosts: Mapped[list[str]] = mapped_column(server_default="{}")
    allowed_countries: Mapped[list[str]] = mapped_column(server_default="{}")
    backups: Mapped[str] = mapped_column(String(40), server_default="default")
    files: Mapped[str] = mapped_column(String(40), server_default="default")
    relay: Mapped[str] = mapped_column(String(40), server_default="default")
    errors: Mapped[str] = mapped_column(String(40), server_default="default")
    read_only_since: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), server_default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Move(SharedModel):
    """One organisation's way from one placement to another, so that it can be gone on with."""

    __tablename__ = "moves"
    __table_args__ = (
        CheckConstraint("state IN ('copying', 'switched', 'done', 'aborted')", name="state"),
        Index(
            "uq_moves_under_way",
            "schema_name",
            unique=True,
            postgresql_where=text("state IN ('copying', 'switched')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    schema_name: Mapped[str] = mapped_column(String(63), ForeignKey("shared.schemas.name"))
    source: Mapped[str] = mapped_column(String(63), ForeignKey("shared.placements.name"))
    target: Mapped[str] = mapped_column(String(63), ForeignKey("shared.placements.name"))
    state: Mapped[str] = mapped_column(String(10), server_default="copying")
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    old_dropped_at: Mapped[datetime | None]


class Backup(SharedModel):
    """One backup of one organisation: where it lies, until when, and what a drill found."""

    __tablename__ = "backups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    schema_name: Mapped[str] = mapped_column(
        String(63), ForeignKey("shared.schemas.name"), index=True
    )
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    destination: Mapped[str] = mapped_column(String(40))
    folder: Mapped[str] = mapped_column(String(200))
    key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shared.backup_keys.id"))
    rows: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str] = mapped_column(String(64))
    keep_until: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    drilled_at: Mapped[datetime | None]
    drill_passed: Mapped[bool | None]


class BackupKey(SharedModel):
    """What makes an organisation's backup key out of the installation's secret.

    Without the salt no backup under this key can be opened again, so destroying it destroys them.
    """

    __tablename__ = "backup_keys"
    __table_args__ = (
        CheckConstraint("(salt IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    schema_name: Mapped[str] = mapped_column(
        String(63), ForeignKey("shared.schemas.name"), index=True
    )
    salt: Mapped[bytes | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    destroyed_at: Mapped[datetime | None]


class SchemaVersion(SharedModel):
    """Which revision a schema stands at; the whole installation is one query."""

    __tablename__ = "schema_versions"

    schema_name: Mapped[str] = mapped_column(String(63), primary_key=True)
    line: Mapped[str] = mapped_column(String(10))
    revision: Mapped[str] = mapped_column(String(32))
    migrated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OrganisationMarker(TenantModel):
    """One row that says which schema this is, so that a wrong address is noticed at once."""

    __tablename__ = "organisation_marker"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    only_row: Mapped[bool] = mapped_column(primary_key=True, default=True)
    schema_name: Mapped[str] = mapped_column(String(63))
