"""Whom a restriction binds: everybody but the officer, whatever was taken away from her role."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.permissions import Permission, Role
from hearth.accounts.policy_models import OwnRole, RoleRule
from hearth.families.access import find_entrusted, is_bound
from hearth.families.models import Household
from hearth.subject_rights.models import LegalHold
from tests.factories.families import open_family, staff_id
from tests.factories.people import as_role, as_user, colleague, restriction
from tests.support.visitors import Visitor

SignIn = Callable[..., Visitor]


def derived(session: Session, base: Role, *withheld: str) -> str:
    """A role of our own that does what another one does, without some of it."""
    by = staff_id(session, Role.ADMINISTRATOR)
    own = OwnRole(name=f"Narrow {base}", base=base.value, created_by=by)
    session.add(own)
    session.flush()
    session.add_all(
        RoleRule(role=own.code, item=item, rule="withheld", set_by=by) for item in withheld
    )
    session.flush()
    return own.code


@pytest.fixture
def hidden(session: Session) -> Household:
    household = open_family(session)
    restriction(session, household)
    return household


@pytest.mark.parametrize("permission", [Permission.AUDIT_READ, Permission.SUBJECT_RIGHTS])
def test_whoever_is_bound_is_entrusted_with_the_families_whose_files_she_opens(
    session: Session, hidden: Household, permission: Permission
) -> None:
    code = derived(session, Role.DIRECTOR, Permission.FAMILIES_READ)
    without = as_user(session, colleague(session, code).id)
    director = as_role(session, Role.DIRECTOR)
    open_to_all = open_family(session)

    entrusted = [
        find_entrusted(session, one.id, user=user, permission=permission)
        for user in (director, without)
        for one in (hidden, open_to_all)
    ]

    assert not without.may(Permission.FAMILIES_READ)
    assert is_bound(without)
    assert entrusted == [None, open_to_all, None, None]


def test_taking_files_away_from_the_usual_role_opens_none_either(
    session: Session, hidden: Household
) -> None:
    by = staff_id(session, Role.ADMINISTRATOR)
    item = Permission.FAMILIES_READ
    session.add(RoleRule(role=Role.DIRECTOR.value, item=item, rule="withheld", set_by=by))
    session.flush()
    user = as_role(session, Role.DIRECTOR)

    entrusted = find_entrusted(session, hidden.id, user=user, permission=Permission.AUDIT_READ)

    assert entrusted is None


@pytest.mark.parametrize(
    ("roles", "bound"),
    [
        ((Role.PRIVACY_OFFICER,), False),
        ((Role.PRIVACY_OFFICER, Role.BOOKKEEPER), False),
        ((Role.PRIVACY_OFFICER, Role.DIRECTOR), True),
        ((Role.DIRECTOR,), True),
        ((Role.SUPERVISOR,), True),
        ((Role.ADMINISTRATOR,), True),
        ((Role.BOOKKEEPER,), True),
    ],
    ids=lambda told: "-".join(told) if isinstance(told, tuple) else "",
)
def test_only_an_officer_who_is_nobody_else_with_files_is_unbound(
    session: Session, roles: tuple[Role, ...], *, bound: bool
) -> None:
    withholding = [derived(session, role, Permission.FAMILIES_READ) for role in roles]

    users = [as_user(session, colleague(session, *held).id) for held in (roles, tuple(withholding))]

    assert [is_bound(user) for user in users] == [bound, bound]


def test_a_bound_director_sets_no_hold_on_a_number_that_opens_to_others(
    sign_in: SignIn, session: Session, hidden: Household
) -> None:
    director, officer = sign_in(Role.DIRECTOR), sign_in(Role.PRIVACY_OFFICER)
    path = "/data-protection/holds/new"

    answers = [
        who.submit(path, {"number": number, "reason": "The court asks for it"})
        for who, number in (
            (director, hidden.case_number),
            (director, "2001-9999"),
            (officer, hidden.case_number),
        )
    ]

    # Her answer tells nothing of whether there is such a case.
    assert [answer.status_code for answer in answers] == [422, 422, 303]
    held = session.scalars(select(LegalHold)).all()
    assert [hold.set_by for hold in held] == [staff_id(session, Role.PRIVACY_OFFICER)]
