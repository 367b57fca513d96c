"""What a table says about itself: whose data it holds, for what, on what ground, how closely."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hearth.data_classes import FieldClass


class DataGroup(StrEnum):
    """What is kept for the same time; each legal profile says for how long."""

    FAMILY_FILES = "family_files"
    REFERRALS = "referrals"
    DONORS = "donors"
    BOOKS = "books"
    STAFF = "staff"
    SECURITY = "security"
    RIGHTS = "rights"
    FIGURES = "figures"
    OPERATION = "operation"


class Purpose(StrEnum):
    """What data are collected for."""

    REFERRALS = "referrals"
    ACCOMPANIMENT = "accompaniment"
    SHELTER = "shelter"
    GIVING = "giving"
    BOOKKEEPING = "bookkeeping"
    STAFF = "staff"
    SECURITY = "security"
    RIGHTS = "rights"
    FIGURES = "figures"
    OPERATION = "operation"


class Basis(StrEnum):
    """The legal ground; each legal profile names its own article for it."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    VITAL_INTEREST = "vital_interest"
    LEGITIMATE_INTEREST = "legitimate_interest"
    NOT_PERSONAL = "not_personal"


class SubjectKind(StrEnum):
    """Whom a row can lead to."""

    PERSON = "person"
    HOUSEHOLD = "household"
    REFERRAL = "referral"
    DONOR = "donor"
    STAFF = "staff"


@dataclass(frozen=True, init=False)
class SubjectPath:
    """How a row leads to its subject: a column of its own, or foreign keys and then a column."""

    kind: SubjectKind
    columns: tuple[str, ...]

    def __init__(self, kind: SubjectKind, *columns: str) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "columns", columns)


Classes = frozenset[FieldClass]
# Alike for every row, or by what stands in the row.
Asked = Classes | Callable[[Any], Classes]


@dataclass(frozen=True, kw_only=True)
class DataRecord:
    """One table's entry in the register of processing.

    ``classes`` names what no rule can tell from a column's type; ``others`` are columns that may
    tell of somebody else than the subject, and ``blanks`` what stands in a column that cannot be
    empty after an erasure (a text is formatted with the row's id). ``dated`` leads from a row that
    is about a whole family to its day, by a column or by foreign keys and then a column;
    ``named_by`` is the table that says for which people of the family such a row was.

    ``asks`` says what somebody has to read beyond a column's own class before she reads it, and
    ``asks_always`` what she has to read before she reads anything of a row.
    """

    group: DataGroup
    purpose: Purpose
    basis: Basis
    classes: Mapping[str, FieldClass] = field(default_factory=dict)
    subject: tuple[SubjectPath, ...] = ()
    others: frozenset[str] = frozenset()
    blanks: Mapping[str, object] = field(default_factory=dict)
    dated: tuple[str, ...] = ()
    named_by: str = ""
    asks: Mapping[str, Asked] = field(default_factory=dict)
    asks_always: Classes = frozenset()


OF_PERSON = SubjectPath(SubjectKind.PERSON, "person_id")
OF_HOUSEHOLD = SubjectPath(SubjectKind.HOUSEHOLD, "household_id")

# The tables of the package below this one, which cannot name what stands above it.
_TECHNICAL = DataRecord(
    group=DataGroup.OPERATION, purpose=Purpose.OPERATION, basis=Basis.NOT_PERSONAL
)
BELOW: Mapping[str, DataRecord] = MappingProxyType(
    {
        "organisation_marker": _TECHNICAL,
        "schemas": _TECHNICAL,
        "organisations": _TECHNICAL,
        "schema_versions": _TECHNICAL,
        "placements": _TECHNICAL,
        "moves": _TECHNICAL,
        "backups": _TECHNICAL,
        "backup_keys": _TECHNICAL,
    }
)
