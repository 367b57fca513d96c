"""What a table says about its end: what of its rows closes something, and must not come undone.

A backup that comes back gives every row as it was. What was closed since stays closed, because each
table names it here, on its model as ``__closes__``; ``tests/architecture/test_closings.py`` refuses
a table that says nothing of a column that may close. A rule may close; none of them opens.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A row stands until the first of these columns is filled; the others say by whom and why.

    ``starts`` is the row's beginning, before which it cannot end. ``only`` says which values in the
    row that is kept make it an end at all. Where a correction is a new row, ``corrects`` is its
    column that leads to the one before: what ended is then the last of them. ``into`` is one of the
    others that leads to what it became. Where that did not come back, the newest with the same
    ``whose`` stands in for it; where there is none either, nothing ended.

    An end that came back stays as it is. Where ``earlier``, the earlier of both counts instead, and
    where today's has the values of ``over``, today's does.
    """

    kind: str
    columns: tuple[str, ...]
    starts: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    corrects: str = ""
    into: str = ""
    whose: str = ""
    earlier: bool = False
    over: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A day that opens less the earlier it is: of the backup's and today's, the earlier counts.

    While it is empty, ``otherwise`` counts in its place; ``corrects`` is as with what ended.
    """

    kind: str
    column: str
    otherwise: str
    corrects: str


@dataclass(frozen=True, kw_only=True)
class Later:
    """A day from which something opens: of the backup's and today's, the later counts.

    It is never after ``ends``; ``corrects`` is as with what ended.
    """

    kind: str
    column: str
    ends: str
    corrects: str


@dataclass(frozen=True, kw_only=True)
class Waits:
    """A row opens nothing from ``since`` on until the first of other columns is filled."""

    kind: str
    since: str
    until: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Stands:
    """A row that closes something as long as a column is empty; it comes along as a whole.

    Where it is about a role, ``held`` names the column, and it comes along for whoever got the same
    role back.
    """

    kind: str
    until: str
    held: str = ""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A row that closes something by having been written; it comes along for whoever is known.

    ``only`` says which values in it make it such a row.
    """

    kind: str
    only: Mapping[str, str]
    owner: str = "user_id"


@dataclass(frozen=True, kw_only=True)
class Follows:
    """A row that takes the place of the one before it; it comes along as a whole, ended or not.

    Without it the one before would count as the last of them again. Whoever it names and came after
    the backup comes along with a closed account. Where some rows close and others open, ``only``
    says which values of a column make it one that closes.
    """

    kind: str
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """A first column whose value opens something, and does so no longer where it became another.

    The others say by whom and why. It was said of what stands in ``said_of``: where that was
    changed, nobody has said it. ``corrects`` is as with what ended.
    """

    kind: str
    columns: tuple[str, ...]
    opens: bool | str | frozenset[str]
    said_of: tuple[str, ...] = ()
    corrects: str = ""


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """A moment that was taken out again."""

    kind: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Fewer:
    """A list from which something was taken; what was added to it is not added again."""

    kind: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Newest:
    """Values that prove who somebody is: those of today, whatever the backup held."""

    kind: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """Rows that prove who somebody is: for each account known today, those of today alone."""

    kind: str
    owner: str = "user_id"


@dataclass(frozen=True, kw_only=True)
class Over:
    """Whatever is still good for something is good for nothing once a backup came back."""

    kind: str
    ends: str
    unless: str = ""


@dataclass(frozen=True, kw_only=True)
class NotADoor:
    """Columns that look like an end and close nothing, with the reason why they need no care."""

    columns: tuple[str, ...]
    because: str


Closing = (
    Ended
    | Earlier
    | Later
    | Waits
    | Stands
    | Recorded
    | Follows
    | Withdrawn
    | Emptied
    | Fewer
    | Newest
    | Replaced
    | Over
    | NotADoor
)


def closings_of(model: type) -> tuple[Closing, ...]:
    """What a model says about its end."""
    return tuple(getattr(model, "__closes__", ()))


def columns_named(closings: Iterable[Closing]) -> set[str]:
    """The columns about which these say something; a row that is taken as a whole names none."""
    found: set[str] = set()
    for one in closings:
        match one:
            case Ended() | Withdrawn() | Newest() | NotADoor():
                found |= set(one.columns)
            case Earlier():
                found |= {one.column, one.otherwise}
            case Waits():
                found |= {one.since, *one.until}
            case Stands():
                found.add(one.until)
            case Recorded():
                found |= set(one.only)
            case Over():
                found |= {one.ends, one.unless} - {""}
            case Emptied() | Fewer() | Later():
                found.add(one.column)
            case Replaced() | Follows():
                pass
    return found
