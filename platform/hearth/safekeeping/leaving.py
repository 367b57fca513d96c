"""Off-boarding from the first row exported to the certificate that two people sign."""

import json
from datetime import UTC, datetime
from pathlib import Path

from flask_babel import force_locale

from config.settings import Settings
from hearth.safekeeping.certificate import certificate, to_plain
from hearth.safekeeping.export import Exported, export, exported_before
from hearth.safekeeping.offboarding import Destroyed, destroy
from hearth.sealing.roots import open_root
from hearth.sealing.rotation import newest_key
from tenants.backup_keys import BackupKeys
from tenants.backups import held_by
from tenants.context import shared_session, tenant_session
from tenants.keys_database import keys_left
from tenants.owners import Connection
from tenants.registry import OrgRef, load
from tenants.roles import OrganisationError


def off_board(
    home: Connection,
    settings: Settings,
    keys: BackupKeys,
    slug: str,
    *,
    folder: Path,
    people: tuple[str, str],
) -> Destroyed:
    """Export a suspended organisation, destroy all it has, and write the certificate.

    Nothing is destroyed before the whole export lies in the folder. Interrupted after that, it is
    given the same folder and goes on.

    :raises OrganisationError: it is not suspended, or the folder is not empty.
    :raises KeysLockedError: the organisation holds its key and has not unlocked it.
    """
    organisation = _suspended(slug)
    held = held_by(home, slug)
    tables = _exported(organisation, settings, folder)
    hosts = (f"{slug}.{settings.base_domain}", *organisation.hosts)
    done = destroy(home, settings, keys, held, tables=tables, hosts=hosts)
    lang = organisation.staff_locale
    with force_locale(lang):
        paper = certificate(done, name=organisation.name(lang), lang=lang, people=people)
        (folder / "certificate.pdf").write_bytes(paper.to_pdf())
        (folder / "certificate.md").write_text(paper.to_markdown(), "utf-8")
    plain = json.dumps(to_plain(done, people=people), indent=1, ensure_ascii=False)
    (folder / "certificate.json").write_text(plain, "utf-8")
    return done


def _exported(organisation: OrgRef, settings: Settings, folder: Path) -> dict[str, Exported]:
    schema = organisation.schema_name
    known = exported_before(folder / "export", schema)
    if known is not None and not keys_left(settings, schema):
        # Without keys a second export would say of every name that it was erased.
        return known
    if folder.exists() and any(folder.iterdir()):
        raise OrganisationError(f"{folder} is not empty")
    # Locked, it would be handed over unread and then destroyed.
    open_root(newest_key(schema))
    with tenant_session(organisation) as session:
        return export(session, folder / "export", taken_at=datetime.now(UTC))


def _suspended(slug: str) -> OrgRef:
    with shared_session() as session:
        known = {one.slug: one for one in load(session)}
    if slug not in known or known[slug].state != "suspended":
        raise OrganisationError(f"there is no suspended organisation named {slug}")
    return known[slug]
