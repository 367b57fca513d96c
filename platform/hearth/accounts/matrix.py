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
| own | she accompanies the family, or did something for it that stands in its file |
| team | own, and every family that somebody of her teams accompanies |
| house | families who live in a house she works in, until the day after they left |
| organisation | every family |

Beside every scope: a grant for one case, from when to when and for a reason, opens that family.
A case under restriction (a colleague's relative, somebody threatened) opens by such a grant alone,
whatever the scope. A family that somebody may not see is answered like one that does not exist.
"""
READING = """\
## Which kinds of data a role reads

Through the permissions above and no others: who holds several roles reads a kind of data only where
the role that reads it also opens the page. The first name, a case number, what somebody is in the
family and whether it is safe to call belong to no class: they are seen with the family itself.

Sealed notes are of no role. Their owner decides, note by note, which colleague reads one, and may
take it back; everybody else who sees the file sees that the note exists, its date and its kind.
"""
SUBJECTS = """\
## What somebody gets who asks what we hold about him

By himself he gets the rows that name him alone: his own entry, his consents, his nights, what was
done for nobody else. The file of a family goes by itself to its mother or carer alone: she belongs
to it now, nobody else was ever its mother or carer, and it is she who asks. Even she is given what
was done for another adult by a human's word only.

To everybody else, every row that is about the family as a whole is kept back, unless the privacy
officer gives it out, row by row: the case number, stays and decisions about them, services, needs,
episodes, referrals, documents, who accompanies. What was written in such a row is read after that.
What reaches into the time after he left, the day of leaving included, is not even offered to the
officer; his own nights end on that day, and of the looks he is told those while he belonged.
Whoever asks for somebody else, a parent for a child too, gets no consents, nights or telephone
without such a word.

Why: GDPR art. 15(4) and 152-FZ art. 14(8)(4) end the right of access at the rights and freedoms of
others. A request is a way to ask where she is now. The file says so in the same words whether or
not anything was kept back. How it is read off the register: `docs/adr/0013-erasing-by-key.md`.
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
                SUBJECTS,
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
