"""Does what each kind of closing says, in the restored rows, from the present ones."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any
from typing import cast as cast_to

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    FromClause,
    Table,
    Text,
    and_,
    any_,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import Update

from hearth.closings import (
    Earlier,
    Emptied,
    Ended,
    Fewer,
    Follows,
    Later,
    Newest,
    Over,
    Recorded,
    Replaced,
    Stands,
    Waits,
    Withdrawn,
)
from hearth.safekeeping.presence import USERS, Present


@singledispatch
def carry(closing: object, _table: Table, _present: Present) -> int:
    """Let a table's restored rows be as closed as the present ones; returns how many changed."""
    raise TypeError(f"nobody has said how to carry over {type(closing).__name__}")


@carry.register
def _(closing: Ended, table: Table, present: Present) -> int:
    theirs, (first, *others) = present.of(table), closing.columns
    ended = and_(
        _same(table, theirs, closing.corrects),
        theirs.c[first].is_not(None),
        _counts_instead(closing, table, theirs),
        *_only(theirs, closing.only),
    )
    into: dict[str, ColumnElement[Any]] = {}
    if closing.into:
        into = {closing.into: _came_into(table.c[closing.into], closing.whose, present)}
        ended = and_(ended, or_(theirs.c[closing.into].is_(None), into[closing.into].is_not(None)))
    present.bring_people(table, others, ended)
    end: ColumnElement[Any] = theirs.c[first]
    if closing.earlier:
        end = func.least(end, table.c[first])
    if closing.starts:
        end = func.greatest(end, table.c[closing.starts])
    said = {name: present.value_of(table.c[name]) for name in others}
    return count(present, update(table).where(ended).values({first: end, **said, **into}))


@carry.register
def _(closing: Earlier, table: Table, present: Present) -> int:
    theirs = present.of(table)
    today, then = (
        func.coalesce(one.c[closing.column], one.c[closing.otherwise]) for one in (theirs, table)
    )
    earlier = and_(_same(table, theirs, closing.corrects), today < then)
    return count(present, update(table).where(earlier).values({closing.column: today}))


@carry.register
def _(closing: Later, table: Table, present: Present) -> int:
    theirs, then = present.of(table), table.c[closing.column]
    today = func.least(theirs.c[closing.column], table.c[closing.ends])
    later = and_(_same(table, theirs, closing.corrects), today > then)
    return count(present, update(table).where(later).values({then: today}))


@carry.register
def _(closing: Waits, table: Table, present: Present) -> int:
    theirs, (first, *_others) = present.of(table), closing.until
    today, then = theirs.c[closing.since], table.c[closing.since]
    counts = or_(then.is_(None), then < today, table.c[first].is_not(None))
    waits = and_(today.is_not(None), theirs.c[first].is_(None), counts)
    values = {closing.since: func.greatest(today, then), **dict.fromkeys(closing.until, null())}
    return count(present, update(table).where(_same(table, theirs), waits).values(values))


@carry.register
def _(closing: Stands, table: Table, present: Present) -> int:
    theirs = present.of(table)
    stands = and_(theirs.c[closing.until].is_(None), *_new(table, present))
    if closing.held:
        held = theirs.c[closing.held] == any_(USERS.c.roles)
        holder = exists().where(USERS.c.id == theirs.c.user_id, held)
        stands = and_(stands, holder.correlate(theirs))
    return _bring_all(table, present, stands)


@carry.register
def _(closing: Follows, table: Table, present: Present) -> int:
    theirs = present.of(table)
    closes = [cast(theirs.c[name], Text).in_(sorted(them)) for name, them in closing.only.items()]
    return _bring_all(table, present, and_(*closes, *_new(table, present)))


@carry.register
def _(closing: Recorded, table: Table, present: Present) -> int:
    known = present.value_of(table.c[closing.owner]).is_not(None)
    recorded = _only(present.of(table), closing.only)
    return _bring(table, present, and_(known, *recorded, *_new(table, present)))


@carry.register
def _(closing: Withdrawn, table: Table, present: Present) -> int:
    theirs, (flag, *others) = present.of(table), closing.columns
    opens = closing.opens if isinstance(closing.opens, frozenset) else {str(closing.opens).lower()}
    withdrawn = func.coalesce(cast(theirs.c[flag], Text), "").not_in(sorted(opens))
    of_another = [theirs.c[one].is_distinct_from(table.c[one]) for one in closing.said_of]
    said = case((withdrawn, theirs.c[flag]), else_=null()) if of_another else theirs.c[flag]
    changed = and_(
        _same(table, theirs, closing.corrects),
        cast(table.c[flag], Text).in_(sorted(opens)),
        or_(withdrawn, *of_another),
    )
    present.bring_people(table, others, changed)
    values = {flag: said, **{name: present.value_of(table.c[name]) for name in others}}
    return count(present, update(table).where(changed).values(values))


@carry.register
def _(closing: Emptied, table: Table, present: Present) -> int:
    theirs, column = present.of(table), table.c[closing.column]
    emptied = and_(_same(table, theirs), column.is_not(None), theirs.c[column.name].is_(None))
    return count(present, update(table).where(emptied).values({column: null()}))


@carry.register
def _(closing: Fewer, table: Table, present: Present) -> int:
    theirs, column = present.of(table), table.c[closing.column]
    left = theirs.c[column.name]
    each = func.unnest(column).table_valued("one", with_ordinality="place").render_derived()
    kept = select(each.c.one).where(each.c.one == any_(left)).order_by(each.c.place)
    values = {column: func.array(kept.correlate(table, theirs).scalar_subquery())}
    taken = and_(_same(table, theirs), ~column.op("<@", is_comparison=True)(left))
    return count(present, update(table).where(taken).values(values))


@carry.register
def _(closing: Newest, table: Table, present: Present) -> int:
    theirs = present.of(table)
    changed = [theirs.c[name].is_distinct_from(table.c[name]) for name in closing.columns]
    values = {name: theirs.c[name] for name in closing.columns}
    return count(present, update(table).where(_same(table, theirs), or_(*changed)).values(values))


@carry.register
def _(closing: Replaced, table: Table, present: Present) -> int:
    theirs, accounts = present.of(table), present.of(USERS)
    known = select(USERS.c.id).join(accounts, accounts.c.id == USERS.c.id)
    then = select(*table.c).where(table.c[closing.owner].in_(known))
    today = select(*theirs.c).where(theirs.c[closing.owner].in_(known))
    different = union_all(then.except_(today), today.except_(then)).subquery()
    changed = present.session.scalar(select(func.count(different.c.id.distinct())))
    present.session.execute(delete(table).where(table.c[closing.owner].in_(known)))
    present.session.execute(insert(table).from_select(table.c.keys(), today))
    return changed or 0


@carry.register
def _(closing: Over, table: Table, present: Present) -> int:
    ends = table.c[closing.ends]
    unused = [table.c[closing.unless].is_(None)] if closing.unless else []
    good = and_(or_(ends.is_(None), ends > func.now()), *unused)
    return count(present, update(table).where(good).values({ends: func.now()}))


def _came_into(column: Column[Any], whose: str, present: Present) -> ColumnElement[Any]:
    """What a row became: what it leads to now, or the newest that came back with the same owner."""
    same = present.value_of(column)
    target = next(one.column for one in column.foreign_keys)
    there, now = present.of(target.table), present.of(column.table)
    owner = select(there.c[whose]).where(there.c[target.name] == now.c[column.name])
    kin = select(target).where(target.table.c[whose] == owner.correlate(now).scalar_subquery())
    # Ids grow with time.
    newest = kin.order_by(target.desc()).limit(1).correlate(now).scalar_subquery()
    return func.coalesce(same, newest)


def _counts_instead(closing: Ended, table: Table, theirs: FromClause) -> ColumnElement[bool]:
    """The condition that nothing ended the restored row, or today's end counts in its place."""
    first = closing.columns[0]
    instead: list[ColumnElement[bool]] = [table.c[first].is_(None)]
    if closing.earlier:
        instead.append(theirs.c[first] < table.c[first])
    if closing.over:
        same = func.coalesce(and_(*_only(table, closing.over)), false())
        instead.append(and_(*_only(theirs, closing.over), ~same))
    return or_(*instead)


def _only(theirs: FromClause, values: Mapping[str, str]) -> list[ColumnElement[bool]]:
    return [cast(theirs.c[name], Text) == value for name, value in values.items()]


def _new(table: Table, present: Present) -> list[ColumnElement[bool]]:
    """The conditions on a present row that it came after the backup, and is about what it holds."""
    theirs = present.of(table)
    known = exists().where(table.c.id == theirs.c.id).correlate(theirs)
    return [~known, *present.parents_known(table)]


def _bring_all(table: Table, present: Present, which: ColumnElement[bool]) -> int:
    """Let these present rows come along with everybody whom they name."""
    present.bring_people(table, table.c.keys(), which)
    return _bring(table, present, which)


def _bring(table: Table, present: Present, which: ColumnElement[bool]) -> int:
    """Let these present rows come along as a whole; returns how many they were."""
    values = [present.value_of(column) for column in table.columns]
    rows = insert(table).from_select(table.c.keys(), select(*values).where(which))
    added = rows.on_conflict_do_nothing().returning(table.c.id)
    return len(present.session.execute(added).all())


def _same(table: Table, theirs: FromClause, corrects: str = "") -> ColumnElement[bool]:
    """The condition that a present row is the restored one, or the last that corrected it."""
    if not corrects:
        keys = table.primary_key.columns
        return and_(*(theirs.c[key.name] == key for key in keys))
    later = theirs.alias()
    chain = select(theirs.c.id.label("first"), theirs.c.id.label("last")).cte(recursive=True)
    chain = chain.union_all(
        select(chain.c.first, later.c.id).where(later.c[corrects] == chain.c.last)
    )
    same = and_(table.c.id == chain.c.first, theirs.c.id == chain.c.last)
    return and_(same, _is_last(table, corrects), _is_last(theirs, corrects))


def _is_last(table: FromClause, corrects: str) -> ColumnElement[bool]:
    later = table.alias()
    return ~exists().where(later.c[corrects] == table.c.id).correlate(table)


def count(present: Present, change: Update) -> int:
    """Change rows, and tell how many they were."""
    return cast_to("CursorResult[Any]", present.session.execute(change)).rowcount
