"""What was closed after a backup stays closed when that backup comes back; nothing is opened.

The present rows say what ended since, and each table says how: see ``hearth.closings``. A row that
came after the backup has nothing to carry over but what it closes itself. Where the present rows
are lost, nobody can say what ended: every account is closed but one administrator's.
"""

from collections import Counter

from sqlalchemy import Table

from hearth.closings import Closing, Newest, NotADoor, Over, Replaced, closings_of
from hearth.data_register.registry import organisation_tables
from hearth.safekeeping import narrowing, unknown
from hearth.safekeeping.ending import carry
from hearth.safekeeping.presence import USERS, Present
from tenants.borrowing import borrowed_session
from tenants.owners import Connection
from tenants.restoring import CLOSERS, Closed


def register() -> None:
    """Let every restore keep closed what was; called where the commands are made ready."""
    if keep_closed not in CLOSERS:
        CLOSERS.append(keep_closed)


def keep_closed(there: Connection, living: str, restored: str, administrator: str | None) -> Closed:
    """Close in what was restored whatever the present rows closed since; tells how much, by kind.

    ``administrator`` is the address of the one account that stays open where no present row can
    say whether it still is.

    :raises OrganisationError: the present rows are lost, and the backup knows no administrator with
        an open account by that address.
    """
    with borrowed_session(there, restored) as session:
        present = Present(session, living)
        rules = [
            (one.table, rule) for one in organisation_tables() for rule in closings_of(one.model)
        ]
        lost = not present.has([USERS, *(table for table, rule in rules if _asks(rule))])
        if lost:
            counts = Counter(unknown.close_all(present, administrator))
            rules = [(table, rule) for table, rule in rules if isinstance(rule, Over)]
            counts.update(_carried(present, rules))
        else:
            counts = _carried(present, sorted(rules, key=_turn))
            counts.update(unknown.close_unknown(present, administrator))
    return Closed({kind: number for kind, number in counts.items() if number}, lost=lost)


def _carried(present: Present, rules: list[tuple[Table, Closing]]) -> Counter[str]:
    counts = Counter[str]()
    for table, rule in rules:
        if isinstance(rule, NotADoor):
            continue
        narrowed = narrowing.end_wider(present) if table is narrowing.RULES else {}
        counts[rule.kind] += carry(rule, table, present)
        narrowing.narrow(present, narrowed)
    return counts


def _asks(rule: Closing) -> bool:
    """Whether a rule asks the present rows for anything."""
    return not isinstance(rule, NotADoor | Over)


def _turn(one: tuple[Table, Closing]) -> bool:
    """Who proves how who she is comes first: whoever is brought along later proves nothing."""
    return not isinstance(one[1], Newest | Replaced)
