"""Measures a list of 10,000 families under the policy against the same list without it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import psycopg
from sqlalchemy import insert, select, text, true
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth.accounts.models import User
from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy import Scope
from hearth.accounts.policy_models import Team, TeamMember
from hearth.accounts.services import SignedIn
from hearth.families import listing
from hearth.families.listing import FamilyQuery, find_families
from hearth.families.models import CaseEpisode, Household, HouseholdMember, KeyWorker, Person
from hearth.families.reach import visible_households
from tenants.context import configure, tenant_session
from tenants.models import new_id
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, seconds
from tests.factories.families import TODAY
from tests.factories.people import as_role

FAMILIES = 10_000
ROUNDS = 40
BOUND = Target(1.1)
# The list as the director sees it, and as somebody sees it whose team accompanies every family.
READERS = {"the whole organisation": Role.DIRECTOR, "a team's families": Role.SOCIAL_WORKER}


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """The first page with its total, in turns with and without the condition."""
    with laboratory.database("policy") as settings:
        runtime = configure(settings)
        with tenant_session(runtime.registry.get("spb")) as session:
            fill(session, FAMILIES)
            analyze(settings)
            for title, role in READERS.items():
                yield _row(session, title, _reader(session, role))
        runtime.bindings.dispose()  # type: ignore[attr-defined]


def _row(session: Session, title: str, user: SignedIn) -> Row:
    def ours() -> float:
        return seconds(lambda: _list(session, user))

    def unfiltered() -> float:
        with patch.object(listing, "visible_households", lambda *_: true()):
            return seconds(lambda: _list(session, user))

    pair = in_turns(ours, unfiltered, rounds=ROUNDS, warm_up=3)
    return Row(
        name=f"a page of {FAMILIES} families, {title}",
        unit="ms",
        ours=pair.ours * 1000,
        baseline=pair.baseline * 1000,
        ratio=pair.ratio,
        target=BOUND,
        note="baseline: the same query without the policy",
    )


def _list(session: Session, user: SignedIn) -> None:
    session.expunge_all()
    find_families(session, FamilyQuery(), user=user, limit=25, offset=0)


def _reader(session: Session, role: Role) -> SignedIn:
    user = as_role(session, role)
    if role is Role.DIRECTOR:
        return replace(user, scopes={Permission.FAMILIES_READ: frozenset({Scope.ORGANISATION})})
    return user


def fill(session: Session, number: int) -> None:
    """So many open families of two, accompanied by one of three colleagues of one team."""
    by_role = {user.roles[0]: user.id for user in session.scalars(select(User))}
    workers = [by_role["social-worker"], by_role["supervisor"], by_role["specialist"]]
    team = Team(name="everybody", created_by=by_role["administrator"])
    team.members = [TeamMember(user_id=one, set_by=by_role["administrator"]) for one in workers]
    session.add(team)
    session.flush()
    since = TODAY - timedelta(days=30)
    families = [{"id": new_id(), "case_number": f"2026-{n:05d}"} for n in range(number)]
    people = [
        {"id": new_id(), "given_name": "Anna", "family_name": f"Example-{n}", "search_key": f"{n}"}
        for n in range(2 * number)
    ]
    roles = ("mother", "child")
    session.execute(insert(Household), families)
    session.execute(insert(Person), people)
    session.execute(
        insert(HouseholdMember),
        [
            {
                "id": new_id(),
                "household_id": families[n // 2]["id"],
                "person_id": person["id"],
                "role": roles[n % 2],
                "joined_on": since,
                "recorded_by": workers[0],
            }
            for n, person in enumerate(people)
        ],
    )
    session.execute(
        insert(CaseEpisode),
        [
            {
                "id": new_id(),
                "household_id": family["id"],
                "opened_on": since,
                "opened_by": workers[0],
            }
            for family in families
        ],
    )
    session.execute(
        insert(KeyWorker),
        [
            {
                "id": new_id(),
                "household_id": family["id"],
                "user_id": workers[n % len(workers)],
                "from_on": since,
            }
            for n, family in enumerate(families)
        ],
    )
    session.commit()


def analyze(settings: Settings) -> None:
    """Gather statistics as autovacuum would have done; an organisation's role owns no table."""
    assert settings.owner_database_url is not None
    with psycopg.connect(settings.owner_database_url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def plan(session: Session, user: SignedIn) -> str:
    """How PostgreSQL finds one family under the policy, for whoever wants to see the indexes."""
    condition = visible_households(user, Permission.FAMILIES_READ)
    one = session.scalars(select(Household.id).limit(1)).one()
    statement = select(Household.id).where(Household.id == one, condition)
    compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
    rows = session.execute(text(f"EXPLAIN {compiled}".replace(":", r"\:")))
    return "\n".join(str(row[0]) for row in rows)
