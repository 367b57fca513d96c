"""Opens funds and changes them."""

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.giving.models import Fund, FundKind
from hearth.trail import Fact


class CodeTakenError(ValueError):
    """Another fund has this short name."""


def add(
    session: Session,
    *,
    code: str,
    kind: FundKind,
    titles: dict[str, str],
    purposes: dict[str, str],
    goal: int | None,
    currency: str,
    opened_on: date,
    closed_on: date | None = None,
) -> Fund:
    """Open a fund behind those that are there.

    :raises CodeTakenError: the short name is in use.
    """
    _refuse_taken(session, code, None)
    last = session.scalar(select(func.coalesce(func.max(Fund.position), 0)))
    fund = Fund(
        code=code,
        kind=kind,
        titles=titles,
        purposes=purposes,
        goal_minor=goal,
        currency=currency,
        position=(last or 0) + 1,
        opened_on=opened_on,
        closed_on=closed_on,
    )
    session.add(fund)
    session.flush()
    _record(session, "fund.opened", fund, {})
    return fund


def change(
    session: Session,
    *,
    fund: Fund,
    code: str,
    kind: FundKind,
    titles: dict[str, str],
    purposes: dict[str, str],
    goal: int | None,
    opened_on: date,
    closed_on: date | None,
) -> None:
    """Change what is said of a fund; texts in languages that were not asked for stay.

    :raises CodeTakenError: the short name is in use.
    """
    _refuse_taken(session, code, fund)
    said = {
        "code": code,
        "kind": kind,
        "titles": {**fund.titles, **titles},
        "purposes": {**fund.purposes, **purposes},
        "goal_minor": goal,
        "opened_on": opened_on,
        "closed_on": closed_on,
    }
    changed = [field for field, value in said.items() if getattr(fund, field) != value]
    for field in changed:
        setattr(fund, field, said[field])
    session.flush()
    if changed:
        _record(session, "fund.changed", fund, {"fields": sorted(changed)})


def answers(fund: Fund) -> dict[str, Any]:
    """What the form of a fund shows at first."""
    return {
        "code": fund.code,
        "kind": fund.kind,
        "goal": fund.goal_minor,
        "opened_on": fund.opened_on,
        "closed_on": fund.closed_on,
        **{f"title_{locale}": text for locale, text in fund.titles.items()},
        **{f"purpose_{locale}": text for locale, text in fund.purposes.items()},
    }


def _record(session: Session, action: str, fund: Fund, facts: dict[str, Fact]) -> None:
    """The public reads what stands there: the log says who changed which of it, without words."""
    audit.record(session, action=action, subject_type="fund", subject_id=fund.id, facts=facts)


def _refuse_taken(session: Session, code: str, fund: Fund | None) -> None:
    taken = session.scalar(select(Fund.id).where(Fund.code == code))
    if taken is not None and (fund is None or taken != fund.id):
        raise CodeTakenError("a fund has this code")
