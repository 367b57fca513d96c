"""The protected cube itself: the only form in which figures leave an organisation."""

import datetime
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hearth.aggregates.lattice import fill, refuse_stray_cells
from hearth.aggregates.limits import Base, is_of_enough_families, publishable_amount
from hearth.indicators import Cell, Indicator, Period, PeriodKind
from tenants.passwords import derive

SEED_GENERATION = 2
"""Raised when the secret behind the weights changes; published cubes keep their own number."""


class SmallCountError(ValueError):
    """Something tried to make a cube that holds a small count."""


class ForgedCubeError(ValueError):
    """A cube's signature is not its organisation's."""


@dataclass(frozen=True, slots=True)
class ProtectedCell:
    """One published figure; the amount is there only where no donor can be read from it."""

    codes: Cell
    value: int
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedCube:
    """A rounded lattice of one organisation, indicator and period; it cannot hold small counts."""

    organisation: str
    """The organisation's opaque schema name."""
    indicator: str
    version: int
    period_kind: PeriodKind
    period_start: datetime.date
    period_end: datetime.date
    base: Base
    snapshot_id: uuid.UUID
    revision: int
    seed_generation: int
    cells: tuple[ProtectedCell, ...]
    signature: str = ""

    def __post_init__(self) -> None:
        for cell in self.cells:
            if 0 < cell.value < self.base or cell.value < 0:
                raise SmallCountError(f"{self.indicator} holds a count below {self.base}.")
            if cell.amount_minor is not None and cell.value < self.base:
                raise SmallCountError(f"{self.indicator} holds an amount of too few gifts.")

    def document(self) -> dict[str, Any]:
        """Everything that is signed, as JSON types."""
        return {
            "organisation": self.organisation,
            "indicator": self.indicator,
            "version": self.version,
            "period": [
                self.period_kind.value,
                self.period_start.isoformat(),
                self.period_end.isoformat(),
            ],
            "base": int(self.base),
            "snapshot": str(self.snapshot_id),
            "revision": self.revision,
            "seed_generation": self.seed_generation,
            "cells": [[list(c.codes), c.value, c.amount_minor, c.currency] for c in self.cells],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, signature: str) -> "ProtectedCube":
        """Rebuild a cube from what `document` returned."""
        kind, start, end = document["period"]
        return cls(
            organisation=document["organisation"],
            indicator=document["indicator"],
            version=document["version"],
            period_kind=PeriodKind(kind),
            period_start=datetime.date.fromisoformat(start),
            period_end=datetime.date.fromisoformat(end),
            base=Base(document["base"]),
            snapshot_id=uuid.UUID(document["snapshot"]),
            revision=document["revision"],
            seed_generation=document["seed_generation"],
            cells=tuple(
                ProtectedCell(tuple(codes), value, amount_minor, currency)
                for codes, value, amount_minor, currency in document["cells"]
            ),
            signature=signature,
        )

    @property
    def canonical(self) -> bytes:
        """The document as the one byte string that checksum and signature are made of."""
        text = json.dumps(
            self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode()

    @property
    def checksum(self) -> str:
        """SHA-256 of the canonical document, in hexadecimal."""
        return hashlib.sha256(self.canonical).hexdigest()

    def signed(self, secret: str) -> "ProtectedCube":
        """Return the cube with its organisation's signature."""
        return replace(self, signature=self._signature(secret))

    def refuse_forgery(self, secret: str) -> None:
        """Raise unless the organisation named in the cube signed exactly these figures."""
        if not hmac.compare_digest(self.signature, self._signature(secret)):
            raise ForgedCubeError(f"The signature of {self.indicator} does not fit.")

    def _signature(self, secret: str) -> str:
        key = _derive(secret, "cube signature", self.organisation, self.seed_generation)
        return hmac.new(key, self.canonical, hashlib.sha256).hexdigest()


def protect(
    indicator: Indicator,
    *,
    counts: Mapping[Cell, int],
    by_donor: Mapping[Cell, Sequence[int]],
    by_family: Mapping[Cell, Sequence[int]] | None = None,
    organisation: str,
    period: Period,
    base: Base,
    snapshot_id: uuid.UUID,
    secret: str,
) -> ProtectedCube:
    """Turn exact figures into a signed protected cube; the only way from one to the other.

    A hidden amount is in no sum: sums of amounts are made of published cells alone, so nothing can
    be subtracted to find it. A count that is of too few families is none before it is rounded.
    """
    refuse_stray_cells(indicator, by_donor)
    exact = fill(indicator, counts)
    if by_family is not None:
        refuse_stray_cells(indicator, by_family)
        enough = {c for c in exact if is_of_enough_families(by_family.get(c, ()), base=base)}
        exact = {codes: count if codes in enough else 0 for codes, count in exact.items()}
    # No period and no snapshot: what is drawn anew each month can be averaged away.
    seed = _derive(
        secret,
        "cube weights",
        organisation,
        SEED_GENERATION,
        indicator.id,
        indicator.version,
    )
    # What solves such tables fills memory and takes a while to load: only who publishes needs it.
    from hearth.aggregates.rounding import round_counts  # noqa: PLC0415

    rounded = round_counts(exact, base=base, seed=seed)
    cells = []
    for codes in indicator.cells:
        amount = publishable_amount(exact[codes], by_donor.get(codes, ()), base=base)
        currency = None if amount is None else indicator.currency_of(codes)
        cells.append(ProtectedCell(codes, rounded[codes], amount, currency))
    return ProtectedCube(
        organisation=organisation,
        indicator=indicator.id,
        version=indicator.version,
        period_kind=period.kind,
        period_start=period.starts_on,
        period_end=period.ends_on,
        base=base,
        snapshot_id=snapshot_id,
        revision=0,
        seed_generation=SEED_GENERATION,
        cells=tuple(cells),
    ).signed(secret)


def _derive(secret: str, *names: object) -> bytes:
    """A key of its own for each purpose and set of names."""
    return derive(secret, json.dumps([str(name) for name in names]))
