"""Says an event in words, with the names of colleagues and a way to what it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from hearth.accounts.permissions import ROLE_LABELS, Permission
from hearth.accounts.services import SignedIn
from hearth.audit.words import ACTIONS, PURPOSES
from hearth.money import Money
from hearth.records.facts import (
    ABOUT_ROLES,
    CODES,
    COLLEAGUES,
    ITEMS,
    NAMES,
    ROLES,
    RULES,
)
from hearth.records.lines import Line
from hearth.records.naming import is_id
from hearth.trail import Fact
from hearth.web.formatting import format_datetime, format_money, format_number

# By what an event is about: its page, the id in its address, and who may open it.
PAGES: Mapping[str, tuple[str, str, Permission]] = {
    "account": ("staff.change", "user_id", Permission.USERS_MANAGE),
    "glass_look": ("break_glass.review", "look_id", Permission.BREAK_GLASS_REVIEW),
    "incident": ("incidents.show", "incident_id", Permission.INCIDENTS_MANAGE),
    "referral": ("records.referral", "referral_id", Permission.AUDIT_READ),
    "subject_request": ("subject_rights.show", "request_id", Permission.SUBJECT_RIGHTS),
}


def action_in_words(line: Line) -> str:
    """What was done; an action of another release by its code."""
    if line.action is None:
        return str(_("Something happened in a file that opens to others"))
    return str(ACTIONS.get(line.action, line.action))


def purpose_in_words(purpose: str) -> str:
    """Which page was looked at."""
    return str(PURPOSES.get(purpose, purpose))


def page_of(line: Line, user: SignedIn) -> str:
    """The address of what an event is about, for somebody who may open it; else an empty one."""
    page, name, permission = PAGES.get(line.subject_type, ("", "", None))
    if permission is None or line.subject_id is None or not user.may(permission):
        return ""
    address: dict[str, Any] = {name: line.subject_id}
    return url_for(page, **address)


def facts_in_words(line: Line) -> str:
    """Whose account it is, and the facts with their codes in words, side by side."""
    whose = line.names.get(str(line.subject_id)) if line.subject_type == "account" else None
    said = [(_("Account"), whose)] if whose else []
    said += [
        (str(NAMES.get(name, name)), _fact(line, name, value))
        for name, value in sorted(line.facts.items())
        if not (name == "currency" and "amount_minor" in line.facts)
    ]
    return "; ".join(f"{name}: {value}" for name, value in said)


def codes_of(line: Line) -> str:
    """The facts as they were recorded and hashed, which is what proves them."""
    return "; ".join(f"{name}: {_plain(value)}" for name, value in sorted(line.facts.items()))


def _fact(line: Line, name: str, value: Fact) -> str:
    match value:
        case bool():
            return str(_("yes") if value else _("no"))
        case int() if name == "amount_minor":
            return format_money(Money(value, str(line.facts["currency"])))
        case int():
            return format_number(value)
        case list():
            return ", ".join(_code(line, name, one) for one in value)
    return _code(line, name, value)


def _code(line: Line, name: str, code: str) -> str:
    if name in COLLEAGUES:
        return line.names.get(code, _("Somebody whose account is gone"))
    if name == "person" and is_id(code):
        return str(_("One of the family"))
    if name == "until" and line.subject_type == "case_grant":
        return format_datetime(datetime.fromisoformat(code))
    if name == "rules":
        return _rule(line, code)
    if name in ROLES and line.subject_type in ABOUT_ROLES:
        return _role(line, code)
    return str(CODES.get((line.subject_type, name), {}).get(code, code))


def _role(line: Line, code: str) -> str:
    usual = {role.value: label for role, label in ROLE_LABELS.items()}
    return str(line.names.get(code) or usual.get(code, code))


def _rule(line: Line, code: str) -> str:
    item, _sign, rule = code.partition("=")
    return f"{ITEMS.get(item, item)} ({RULES.get(rule, rule)})"


def _plain(value: Fact) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str(value)
