"""The kinds of data a field may hold, by which it is decided who reads it."""

from enum import StrEnum


class FieldClass(StrEnum):
    """What a field tells about somebody, and therefore how carefully it is shown."""

    IDENTITY = "identity"
    CONTACT = "contact"
    LOCATION = "location"
    HEALTH = "health"
    LEGAL = "legal"
    SEALED_NOTE = "sealed_note"
    FREE_TEXT = "free_text"
    MONEY = "money"
    CASEWORK = "casework"
    """Dates, kinds and outcomes."""
    STAFF = "staff"
    TECHNICAL = "technical"
