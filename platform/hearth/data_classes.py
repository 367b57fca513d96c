"""The classes of data, by which access, encryption and retention are decided."""

from enum import StrEnum


class FieldClass(StrEnum):
    """What kind of thing a field tells about somebody."""

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
