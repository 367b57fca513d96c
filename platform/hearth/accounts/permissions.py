"""Who may do what: the one table of roles and permissions."""

from collections.abc import Iterable
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Permission(StrEnum):
    """One thing a person may do."""

    FAMILIES_READ = "families.read"
    FAMILIES_WRITE = "families.write"
    REFERRALS_READ = "referrals.read"
    REFERRALS_WRITE = "referrals.write"
    SERVICES_WRITE = "services.write"
    SHELTER_READ = "shelter.read"
    SHELTER_WRITE = "shelter.write"
    HOUSES_MANAGE = "houses.manage"
    GIFTS_READ = "gifts.read"
    GIFTS_REFUND = "gifts.refund"
    FUNDS_MANAGE = "funds.manage"
    LEDGER_READ = "ledger.read"
    NUMBERS_READ = "numbers.read"
    USERS_MANAGE = "users.manage"
    SUBJECT_RIGHTS = "subject-rights.manage"
    INCIDENTS_MANAGE = "incidents.manage"
    RETENTION_MANAGE = "retention.manage"
    FEDERATION_NUMBERS = "federation.numbers"


class Role(StrEnum):
    """What somebody is in the organisation, or in the federation."""

    SOCIAL_WORKER = "social-worker"
    SPECIALIST = "specialist"
    HOUSE_STAFF = "house-staff"
    DUTY_OPERATOR = "duty-operator"
    VOLUNTEER_COORDINATOR = "volunteer-coordinator"
    FUNDRAISER = "fundraiser"
    BOOKKEEPER = "bookkeeper"
    DIRECTOR = "director"
    ADMINISTRATOR = "administrator"
    PRIVACY_OFFICER = "privacy-officer"
    FEDERATION_STAFF = "federation-staff"


ROLE_LABELS: dict[Role, LazyString] = {
    Role.SOCIAL_WORKER: _l("Social worker"),
    Role.SPECIALIST: _l("Psychologist, lawyer or medical helper"),
    Role.HOUSE_STAFF: _l("House staff"),
    Role.DUTY_OPERATOR: _l("Duty operator"),
    Role.VOLUNTEER_COORDINATOR: _l("Volunteer coordinator"),
    Role.FUNDRAISER: _l("Fundraiser"),
    Role.BOOKKEEPER: _l("Bookkeeper"),
    Role.DIRECTOR: _l("Director"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.PRIVACY_OFFICER: _l("Privacy officer"),
    Role.FEDERATION_STAFF: _l("Federation staff"),
}

P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SOCIAL_WORKER: frozenset(
        {
            P.FAMILIES_READ,
            P.FAMILIES_WRITE,
            P.REFERRALS_READ,
            P.REFERRALS_WRITE,
            P.SERVICES_WRITE,
            P.SHELTER_READ,
            P.SHELTER_WRITE,
        }
    ),
    Role.SPECIALIST: frozenset({P.FAMILIES_READ, P.SERVICES_WRITE}),
    Role.HOUSE_STAFF: frozenset({P.SHELTER_READ, P.SHELTER_WRITE}),
    Role.DUTY_OPERATOR: frozenset({P.REFERRALS_READ, P.REFERRALS_WRITE, P.SHELTER_READ}),
    Role.VOLUNTEER_COORDINATOR: frozenset({P.NUMBERS_READ}),
    Role.FUNDRAISER: frozenset({P.GIFTS_READ, P.FUNDS_MANAGE, P.LEDGER_READ}),
    Role.BOOKKEEPER: frozenset({P.GIFTS_READ, P.GIFTS_REFUND, P.LEDGER_READ}),
    Role.DIRECTOR: frozenset(
        {
            P.FAMILIES_READ,
            P.REFERRALS_READ,
            P.SHELTER_READ,
            P.HOUSES_MANAGE,
            P.GIFTS_READ,
            P.GIFTS_REFUND,
            P.FUNDS_MANAGE,
            P.LEDGER_READ,
            P.NUMBERS_READ,
            P.SUBJECT_RIGHTS,
            P.INCIDENTS_MANAGE,
            P.RETENTION_MANAGE,
        }
    ),
    Role.ADMINISTRATOR: frozenset({P.USERS_MANAGE}),
    Role.PRIVACY_OFFICER: frozenset({P.SUBJECT_RIGHTS, P.INCIDENTS_MANAGE, P.RETENTION_MANAGE}),
    Role.FEDERATION_STAFF: frozenset({P.FEDERATION_NUMBERS}),
}
FEDERATION_ROLES = frozenset({Role.FEDERATION_STAFF})


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """Everything that holders of these roles may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in known_roles(roles)))


def known_roles(roles: Iterable[str]) -> tuple[Role, ...]:
    """The roles among these texts; one that this release does not know opens nothing."""
    known = {role.value: role for role in Role}
    return tuple(known[role] for role in roles if role in known)
