"""Where an organisation narrows what a role reads, what it writes there follows."""

import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hearth.accounts.permissions import READ_BY, Permission, Role
from hearth.accounts.policy import POLICY, WITHHELD, WITHIN, HeldRole, Scope, standing
from tests.factories.families import open_family
from tests.factories.people import as_user, colleague, narrowed, team
from tests.support.visitors import Visitor

Enter = Callable[[uuid.UUID], Visitor]
SignIn = Callable[..., Visitor]
READ, WRITE = Permission.FAMILIES_READ, Permission.FAMILIES_WRITE
ANY_RULE = st.sampled_from([*Scope, WITHHELD, "everything"])
ANY_PERMISSION = st.sampled_from(sorted({*READ_BY, *READ_BY.values()}))
LAYERS = st.lists(st.dictionaries(ANY_PERMISSION, ANY_RULE, max_size=6), max_size=2)


@given(base=st.sampled_from(list(Role)), layers=LAYERS)
def test_no_rules_whatsoever_let_a_role_write_where_it_does_not_read(
    base: Role, layers: list[dict[str, str]]
) -> None:
    held = HeldRole(base=base, layers=tuple(layers))

    left = standing([held]).scopes

    for writing, reading in READ_BY.items():
        if reading in POLICY[base].scopes:
            within = {one for scope in left.get(reading, ()) for one in WITHIN[scope]}
            assert left.get(writing, frozenset()) <= within


@given(base=st.sampled_from(list(Role)), layers=LAYERS)
def test_where_reading_is_left_as_it_was_writing_keeps_what_its_own_rules_leave(
    base: Role, layers: list[dict[str, str]]
) -> None:
    untouched = tuple(
        {one: rule for one, rule in layer.items() if one not in READ_BY.values()}
        for layer in layers
    )
    held = HeldRole(base=base, layers=untouched)

    left = held.scopes()

    for writing in READ_BY.keys() & POLICY[base].scopes.keys():
        rules = [layer[writing] for layer in untouched if writing in layer]
        if not rules:
            assert left[writing] is POLICY[base].scopes[writing]


@pytest.mark.parametrize("writing", sorted(READ_BY))
def test_a_role_that_reads_no_more_writes_no_more(writing: Permission) -> None:
    holders = [role for role in Role if {writing, READ_BY[writing]} <= POLICY[role].scopes.keys()]

    left = [
        HeldRole(base=role, layers=({READ_BY[writing].value: WITHHELD},)).scopes()
        for role in holders
    ]

    assert holders
    assert not any(writing in scopes for scopes in left)


@pytest.mark.parametrize(
    "page",
    [
        "",
        "/members/{member}/correct",
        "/members/{member}/leave",
        "/consents/new",
        "/services/new",
        "/documents/new",
        "/key-worker",
        "/admit",
    ],
)
def test_pages_that_write_about_a_family_are_closed_where_its_file_is(
    session: Session, enter: Enter, page: str
) -> None:
    mate = colleague(session, Role.SOCIAL_WORKER, name="Mate")
    family = open_family(session, key_worker_id=mate.id)
    one, usual = (
        colleague(session, narrowed(session, Role.SOCIAL_WORKER, scopes=scopes))
        for scopes in ({READ: Scope.OWN}, {})
    )
    team(session, mate.id, one.id, usual.id)
    path = f"/families/{family.id}" + page.format(member=family.current_members[0].id)

    answers = [enter(user.id).get(path).status_code for user in (one, usual)]

    assert answers == [404, 200]


def test_the_pages_about_roles_say_what_counts(session: Session, sign_in: SignIn) -> None:
    own, administrator = narrowed(session, Role.SPECIALIST, READ.value), sign_in(Role.ADMINISTRATOR)

    page = administrator.get(f"/colleagues/roles/{own}").text

    assert "Counts no further than “Read families&#39; files”." in page
    assert as_user(session, colleague(session, own).id).permissions == {Permission.BREAK_GLASS}
