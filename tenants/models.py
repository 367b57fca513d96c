"""The registry's tables and the two bases every other table inherits from."""

import os
import time
import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
    Uuid,
    func,
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


class Schema(SharedModel):
    """A schema with a login role of the same name: ready in the warm pool, or somebody's."""

    __tablename__ = "schemas"
    __table_args__ = (CheckConstraint("state IN ('warm', 'claimed', 'dropped')", name="state"),)

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    state: Mapped[str] = mapped_column(String(10), server_default="warm", index=True)
    database: Mapped[str] = mapped_column(String(63), server_default="default")
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
    state: Mapped[str] = mapped_column(String(10), server_default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


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
