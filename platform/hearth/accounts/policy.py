"""The one policy: which role may do what, on which families, and which kinds of data it reads.

What does not stand here is refused. An organisation may narrow a role by rules of its own, and give
a narrowed role a name; nothing widens one, because every answer is cut to what stands here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.accounts.permissions import FEDERATION_ROLES, READ_BY, Permission, Role, known_roles
from hearth.data_classes import FieldClass


class Scope(StrEnum):
    """On which families a permission counts."""

    OWN = "own"
    TEAM = "team"
    HOUSE = "house"
    ORGANISATION = "organisation"


SCOPE_LABELS: dict[Scope, LazyString] = {
    Scope.OWN: _l("Own families"),
    Scope.TEAM: _l("The team's families"),
    Scope.HOUSE: _l("Who lives in her house tonight"),
    Scope.ORGANISATION: _l("The whole organisation"),
}
FIELD_LABELS: dict[FieldClass, LazyString] = {
    FieldClass.IDENTITY: _l("Full name, birth and language"),
    FieldClass.CONTACT: _l("Telephone and how to reach somebody safely"),
    FieldClass.LOCATION: _l("In which house somebody lives"),
    FieldClass.HEALTH: _l("Health"),
    FieldClass.LEGAL: _l("Legal matters"),
    FieldClass.SEALED_NOTE: _l("Sealed notes"),
    FieldClass.FREE_TEXT: _l("Notes"),
    FieldClass.MONEY: _l("Money"),
    FieldClass.CASEWORK: _l("What happened when"),
    FieldClass.STAFF: _l("Colleagues' accounts"),
    FieldClass.TECHNICAL: _l("Records of the service itself"),
}
# A scope may be narrowed to one of these; team and house are neither within the other.
WITHIN: Mapping[Scope, tuple[Scope, ...]] = {
    Scope.OWN: (Scope.OWN,),
    Scope.TEAM: (Scope.OWN, Scope.TEAM),
    Scope.HOUSE: (Scope.HOUSE,),
    Scope.ORGANISATION: (Scope.OWN, Scope.TEAM, Scope.HOUSE, Scope.ORGANISATION),
}
# What is asked about one family counts on some of them; everything else is held or not.
ABOUT_FAMILIES = frozenset(
    {
        Permission.FAMILIES_READ,
        Permission.FAMILIES_WRITE,
        Permission.CASES_RESTRICT,
        Permission.REFERRALS_READ,
        Permission.REFERRALS_WRITE,
        Permission.SERVICES_WRITE,
        Permission.NOTES_SEALED,
        Permission.SHELTER_READ,
        Permission.SHELTER_WRITE,
    }
)
RECORDED_THROUGH = (Permission.FAMILIES_READ, Permission.SERVICES_WRITE)
"""What counted by role on a family, both of them, where an entry opens it."""
_WIDTH = (Scope.OWN, Scope.HOUSE, Scope.TEAM, Scope.ORGANISATION)
# How far a permission counts through a role, and whether that role leads a team there.
_Reach = tuple[Scope, bool]


@dataclass(frozen=True, kw_only=True)
class RolePolicy:
    """What one role may do and read, and which roles its holder may hand to others."""

    scopes: Mapping[Permission, Scope] = field(default_factory=dict)
    fields: frozenset[FieldClass] = frozenset()
    grants: frozenset[Role] = frozenset()


P, F, S = Permission, FieldClass, Scope
_CASE_FIELDS = frozenset(
    {F.IDENTITY, F.CONTACT, F.LOCATION, F.FREE_TEXT, F.CASEWORK, F.HEALTH, F.LEGAL}
)
ORGANISATION_ROLES = tuple(role for role in Role if role not in FEDERATION_ROLES)

# No role reads sealed notes: their owner decides who does, one note and one colleague at a time.
POLICY: Mapping[Role, RolePolicy] = {
    Role.SOCIAL_WORKER: RolePolicy(
        scopes={
            P.FAMILIES_READ: S.TEAM,
            P.FAMILIES_WRITE: S.TEAM,
            P.REFERRALS_READ: S.ORGANISATION,
            P.REFERRALS_WRITE: S.ORGANISATION,
            P.SERVICES_WRITE: S.TEAM,
            P.SHELTER_READ: S.TEAM,
            P.SHELTER_WRITE: S.TEAM,
            P.BREAK_GLASS: S.ORGANISATION,
        },
        fields=_CASE_FIELDS,
    ),
    Role.SPECIALIST: RolePolicy(
        scopes={
            P.FAMILIES_READ: S.OWN,
            P.SERVICES_WRITE: S.OWN,
            P.NOTES_SEALED: S.OWN,
            P.BREAK_GLASS: S.ORGANISATION,
        },
        fields=frozenset({F.IDENTITY, F.CONTACT, F.FREE_TEXT, F.CASEWORK, F.HEALTH, F.LEGAL}),
    ),
    # First name, room and whether it is safe to call: these belong to no class and are always seen.
    Role.HOUSE_STAFF: RolePolicy(
        scopes={P.SHELTER_READ: S.HOUSE, P.SHELTER_WRITE: S.HOUSE},
        fields=frozenset({F.LOCATION}),
    ),
    # The free places are seen by all who see the houses; who sleeps there is not the telephone's.
    Role.DUTY_OPERATOR: RolePolicy(
        scopes={
            P.REFERRALS_READ: S.ORGANISATION,
            P.REFERRALS_WRITE: S.ORGANISATION,
            P.SHELTER_READ: S.OWN,
        },
        fields=frozenset({F.IDENTITY, F.CONTACT, F.FREE_TEXT, F.CASEWORK}),
    ),
    Role.VOLUNTEER_COORDINATOR: RolePolicy(scopes={P.NUMBERS_READ: S.ORGANISATION}),
    Role.FUNDRAISER: RolePolicy(
        scopes={
            P.GIFTS_READ: S.ORGANISATION,
            P.FUNDS_MANAGE: S.ORGANISATION,
            P.LEDGER_READ: S.ORGANISATION,
        },
        fields=frozenset({F.MONEY}),
    ),
    Role.BOOKKEEPER: RolePolicy(
        scopes={
            P.GIFTS_READ: S.ORGANISATION,
            P.GIFTS_REFUND: S.ORGANISATION,
            P.LEDGER_READ: S.ORGANISATION,
        },
        fields=frozenset({F.MONEY}),
    ),
    Role.AUDITOR: RolePolicy(
        scopes={
            P.LEDGER_READ: S.ORGANISATION,
            P.NUMBERS_READ: S.ORGANISATION,
            P.EXPORTS: S.ORGANISATION,
            P.TOKENS_USE: S.ORGANISATION,
        },
        fields=frozenset({F.MONEY}),
    ),
    Role.SUPERVISOR: RolePolicy(
        scopes={
            P.FAMILIES_READ: S.TEAM,
            P.FAMILIES_WRITE: S.TEAM,
            P.CASES_RESTRICT: S.TEAM,
            P.REFERRALS_READ: S.ORGANISATION,
            P.REFERRALS_WRITE: S.ORGANISATION,
            P.SERVICES_WRITE: S.TEAM,
            P.SHELTER_READ: S.TEAM,
            P.SHELTER_WRITE: S.TEAM,
            P.NUMBERS_READ: S.ORGANISATION,
            P.EXPORTS: S.ORGANISATION,
            P.TOKENS_USE: S.ORGANISATION,
            P.BREAK_GLASS: S.ORGANISATION,
            P.BREAK_GLASS_REVIEW: S.ORGANISATION,
        },
        fields=_CASE_FIELDS,
    ),
    Role.DIRECTOR: RolePolicy(
        scopes={
            P.FAMILIES_READ: S.ORGANISATION,
            P.CASES_RESTRICT: S.ORGANISATION,
            P.REFERRALS_READ: S.ORGANISATION,
            P.SHELTER_READ: S.ORGANISATION,
            P.HOUSES_MANAGE: S.ORGANISATION,
            P.GIFTS_READ: S.ORGANISATION,
            P.GIFTS_REFUND: S.ORGANISATION,
            P.FUNDS_MANAGE: S.ORGANISATION,
            P.LEDGER_READ: S.ORGANISATION,
            P.NUMBERS_READ: S.ORGANISATION,
            P.EXPORTS: S.ORGANISATION,
            P.TOKENS_USE: S.ORGANISATION,
            P.AUDIT_READ: S.ORGANISATION,
            P.BREAK_GLASS: S.ORGANISATION,
            P.BREAK_GLASS_REVIEW: S.ORGANISATION,
            # An erasure is asked for by one and approved by another: the officer needs a second.
            P.SUBJECT_RIGHTS: S.ORGANISATION,
            P.RETENTION_MANAGE: S.ORGANISATION,
            P.INCIDENTS_MANAGE: S.ORGANISATION,
        },
        fields=_CASE_FIELDS | {F.MONEY},
    ),
    Role.PRIVACY_OFFICER: RolePolicy(
        scopes={
            P.CASES_ENTRUST: S.ORGANISATION,
            P.AUDIT_READ: S.ORGANISATION,
            P.BREAK_GLASS_REVIEW: S.ORGANISATION,
            P.SUBJECT_RIGHTS: S.ORGANISATION,
            P.RETENTION_MANAGE: S.ORGANISATION,
            P.INCIDENTS_MANAGE: S.ORGANISATION,
            P.EXPORTS: S.ORGANISATION,
        },
        fields=frozenset({F.STAFF, F.TECHNICAL}),
    ),
    Role.ADMINISTRATOR: RolePolicy(
        scopes={
            P.USERS_MANAGE: S.ORGANISATION,
            P.ROLES_MANAGE: S.ORGANISATION,
            P.KEYS_MANAGE: S.ORGANISATION,
        },
        fields=frozenset({F.STAFF}),
        grants=frozenset(ORGANISATION_ROLES),
    ),
    Role.FEDERATION_STAFF: RolePolicy(
        scopes={
            P.FEDERATION_NUMBERS: S.ORGANISATION,
            P.EXPORTS: S.ORGANISATION,
            P.TOKENS_USE: S.ORGANISATION,
        }
    ),
}
ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    role: frozenset(policy.scopes) for role, policy in POLICY.items()
}
# The organisation's key is for whoever may hand out every role there is, and for no front desk.
WITH_EVERY_GRANT = frozenset({P.KEYS_MANAGE})
WITHHELD = "withheld"
"""The answer of a rule that takes something away altogether."""


@dataclass(frozen=True, kw_only=True)
class HeldRole:
    """A role as an organisation uses it: the role it derives from, and the rules that narrow it.

    A rule names a permission, a field class (``field:…``) or a grant option (``grant:…``) and says
    ``withheld``, or for a permission a narrower scope. Rules come in layers, because a role with a
    name of its own is bound by the rules of the role it derives from as well.
    """

    base: Role
    layers: tuple[Mapping[str, str], ...] = ()

    def scopes(self) -> dict[Permission, Scope]:
        """What is left of the role's permissions, each with its scope.

        Where the role it derives from reads what it writes, it writes no further than it reads.
        """
        left = {
            permission: self._narrowed(permission, widest)
            for permission, widest in POLICY[self.base].scopes.items()
            if permission not in WITH_EVERY_GRANT or self.grants() == POLICY[self.base].grants
        }
        counting = {one: _as_far_as_read(one, scope, left) for one, scope in left.items()}
        return {permission: scope for permission, scope in counting.items() if scope is not None}

    def fields(self) -> frozenset[FieldClass]:
        """What is left of the kinds of data the role reads."""
        return frozenset(f for f in POLICY[self.base].fields if not self._has(f"field:{f}"))

    def grants(self) -> frozenset[Role]:
        """What is left of the roles its holder may hand to others."""
        return frozenset(r for r in POLICY[self.base].grants if not self._has(f"grant:{r}"))

    def _has(self, item: str) -> bool:
        return any(item in layer for layer in self.layers)

    def _narrowed(self, permission: Permission, widest: Scope) -> Scope | None:
        scope: Scope | None = widest
        for layer in self.layers:
            rule = layer.get(permission)
            if rule is not None and scope is not None:
                scope = narrower(scope, rule)
                # Narrowed where there is nothing to narrow, it opens nothing rather than all.
                if permission not in ABOUT_FAMILIES and scope is not widest:
                    scope = None
        return scope


def _as_far_as_read(
    permission: Permission, scope: Scope | None, left: Mapping[Permission, Scope | None]
) -> Scope | None:
    """How far a role writes, which read of it that far; one that never read keeps what it has."""
    reading = READ_BY.get(permission)
    if scope is None or reading is None or reading not in left:
        return scope
    return narrower(scope, left[reading] or WITHHELD)


def scopes_offered(permission: Permission, widest: Scope) -> tuple[Scope, ...]:
    """To what a permission may be narrowed beside being withheld, the narrowest first."""
    return WITHIN[widest] if permission in ABOUT_FAMILIES else (widest,)


def narrower(scope: Scope, rule: str) -> Scope | None:
    """A scope cut down by a rule; a rule that would widen it, or cannot be read, opens nothing."""
    asked = next((known for known in Scope if known == rule), None)
    if asked is None:
        return None
    if asked in WITHIN[scope]:
        return asked
    return scope if scope in WITHIN[asked] else None


@dataclass(frozen=True)
class Facet:
    """One way in which a permission counts: on which families, and which kinds of data there.

    Through a role that ``leads`` a team the families that it left with nobody are among them.
    """

    scopes: frozenset[Scope]
    fields: frozenset[FieldClass]
    leads: bool = False

    def is_within(self, other: "Facet") -> bool:
        """Whether the other one opens everything that this one does."""
        reached = {narrower for scope in other.scopes for narrower in WITHIN[scope]}
        as_far = other.leads or not self.leads or Scope.ORGANISATION in other.scopes
        return self.scopes <= reached and self.fields <= other.fields and as_far


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything that somebody's roles come to.

    ``fields`` is what is read wherever a permission counts. Where one role reaches further and
    another reads more, ``facets`` keeps them apart: together they give nobody what neither gives.
    """

    roles: tuple[Role, ...] = ()
    scopes: Mapping[Permission, frozenset[Scope]] = field(default_factory=dict)
    fields: Mapping[Permission, frozenset[FieldClass]] = field(default_factory=dict)
    facets: Mapping[Permission, tuple[Facet, ...]] = field(default_factory=dict)
    grants: frozenset[Role] = frozenset()


def standing(held: Iterable[HeldRole]) -> Standing:
    """Bring roles together: a kind of data is read only where a role that reads it reaches."""
    roles = tuple(held)
    if any(any(role.layers) for role in roles):
        return _together(roles)
    return _as_delivered(tuple(role.base for role in roles))


@cache
def _as_delivered(roles: tuple[Role, ...]) -> Standing:
    return _together([HeldRole(base=role) for role in roles])


def _together(roles: Sequence[HeldRole]) -> Standing:
    read: dict[Permission, dict[_Reach, frozenset[FieldClass]]] = {}
    for role in roles:
        held = role.scopes()
        for permission, scope in held.items():
            here, reached = read.setdefault(permission, {}), (scope, _leads(scope, held))
            here[reached] = here.get(reached, frozenset()) | role.fields()
    facets = {permission: _facets(here) for permission, here in read.items()}
    return Standing(
        roles=tuple(dict.fromkeys(role.base for role in roles)),
        scopes={
            permission: frozenset(scope for scope, _ in here) for permission, here in read.items()
        },
        fields={
            permission: frozenset.intersection(*(one.fields for one in several))
            for permission, several in facets.items()
        },
        facets=facets,
        grants=frozenset().union(*(role.grants() for role in roles)),
    )


def _leads(scope: Scope, held: Mapping[Permission, Scope]) -> bool:
    """Whether a role leads a team where one of its permissions counts, of itself and no other."""
    return scope is Scope.TEAM and held.get(Permission.CASES_RESTRICT) is Scope.TEAM


def _facets(read: Mapping[_Reach, frozenset[FieldClass]]) -> tuple[Facet, ...]:
    """The ways to read that stand beside each other; one that lies within another adds nothing."""
    together: dict[frozenset[FieldClass], set[_Reach]] = {}
    for reached, fields in read.items():
        together.setdefault(fields, set()).add(reached)
    facets = [
        Facet(frozenset(scope for scope, _ in several), fields, any(leads for _, leads in several))
        for fields, several in together.items()
    ]
    return tuple(
        one for one in facets if not any(one.is_within(two) for two in facets if two is not one)
    )


def usual(roles: Iterable[str]) -> Standing:
    """What roles come to where nobody has narrowed them."""
    return standing(HeldRole(base=role) for role in known_roles(roles))


def reach(scopes: Collection[Scope]) -> Scope | None:
    """The one scope that tells best how far several together reach."""
    return max(scopes, key=_WIDTH.index, default=None)
