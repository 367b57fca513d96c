"""The form that narrows a role: one question for each thing the role may do."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, post_load, validate

from hearth.accounts.permissions import PERMISSION_LABELS, READ_BY, ROLE_LABELS, Permission, Role
from hearth.accounts.policy import FIELD_LABELS, POLICY, SCOPE_LABELS, WITHHELD, scopes_offered
from hearth.data_classes import FieldClass
from hearth.staff.roles import RoleInUse
from hearth.web.fields import Choice, PlainText
from hearth.web.forms import Form

SCOPE = "scope_"
# Dates and kinds are the file itself: a role without them cannot open one, and says so differently.
ALWAYS_READ = frozenset({FieldClass.CASEWORK})


class OwnRoleSchema(Schema):
    """A role with a name of the organisation's own."""

    name = PlainText(
        max_length=100,
        required=True,
        validate=validate.Length(min=2, error=_l("Give the role a name.")),
        metadata={"label": _l("Name"), "hint": _l("Such as: lawyer, night watch.")},
    )
    base = Choice(
        required=True,
        metadata={
            "label": _l("Begins as"),
            "hint": _l("It can do no more than this role; on the next page you take away from it."),
            "widget": "select",
        },
    )


class NarrowSchema(Schema):
    """What is left of a role; ``narrow_form`` adds a question for each of its permissions."""

    reads = fields.List(
        Choice(),
        load_default=list,
        metadata={"label": _l("Reads"), "widget": "checkboxes", "optional": False},
    )
    hands_out = fields.List(
        Choice(),
        load_default=list,
        metadata={"label": _l("May hand out"), "widget": "checkboxes", "optional": False},
    )

    @post_load
    def answers(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """The answers by their names."""
        return data


def narrow_form(role: RoleInUse, sent: Mapping[str, Any] | None) -> Form:
    """The form about a role as it is."""
    policy, left = POLICY[role.base], role.held
    questions = {
        _name(permission): Choice(
            [
                *((s.value, SCOPE_LABELS[s]) for s in scopes_offered(permission, widest)),
                (WITHHELD, _("Not at all")),
            ],
            required=True,
            metadata={
                "label": PERMISSION_LABELS[permission],
                "hint": _bound_by(permission, role.base),
                "widget": "radios",
            },
        )
        for permission, widest in policy.scopes.items()
    }
    now = left.scopes()
    initial: dict[str, Any] = {
        _name(permission): now[permission].value if permission in now else WITHHELD
        for permission in policy.scopes
    }
    initial["reads"] = [one.value for one in left.fields()]
    initial["hands_out"] = [one.value for one in left.grants()]
    left_out = [] if _offered(role.base) else ["reads"]
    left_out += [] if policy.grants else ["hands_out"]
    schema = NarrowSchema.from_dict(dict(questions))(exclude=left_out)
    choices = {
        "reads": [(one.value, FIELD_LABELS[one]) for one in _offered(role.base)],
        "hands_out": [(one.value, ROLE_LABELS[one]) for one in Role if one in policy.grants],
    }
    kept = {name: offered for name, offered in choices.items() if name not in left_out}
    return Form(schema, sent, initial, choices=kept)


def rules_of(role: RoleInUse, answers: Mapping[str, Any]) -> dict[str, str]:
    """What the answers take away from what the policy gives the role."""
    policy = POLICY[role.base]
    rules = {
        permission.value: answers[_name(permission)]
        for permission, widest in policy.scopes.items()
        if answers[_name(permission)] != widest.value
    }
    reads, hands_out = answers.get("reads", ()), answers.get("hands_out", ())
    rules |= {f"field:{o}": WITHHELD for o in _offered(role.base) if o.value not in reads}
    return rules | {f"grant:{o}": WITHHELD for o in policy.grants if o.value not in hands_out}


def _bound_by(permission: Permission, base: Role) -> str:
    """What else decides how far a permission counts, if the role may do that at all."""
    reading = READ_BY.get(permission)
    if reading is None or reading not in POLICY[base].scopes:
        return ""
    return str(_("Counts no further than “%(reading)s”.", reading=PERMISSION_LABELS[reading]))


def _offered(base: Role) -> list[FieldClass]:
    return [one for one in FieldClass if one in POLICY[base].fields - ALWAYS_READ]


def _name(permission: Permission) -> str:
    return SCOPE + permission.value.replace(".", "_").replace("-", "_")
