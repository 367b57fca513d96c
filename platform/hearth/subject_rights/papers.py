"""The papers of requests: the file about somebody, and the certificate of an erasure."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from hearth.data_records import DataGroup
from hearth.data_register.paper import Paper, Section, as_pdf
from hearth.data_register.services import kept
from hearth.data_register.words import GROUPS, PURPOSES, RECIPIENTS, cited
from hearth.subject_rights.disclosure import as_text
from hearth.subject_rights.gathering import Told
from hearth.subject_rights.labels import Names, in_words
from hearth.subject_rights.models import ErasureCertificate
from hearth.subject_rights.words import ERASURE_KINDS, METHODS, field_word, table_word
from hearth.web.formatting import format_date, format_number
from tenants.legal import LegalProfile
from tenants.registry import OrgRef


def file_about(
    told: Iterable[Told],
    *,
    house: OrgRef,
    profile: LegalProfile,
    lang: str,
    made_at: datetime,
    names: Names,
) -> bytes:
    """One ZIP with the same contents twice, JSON for a machine and PDF for a human, and files.

    The paper says everything in words; the JSON has the codes, and the words beside them.
    """
    rows, files = _apart(told)
    paper = Paper(
        title=_("What we hold about you"),
        intro=_(
            "You asked for it, and it is yours. Where %(mark)s stands, it tells of others.",
            mark="[…]",
        ),
        sections=[*(_section(row, names) for row in rows), *_general(rows, profile)],
        note=_("Made on %(day)s.", day=format_date(made_at)),
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        text = json.dumps(_as_data(rows, profile, made_at, names), ensure_ascii=False, indent=2)
        file.writestr("data.json", text)
        file.writestr("data.pdf", as_pdf(paper, house=house, lang=lang))
        for name, content in files.items():
            file.writestr(name, content)
    return packed.getvalue()


def certificate_pdf(
    certificate: ErasureCertificate,
    *,
    counts: Mapping[str, int],
    mark: str | None,
    house: OrgRef,
    lang: str,
    names: dict[Any, str],
) -> bytes:
    """What was erased, how, by whose decision; it names nobody who was erased."""
    clock = _("the retention clock of this organisation")
    pairs = [
        (_("Day"), format_date(certificate.at)),
        (_("Why"), str(ERASURE_KINDS[certificate.kind])),
        *([(_("Mark of the subject (SHA-256)"), mark)] if mark else []),
        (_("How"), str(METHODS[certificate.method])),
        (_("Asked by"), names.get(certificate.asked_by, clock)),
        (_("Approved by"), names.get(certificate.approved_by, clock)),
        (_("Last backup of the keys ends on"), format_date(certificate.last_key_backup_ends_on)),
    ]
    erased = [(table_word(name), format_number(n)) for name, n in counts.items()]
    remains = [(str(GROUPS[DataGroup(g)]), until) for g, until in kept_groups(certificate)]
    return as_pdf(
        Paper(
            title=_("Certificate of erasure"),
            sections=[
                Section(heading=_("The act"), pairs=pairs),
                Section(heading=_("Entries that cannot be read any more"), pairs=erased),
                Section(heading=_("What was kept, and until when"), pairs=remains),
            ],
            note=_("Figures that were published before stay; nobody can be recognised in them."),
        ),
        house=house,
        lang=lang,
    )


def kept_groups(certificate: ErasureCertificate) -> list[tuple[str, str]]:
    """The groups that were kept, with the day on which that ends."""
    return [(group, until or "–") for group, until in certificate.kept.items()]


def _apart(told: Iterable[Told]) -> tuple[list[Told], dict[str, bytes]]:
    """The rows with the names of files in the place of their contents, and the files by name."""
    rows, files = [], {}
    for one in told:
        values = dict(one.values)
        for field, value in one.values.items():
            if isinstance(value, bytes):
                kind = next((str(v) for f, v in values.items() if f.name == "kind"), "bin")
                values[field] = f"files/{one.row_id}.{kind}"
                files[values[field]] = value
        rows.append(replace(one, values=values))
    return rows, files


def _section(told: Told, names: Names) -> Section:
    return Section(heading=table_word(told.table.name), pairs=list(_labels(told, names).values()))


def _labels(told: Told, names: Names) -> dict[str, tuple[str, str]]:
    """What each field is called and says, in words."""
    return {
        field.name: (
            field_word(field.name, field.data_class),
            in_words(told.table.name, field.name, value, names),
        )
        for field, value in told.values.items()
    }


def _general(rows: list[Told], profile: LegalProfile) -> list[Section]:
    """What everybody is told beside the data (GDPR art. 15(1), 152-FZ art. 14(7))."""
    purposes = {told.table.record.purpose for told in rows}
    groups = {told.table.record.group for told in rows}
    return [
        Section(
            heading=_("What we need it for, and who receives it"),
            pairs=[(str(PURPOSES[p]), str(RECIPIENTS[p])) for p in PURPOSES if p in purposes],
        ),
        Section(
            heading=_("How long we keep it"),
            pairs=[(str(GROUPS[g]), kept(profile.retention[g])) for g in GROUPS if g in groups],
        ),
        Section(heading=_("What is not in this file"), sentences=[_not_told(profile)]),
        Section(
            heading=_("Your rights"),
            sentences=[
                _("You can have it corrected, erased or set aside, and you can object."),
                _("You can complain to %(authority)s.", authority=cited(profile.notices.authority)),
            ],
        ),
    ]


def _not_told(profile: LegalProfile) -> str:
    """The same in every file, so that it does not tell whether anything was kept back."""
    text = _(
        "What tells of other people is kept back, because their rights and freedoms stand beside"
        " yours (%(article)s).",
        article=cited(profile.others),
    )
    return str(text)


def _as_data(
    rows: list[Told], profile: LegalProfile, made_at: datetime, names: Names
) -> dict[str, Any]:
    return {
        "made_at": made_at.isoformat(),
        "law": profile.law,
        "not_told": _not_told(profile),
        "entries": [
            {
                "about": told.table.name,
                "label": table_word(told.table.name),
                "purpose": told.table.record.purpose.value,
                "ground": profile.bases[told.table.record.basis],
                "kept": kept(profile.retention[told.table.record.group]),
                "fields": {field.name: as_text(value) for field, value in told.values.items()},
                "labels": {
                    name: {"field": label, "value": value}
                    for name, (label, value) in _labels(told, names).items()
                },
            }
            for told in rows
        ],
    }
