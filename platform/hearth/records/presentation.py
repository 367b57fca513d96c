"""Says an event in words."""

from flask_babel import gettext as _

from hearth.audit.words import ACTIONS, PURPOSES
from hearth.records.services import Line


def action_in_words(line: Line) -> str:
    """What was done; an action of another release by its code."""
    if line.action is None:
        return str(_("Something happened in a file that opens to others"))
    return str(ACTIONS.get(line.action, line.action))


def purpose_in_words(purpose: str) -> str:
    """Which page was looked at."""
    return str(PURPOSES.get(purpose, purpose))


def facts_in_words(line: Line) -> str:
    """Names of fields and codes, side by side."""
    return "; ".join(f"{name}: {_one(value)}" for name, value in sorted(line.facts.items()))


def _one(value: object) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
