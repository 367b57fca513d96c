"""The certificate of destruction: what was handed over, what was destroyed, how, and by whom."""

from dataclasses import asdict

from flask_babel import gettext as _

from hearth.safekeeping.offboarding import Destroyed
from hearth.safekeeping.paper import Paper, Section
from hearth.web.formatting import format_date


def certificate(done: Destroyed, *, name: str, lang: str, people: tuple[str, str]) -> Paper:
    """The certificate in the language that is in force; it names an organisation and two people."""
    return Paper(
        lang=lang,
        author=name,
        title=_("Certificate of destruction"),
        intro=_(
            "Everything this organisation kept was exported, handed over and then destroyed, as"
            " written below. Two people stand for it with their names."
        ),
        sections=(
            Section(
                heading=_("What was destroyed"),
                rows=(
                    (_("Destroyed on"), format_date(done.destroyed_at.date())),
                    (_("Rows"), str(done.rows)),
                    (_("Tables"), str(len(done.tables))),
                    (_("Backups removed"), str(done.backups_removed)),
                    (_("Keys destroyed"), str(done.keys_destroyed)),
                    (_("Waiting jobs removed"), str(done.jobs_removed)),
                    (_("Payment notices removed"), str(done.hand_over_ids_removed)),
                    (_("Organisation, as SHA-256 of its id"), done.organisation_hash),
                    (_("Schema, as SHA-256 of its name"), done.schema_hash),
                ),
            ),
            Section(
                heading=_("How"),
                text=_(
                    "The database schema with every table and the login role were dropped. Backups"
                    " were sealed with a key of the organisation’s own; their files were deleted"
                    " and the key destroyed, so that a copy nobody knows of cannot be read. The"
                    " keys of persons’ names and notes lay in a database of their own and were"
                    " destroyed there."
                ),
            ),
            Section(
                heading=_("What ends later"),
                text=_(
                    "Copies of the registry may still hold the half of the key that was stored"
                    " there, until the day below. Published figures are rounded, name nobody, and"
                    " stay."
                ),
                rows=(
                    (
                        _("Copies of the registry end on"),
                        format_date(done.registry_copies_end.date()),
                    ),
                    (_("Copies of the keys end on"), format_date(done.key_copies_end.date())),
                    (_("Addresses to be taken out of the DNS"), ", ".join(done.hosts) or "–"),
                ),
            ),
            Section(
                heading=_("The export"),
                text=_("Rows of each table and the SHA-256 of its file, as handed over."),
                rows=tuple(
                    (f"{table}: {exported.rows}", exported.sha256)
                    for table, exported in done.tables.items()
                ),
            ),
        ),
        note=_("Made by the service itself. The same facts stand in certificate.json."),
        signatures=people,
    )


def to_plain(done: Destroyed, *, people: tuple[str, str]) -> dict[str, object]:
    """The same facts for programs."""
    plain = asdict(done) | {"rows": done.rows, "people": list(people)}
    plain["destroyed_at"] = done.destroyed_at.isoformat(timespec="seconds")
    plain["registry_copies_end"] = done.registry_copies_end.isoformat(timespec="seconds")
    plain["key_copies_end"] = done.key_copies_end.isoformat(timespec="seconds")
    return plain
