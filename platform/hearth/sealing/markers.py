"""What stands in the place of a value that cannot be opened, in words a reader understands."""

from enum import StrEnum
from typing import Any

from flask_babel import gettext as _


class Why(StrEnum):
    """Why a value cannot be read."""

    LOCKED = "locked"
    ERASED = "erased"


class Unreadable(str):
    """A text that says why there is none; it is drawn like any other and never stored."""

    why: Why

    def __new__(cls, why: Why) -> "Unreadable":
        """The words for a reason, in the language of whoever reads."""
        told = super().__new__(cls, _("locked") if why is Why.LOCKED else _("erased"))
        told.why = why
        return told


class UnreadableRecord(dict[str, Any]):
    """The same in the place of a sealed record: it has nothing but its reason."""

    def __init__(self, why: Why) -> None:
        super().__init__()
        self.text = Unreadable(why)
