"""Tables of published figures: frozen cubes in `shared`, and each organisation's own record."""

import datetime
import uuid
from typing import Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose
from tenants.models import SharedModel, TenantModel, new_id


class Cube(SharedModel):
    """One protected cube as it was published; privileges and a trigger keep it as it is."""

    __tablename__ = "cubes"
    __table_args__ = (
        UniqueConstraint(
            "organisation", "indicator", "version", "period_kind", "period_start", "revision"
        ),
        CheckConstraint("base IN (5, 10)", name="base"),
        CheckConstraint("period_kind IN ('month')", name="period_kind"),
        CheckConstraint("period_start < period_end", name="period"),
        CheckConstraint("(revision = 0) = (revision_of IS NULL)", name="revision"),
    )

    __record__ = DataRecord(
        group=DataGroup.FIGURES,
        purpose=Purpose.FIGURES,
        basis=Basis.NOT_PERSONAL,
        classes={
            "organisation": FieldClass.TECHNICAL,
            "indicator": FieldClass.TECHNICAL,
            "version": FieldClass.TECHNICAL,
            "period_kind": FieldClass.TECHNICAL,
            "base": FieldClass.TECHNICAL,
            "snapshot_id": FieldClass.TECHNICAL,
            "seed_generation": FieldClass.TECHNICAL,
            "revision": FieldClass.TECHNICAL,
            "checksum": FieldClass.TECHNICAL,
            "signature": FieldClass.TECHNICAL,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    organisation: Mapped[str] = mapped_column(String(63))
    indicator: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    period_kind: Mapped[str] = mapped_column(String(10))
    period_start: Mapped[datetime.date]
    period_end: Mapped[datetime.date]
    base: Mapped[int]
    snapshot_id: Mapped[uuid.UUID]
    seed_generation: Mapped[int]
    revision: Mapped[int]
    revision_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("shared.cubes.id"))
    checksum: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

    cells: Mapped[list["CubeCell"]] = relationship(lazy="raise")


class CubeCell(SharedModel):
    """One figure of a cube; the table itself refuses a small count."""

    __tablename__ = "cube_cells"
    __table_args__ = (
        CheckConstraint("value = 0 OR value >= 5", name="no_small_count"),
        CheckConstraint("amount_minor IS NULL OR value >= 5", name="no_small_amount"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="currency"),
    )

    __record__ = DataRecord(
        group=DataGroup.FIGURES,
        purpose=Purpose.FIGURES,
        basis=Basis.NOT_PERSONAL,
        classes={
            "codes": FieldClass.TECHNICAL,
            "value": FieldClass.CASEWORK,
            "amount_minor": FieldClass.MONEY,
            "currency": FieldClass.MONEY,
        },
    )

    cube_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("shared.cubes.id"), primary_key=True)
    codes: Mapped[tuple[str, ...]] = mapped_column(ARRAY(Text(), as_tuple=True), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(CHAR(3))


class Publication(TenantModel):
    """What this organisation published, kept whole, so that weights are never drawn twice."""

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("indicator", "version", "period_kind", "period_start", "revision"),
    )

    __record__ = DataRecord(
        group=DataGroup.FIGURES,
        purpose=Purpose.FIGURES,
        basis=Basis.NOT_PERSONAL,
        classes={
            "indicator": FieldClass.TECHNICAL,
            "version": FieldClass.TECHNICAL,
            "period_kind": FieldClass.TECHNICAL,
            "revision": FieldClass.TECHNICAL,
            "snapshot_id": FieldClass.TECHNICAL,
            "seed_generation": FieldClass.TECHNICAL,
            "checksum": FieldClass.TECHNICAL,
            "signature": FieldClass.TECHNICAL,
            "document": FieldClass.CASEWORK,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    indicator: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    period_kind: Mapped[str] = mapped_column(String(10))
    period_start: Mapped[datetime.date]
    revision: Mapped[int]
    snapshot_id: Mapped[uuid.UUID]
    seed_generation: Mapped[int]
    checksum: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(64))
    document: Mapped[dict[str, Any]]
    published_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
