"""`hearth organisations backup | restore | drill | offboard`."""

from pathlib import Path
from typing import Any

from config.settings import Settings
from hearth.app import create_app
from hearth.cli_organisations import with_owner
from hearth.safekeeping import closing, forgetting
from hearth.safekeeping.leaving import off_board
from hearth.safekeeping.rehearsal import look_into
from hearth.sealing.services import sweep_destructions
from hearth.terminal import Arguments, say
from tenants import backups
from tenants.backup_keys import DerivedKeys
from tenants.context import configure, shared_session, tenant_session
from tenants.drilling import Drill, drill
from tenants.key_copies import bring_keys_back, copy_keys, remove_expired_copies
from tenants.owners import Connection
from tenants.registry import OrgRef, load
from tenants.restoring import Restored, restore, scratch
from tenants.roles import OrganisationError

PEOPLE = 2


def add_to(organisations: Any) -> None:
    """Add the commands; what they bring back forgets who was erased, and keeps closed what was."""
    forgetting.register()
    closing.register()
    backup = organisations.add_parser("backup", help="write one organisation's sealed backup")
    backup.add_argument("slug", nargs="?")
    backup.add_argument("--due", action="store_true", help="every one whose last is a day old")
    backup.add_argument("--to", type=Path, metavar="DIR", help="elsewhere than configured")
    backup.add_argument("--keys", type=Path, metavar="DIR", help="copy its keys too, elsewhere")
    backup.set_defaults(run=with_owner(_back_up))
    bring_back = organisations.add_parser("restore", help="bring a backup back")
    bring_back.add_argument("slug")
    bring_back.add_argument("--from", dest="folder", type=Path, required=True, metavar="DIR")
    bring_back.add_argument("--keys", type=Path, metavar="FILE", help="bring lost keys back too")
    bring_back.add_argument(
        "--unlisted", action="store_true", help="also one that the registry does not list"
    )
    bring_back.add_argument(
        "--administrator", metavar="EMAIL", help="whose account stays open if the rows are lost"
    )
    bring_back.add_argument("--to-scratch", action="store_true", help="look only, keep nothing")
    bring_back.set_defaults(run=with_owner(_restore))
    rehearse = organisations.add_parser("drill", help="rehearse the restore of the newest backup")
    rehearse.add_argument("slug", nargs="?")
    rehearse.add_argument("--all", action="store_true", help="every organisation, one by one")
    rehearse.add_argument("--reports", type=Path, metavar="DIR")
    rehearse.set_defaults(run=with_owner(_drill))
    leave = organisations.add_parser("offboard", help="export, destroy, and certify it")
    leave.add_argument("slug")
    leave.add_argument("--to", type=Path, required=True, metavar="DIR")
    leave.add_argument("--by", action="append", required=True, metavar="NAME", help="twice")
    leave.add_argument("--confirm", metavar="SLUG", default="")
    leave.set_defaults(run=with_owner(_off_board))


def _back_up(home: Connection, settings: Settings, arguments: Arguments) -> None:
    keys = DerivedKeys(home, settings)
    due = [slug for slug, _last in backups.overdue(home)] if arguments.due else []
    slugs = [arguments.slug] if arguments.slug else due
    if not slugs and not arguments.due:
        raise OrganisationError("name an organisation, or say --due")
    for slug in slugs:
        made = backups.back_up(home, settings, keys, slug, to=arguments.to)
        say(f"{slug}: {made.rows} rows in {made.folder}, kept until {made.keep_until:%Y-%m-%d}")
        if arguments.keys:
            # After the rows, so that every row in the backup has its key in the copy.
            copied = copy_keys(home, settings, keys, slug, arguments.keys)
            say(f"{slug}: {copied.keys} keys in {copied.file}, until {copied.keep_until:%Y-%m-%d}")
    say(f"{backups.remove_expired(home)} old backups removed")
    if arguments.keys:
        say(f"{remove_expired_copies(arguments.keys)} old copies of keys removed")


def _restore(home: Connection, settings: Settings, arguments: Arguments) -> None:
    keys = DerivedKeys(home, settings)
    known = _known(settings)
    if arguments.to_scratch and arguments.keys:
        raise OrganisationError("keys are brought back for good or not at all")
    if arguments.to_scratch:
        with scratch(
            home,
            settings,
            keys,
            arguments.slug,
            arguments.folder,
            unlisted=arguments.unlisted,
        ) as restored:
            _tell(restored)
        return
    if arguments.keys:
        # Before the rows, so that what was erased since is destroyed among these keys too.
        brought = bring_keys_back(home, settings, keys, arguments.slug, arguments.keys)
        say(f"{brought.keys} lost keys brought back; {brought.destroyed} are destroyed and stay so")
    restored = restore(
        home,
        settings,
        keys,
        arguments.slug,
        arguments.folder,
        unlisted=arguments.unlisted,
        administrator=arguments.administrator,
    )
    _tell(restored)
    with tenant_session(known[arguments.slug]) as session:
        say(f"{sweep_destructions(session)} erasures brought to the same state as the keys")
    say(f"look it over, then: hearth organisations resume {arguments.slug}")


def _drill(home: Connection, settings: Settings, arguments: Arguments) -> None:
    known = _known(settings)
    slugs = list(known) if arguments.all else [arguments.slug]
    found = [_rehearse(home, settings, known[slug], arguments.reports) for slug in slugs]
    for one in found:
        say(f"{one.organisation}: {'passed' if one.passed else 'FAILED: ' + one.reason}")
    if not all(one.passed for one in found):
        raise OrganisationError("not every drill passed")


def _rehearse(
    home: Connection, settings: Settings, organisation: OrgRef, reports: Path | None
) -> Drill:
    return drill(
        home,
        settings,
        DerivedKeys(home, settings),
        organisation.slug,
        look=lambda _slug, restored: look_into(organisation, restored),
        reports=reports,
    )


def _off_board(home: Connection, settings: Settings, arguments: Arguments) -> None:
    if arguments.confirm != arguments.slug:
        raise OrganisationError(f"repeat the name to destroy it: --confirm {arguments.slug}")
    if len(set(arguments.by)) != PEOPLE:
        raise OrganisationError("two different people answer for it: --by NAME --by NAME")
    configure(settings)
    people = (arguments.by[0], arguments.by[1])
    with create_app(settings).app_context():
        done = off_board(
            home,
            settings,
            DerivedKeys(home, settings),
            arguments.slug,
            folder=arguments.to,
            people=people,
        )
    say(f"{done.rows} rows exported to {arguments.to} and destroyed; sign certificate.pdf")


def _known(settings: Settings) -> dict[str, OrgRef]:
    configure(settings)
    with shared_session() as session:
        return {one.slug: one for one in load(session)}


def _tell(restored: Restored) -> None:
    say(
        f"{restored.rows} rows of {restored.taken_at} in {restored.tables} tables,"
        f" each as it was written; {restored.erased} persons erased again"
    )
    if restored.closed.lost:
        say("the present rows are lost: no account is open but the one you named, if you did")
    for kind, number in restored.closed.counts.items():
        say(f"stays closed: {number} {kind}")
