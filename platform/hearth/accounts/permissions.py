"""The words of the policy: what can be permitted, and what somebody can be here."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Permission(StrEnum):
    """One thing a person may do."""

    FAMILIES_READ = "families.read"
    FAMILIES_WRITE = "families.write"
    CASES_RESTRICT = "cases.restrict"
    CASES_ENTRUST = "cases.entrust"
    REFERRALS_READ = "referrals.read"
    REFERRALS_WRITE = "referrals.write"
    SERVICES_WRITE = "services.write"
    NOTES_SEALED = "notes.sealed"
    SHELTER_READ = "shelter.read"
    SHELTER_WRITE = "shelter.write"
    HOUSES_MANAGE = "houses.manage"
    GIFTS_READ = "gifts.read"
    GIFTS_REFUND = "gifts.refund"
    FUNDS_MANAGE = "funds.manage"
    LEDGER_READ = "ledger.read"
    NUMBERS_READ = "numbers.read"
    EXPORTS = "exports.make"
    USERS_MANAGE = "users.manage"
    ROLES_MANAGE = "roles.manage"
    KEYS_MANAGE = "keys.manage"
    TOKENS_USE = "tokens.use"
    BREAK_GLASS = "break-glass.use"
    BREAK_GLASS_REVIEW = "break-glass.review"
    AUDIT_READ = "audit.read"
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
    AUDITOR = "auditor"
    SUPERVISOR = "supervisor"
    DIRECTOR = "director"
    PRIVACY_OFFICER = "privacy-officer"
    ADMINISTRATOR = "administrator"
    FEDERATION_STAFF = "federation-staff"


ROLE_LABELS: dict[Role, LazyString] = {
    Role.SOCIAL_WORKER: _l("Social worker"),
    Role.SPECIALIST: _l("Psychologist, lawyer or medical helper"),
    Role.HOUSE_STAFF: _l("House staff"),
    Role.DUTY_OPERATOR: _l("Duty operator"),
    Role.VOLUNTEER_COORDINATOR: _l("Volunteer coordinator"),
    Role.FUNDRAISER: _l("Fundraiser"),
    Role.BOOKKEEPER: _l("Bookkeeper"),
    Role.AUDITOR: _l("Auditor"),
    Role.SUPERVISOR: _l("Supervisor"),
    Role.DIRECTOR: _l("Director"),
    Role.PRIVACY_OFFICER: _l("Privacy officer"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.FEDERATION_STAFF: _l("Federation staff"),
}
PERMISSION_LABELS: dict[Permission, LazyString] = {
    Permission.FAMILIES_READ: _l("Read families' files"),
    Permission.FAMILIES_WRITE: _l("Open families and change their files"),
    Permission.CASES_RESTRICT: _l("Restrict a case and let somebody in"),
    Permission.CASES_ENTRUST: _l("Name a new keeper of a restricted file"),
    Permission.REFERRALS_READ: _l("Read referrals"),
    Permission.REFERRALS_WRITE: _l("Take and decide referrals"),
    Permission.SERVICES_WRITE: _l("Record services"),
    Permission.NOTES_SEALED: _l("Write sealed notes"),
    Permission.SHELTER_READ: _l("See the houses tonight"),
    Permission.SHELTER_WRITE: _l("Admit, move and end stays"),
    Permission.HOUSES_MANAGE: _l("Open houses and places"),
    Permission.GIFTS_READ: _l("Read gifts"),
    Permission.GIFTS_REFUND: _l("Give gifts back"),
    Permission.FUNDS_MANAGE: _l("Open and change funds"),
    Permission.LEDGER_READ: _l("Read the ledger"),
    Permission.NUMBERS_READ: _l("Read our figures"),
    Permission.EXPORTS: _l("Take data out of the service"),
    Permission.USERS_MANAGE: _l("Open and close accounts"),
    Permission.ROLES_MANAGE: _l("Change roles, teams and who works in which house"),
    Permission.KEYS_MANAGE: _l("Lock and unlock the organisation's key"),
    Permission.TOKENS_USE: _l("Use the interface for programs"),
    Permission.BREAK_GLASS: _l("Open one case in an emergency"),
    Permission.BREAK_GLASS_REVIEW: _l("Review emergency looks"),
    Permission.AUDIT_READ: _l("Read who looked and who changed what"),
    Permission.SUBJECT_RIGHTS: _l("Answer people who ask for their data"),
    Permission.INCIDENTS_MANAGE: _l("Lead incidents"),
    Permission.RETENTION_MANAGE: _l("Decide what is kept and for how long"),
    Permission.FEDERATION_NUMBERS: _l("Read the federation's numbers"),
}
# What somebody writes counts no further than what she reads of it, role by role: the pages that
# write show what stands there. Everything else is no writing about what another permission reads:
# houses, funds and accounts are nobody's file, an emergency look reads and is asked for where a
# role does not reach, and the desks bind their work to the files that open to whoever does it.
READ_BY: Mapping[Permission, Permission] = {
    Permission.FAMILIES_WRITE: Permission.FAMILIES_READ,
    Permission.CASES_RESTRICT: Permission.FAMILIES_READ,
    Permission.SERVICES_WRITE: Permission.FAMILIES_READ,
    Permission.NOTES_SEALED: Permission.FAMILIES_READ,
    Permission.REFERRALS_WRITE: Permission.REFERRALS_READ,
    Permission.SHELTER_WRITE: Permission.SHELTER_READ,
    Permission.GIFTS_REFUND: Permission.GIFTS_READ,
}
FEDERATION_ROLES = frozenset({Role.FEDERATION_STAFF})
# What tells nothing about any person. Whoever may do anything else needs a second factor, so a new
# permission asks for one until somebody writes it here.
ABOUT_NOBODY = frozenset({Permission.NUMBERS_READ})


def needs_second_factor(permissions: Iterable[Permission]) -> bool:
    """Whether somebody with these permissions could read about a person, or open doors to it."""
    return not ABOUT_NOBODY.issuperset(permissions)


def known_roles(roles: Iterable[str]) -> tuple[Role, ...]:
    """The roles among these texts; one that this release does not know opens nothing."""
    known = {role.value: role for role in Role}
    return tuple(known[role] for role in roles if role in known)
