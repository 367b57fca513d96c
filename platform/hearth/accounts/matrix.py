"""Writes the policy down as tables that a director or an auditor can read."""

from collections.abc import Iterable, Sequence

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import POLICY, Scope
from hearth.data_classes import FieldClass

INTRODUCTION = """\
# Who may do what, and who reads what

Written by `hearth policy matrix` from `hearth/accounts/policy.py`; a test fails while it is not up
to date. What does not stand here is refused. An organisation's administrator may take something
away from a role or narrow it, and may name a role of her own that begins as one of these; nobody
can widen one.

## On which families

| scope | means |
|---|---|
| own | she accompanies the family; for reading also what she served lately |
| team | own, and every family that somebody of her teams accompanies |
| house | stays in a house she works in, until the day after the family left it |
| organisation | every family |

Beside every scope: a grant for one case, from when to when and for a reason, opens that family.
A case under restriction (a colleague's relative, somebody threatened) opens by such a grant alone,
whatever the scope. A family that somebody may not see is answered like one that does not exist.

What somebody did for a family opens its file to her for reading, and for correcting her own entries
and her own sealed notes, until 90 days after the day of that service; a correction makes this no
longer. It counts only where she had the family by scope when she recorded it: what was recorded
while a grant was the only way in opens nothing, and ends with the grant. Nothing else is done for a
family by this way, and a restriction closes it. The page about who opens a file names everybody and
why, with the grants that are over; whatever opens or closes a door stands in the log.

A house opens stays, not families. Its staff see who of a family sleeps there, and that it left;
neither where it was before nor where it went, also when that is another house of ours: its name,
its rooms and its stays do not exist for them. A stay whose family sleeps in two houses is changed
by those who accompany it, admission is theirs alone, and through a house nobody lets a family that
left have left later. An organisation that narrows another permission to houses opens by it the
families who have such a stay.
"""
READING = """\
## Which kinds of data a role reads

Through the permissions above and no others: who holds several roles reads a kind of data only where
the role that reads it also opens the page. The first name, a case number, what somebody is in the
family and whether it is safe to call belong to no class: they are seen with the family itself.

Sealed notes are of no role. Their owner decides, note by note, which colleague reads one, and may
take it back; everybody else who sees the file sees that the note exists, its date and its kind.

Work on requests, periods, holds, incidents and the records is about everybody's data. It is bound
there, too, by what is restricted: such a file is a number and no more. The privacy officer alone is
asked about every family. She is known by what she is: by this role or one that derives from it,
held with no other role that reads files, whatever was taken away from that one. She reads names
where she takes a request, and all of what is handed out for it; at an open incident, the name, the
telephone and the safe way of one person whom a search found, on that person's page, to tell her.
Each of these is a look into the family's file.
"""
ROUTES = """\
## Which page asks for which permission

Pages that are open to everybody stand in `tests/architecture/test_guards.py`.
"""


def markdown(routes: Iterable[tuple[str, str, Permission]]) -> str:
    """The whole document; ``routes`` are methods and addresses with the permission they ask for."""
    roles = list(Role)
    may = [
        [f"`{permission}`", *(_scope(POLICY[role].scopes.get(permission)) for role in roles)]
        for permission in Permission
    ]
    reads = [
        [f"`{one}`", *("yes" if one in POLICY[role].fields else "" for role in roles)]
        for one in FieldClass
    ]
    hands_out = [
        [f"`{role}`", ", ".join(f"`{one}`" for one in Role if one in POLICY[role].grants)]
        for role in roles
        if POLICY[role].grants
    ]
    guards = [
        [f"`{method} {address}`", f"`{permission}`"]
        for address, method, permission in sorted(
            (address, method, permission) for method, address, permission in routes
        )
    ]
    names = [str(role) for role in roles]
    return (
        "\n".join(
            [
                INTRODUCTION,
                "## What a role may do\n",
                _table(["permission", *names], may),
                READING,
                _table(["kind of data", *names], reads),
                "## Which roles a role may hand to others\n",
                "Never to oneself, and never a role that one holds oneself can be changed.\n",
                _table(["role", "may hand out"], hands_out),
                ROUTES,
                _table(["page", "permission"], guards),
            ]
        ).rstrip()
        + "\n"
    )


def _scope(scope: Scope | None) -> str:
    return str(scope) if scope else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
