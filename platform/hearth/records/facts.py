"""What the facts of an event are called, and what their codes say in words."""

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.accounts.permissions import PERMISSION_LABELS, ROLE_LABELS
from hearth.accounts.policy import FIELD_LABELS, SCOPE_LABELS, WITHHELD
from hearth.break_glass import words as break_glass
from hearth.case_access import words as case_access
from hearth.consents import words as consents
from hearth.data_register.words import GROUPS, SUBJECTS
from hearth.families.words import CLOSING_REASONS, MEMBER_ROLES
from hearth.incidents import words as incidents
from hearth.intake.words import STATES
from hearth.retention.words import ANSWERS
from hearth.service_delivery.words import SERVICE_KINDS
from hearth.shelter.words import DESTINATIONS, END_REASONS
from hearth.staff.roles import UNBOUND
from hearth.subject_rights import words as subject_rights

Codes = Mapping[Any, LazyString]
COLLEAGUES = frozenset({"user", "key_worker"})
"""Facts that hold the id of a colleague."""
ROLES = frozenset({"role", "base", "given", "taken", "roles_before", "roles_after"})
"""Facts that hold codes of roles, where the event is about an account or a role."""
ABOUT_ROLES = frozenset({"account", "role"})
NAMES: Mapping[str, LazyString] = {
    "about": _l("About"),
    "amount_minor": _l("Amount"),
    "answer": _l("Answer"),
    "base": _l("Begins as"),
    "decision": _l("Decision"),
    "destination": _l("Where the family went"),
    "entry": _l("Entry"),
    "fields": _l("What was changed"),
    "filters": _l("Searched by"),
    "found": _l("People found"),
    "given": _l("Roles given"),
    "giver": _l("Who agreed"),
    "group": _l("Group of data"),
    "high_risk": _l("High risk"),
    "key_worker": _l("Accompanied by"),
    "kind": _l("Kind"),
    "mark": _l("Mark of what went out (SHA-256)"),
    "method": _l("How"),
    "new": _l("New notices"),
    "number": _l("How many entries"),
    "outcome": _l("How it ended"),
    "page": _l("Page"),
    "permission": _l("Permission"),
    "person": _l("Whom it is about"),
    "purpose": _l("Purpose"),
    "reason": _l("Reason"),
    "released": _l("Given out by somebody's word"),
    "restricted": _l("The file opens by name alone"),
    "role": _l("Role"),
    "roles_after": _l("Roles now"),
    "roles_before": _l("Roles before"),
    "rules": _l("What was narrowed"),
    "state": _l("State"),
    "step": _l("Step"),
    "taken": _l("Roles taken"),
    "until": _l("Until"),
    "user": _l("Colleague"),
    "way": _l("In which way"),
    "why": _l("Why"),
    "works_here": _l("Works here"),
}
CODES: Mapping[tuple[str, str], Codes] = {
    ("account", "fields"): {
        "name": _l("Name"),
        "roles": _l("Roles"),
        "locale": _l("Language"),
        "disabled": _l("Works here"),
    },
    ("case_grant", "kind"): case_access.GRANT_KINDS,
    ("consent", "giver"): consents.GIVERS,
    ("consent", "purpose"): consents.PURPOSES,
    ("erasure_certificate", "about"): SUBJECTS,
    ("erasure_certificate", "method"): subject_rights.SHORT_METHODS,
    ("erasure_certificate", "why"): subject_rights.ERASURE_KINDS,
    ("fund", "fields"): {
        "code": _l("Short name"),
        "kind": _l("Kind of purpose"),
        "titles": _l("Title"),
        "purposes": _l("Purpose"),
        "goal_minor": _l("Goal"),
        "opened_on": _l("First day"),
        "closed_on": _l("Last day"),
    },
    ("glass_look", "outcome"): break_glass.OUTCOMES,
    ("glass_look", "reason"): break_glass.REASONS,
    ("household", "reason"): CLOSING_REASONS,
    ("household_restriction", "kind"): case_access.KINDS,
    ("incident", "kind"): {**incidents.KINDS, **incidents.ENTRIES},
    ("incident", "way"): incidents.WAYS,
    ("legal_hold", "about"): SUBJECTS,
    ("log", "filters"): {
        "user_id": _l("Colleague"),
        "since": _l("From"),
        "until": _l("Until"),
        "action": _l("What was done"),
        "case_number": _l("Case number"),
    },
    ("page", "permission"): PERMISSION_LABELS,
    ("person", "fields"): subject_rights.FIELDS,
    ("person", "role"): MEMBER_ROLES,
    ("referral", "state"): STATES,
    ("retention_notice", "answer"): ANSWERS,
    ("retention_notice", "group"): GROUPS,
    ("service", "kind"): SERVICE_KINDS,
    ("stay", "destination"): DESTINATIONS,
    ("stay", "reason"): END_REASONS,
    ("subject_request", "about"): SUBJECTS,
    ("subject_request", "decision"): subject_rights.DECISIONS,
    ("subject_request", "kind"): subject_rights.KINDS,
    ("subject_request", "step"): subject_rights.STEPS,
}
ITEMS: Mapping[str, LazyString] = {
    **{one.value: label for one, label in PERMISSION_LABELS.items()},
    **{f"field:{one}": label for one, label in FIELD_LABELS.items()},
    **{f"grant:{one}": label for one, label in ROLE_LABELS.items()},
}
"""What a rule may narrow: a permission, a kind of data, or a role to hand out."""
RULES: Codes = {
    **SCOPE_LABELS,
    WITHHELD: _l("taken away"),
    UNBOUND: _l("as usual"),
}
