"""Composes the record of processing from the register and the legal profile of the country."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from hearth.data_classes import FieldClass
from hearth.data_records import Basis, Purpose
from hearth.data_register.registry import DataTable, organisation_tables
from hearth.data_register.words import (
    CLASSES,
    GROUPS,
    PURPOSES,
    RECIPIENTS,
    STARTS,
    SUBJECTS,
    cited,
)
from tenants.legal import LegalProfile, Retention


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What is processed for one purpose, in the reader's words (GDPR art. 30, 152-FZ art. 22)."""

    purpose: str
    subjects: list[str]
    data: list[str]
    bases: list[str]
    recipients: str
    retention: list[str]


def record_of_processing(profile: LegalProfile) -> list[Activity]:
    """One entry for every purpose for which somebody's data are held."""
    tables = organisation_tables()
    return [
        _activity(purpose, [t for t in tables if t.record.purpose is purpose], profile)
        for purpose in Purpose
        if any(t.record.purpose is purpose and t.record.subject for t in tables)
    ]


def kept(retention: Retention) -> str:
    """How long a group is kept, in words."""
    if not retention.ends:
        return str(_("not erased, because it names nobody"))
    years = ngettext("%(num)s year", "%(num)s years", retention.years)
    start = str(STARTS[retention.after])
    if retention.duty:
        return str(_("%(years)s %(start)s, as a law demands", years=years, start=start))
    return f"{years} {start}"


def _activity(purpose: Purpose, tables: list[DataTable], profile: LegalProfile) -> Activity:
    classes = {f.data_class for t in tables for f in t.fields} - {FieldClass.TECHNICAL}
    kinds = {path.kind for t in tables for path in t.record.subject}
    grounds = {t.record.basis for t in tables} - {Basis.NOT_PERSONAL}
    groups = {t.record.group for t in tables if t.record.subject}
    return Activity(
        purpose=str(PURPOSES[purpose]),
        subjects=_in_order(SUBJECTS, kinds),
        data=_in_order(CLASSES, classes),
        bases=sorted(cited(profile.bases[ground]) for ground in grounds),
        recipients=str(RECIPIENTS[purpose]),
        retention=[
            f"{label}: {kept(profile.retention[group])}"
            for group, label in GROUPS.items()
            if group in groups
        ],
    )


def _in_order(words: Mapping[Any, object], wanted: Iterable[object]) -> list[str]:
    chosen = set(wanted)
    return [str(text) for code, text in words.items() if code in chosen]
