"""The classes of fields: how closely what stands in a column is kept, and who may see it."""

from enum import StrEnum


class FieldClass(StrEnum):
    """What kind of thing a field tells."""

    IDENTITY = "identity"
    CONTACT = "contact"
    LOCATION = "location"
    HEALTH = "health"
    LEGAL = "legal"
    SEALED_NOTE = "sealed_note"
    FREE_TEXT = "free_text"
    MONEY = "money"
    CASEWORK = "casework"
    STAFF = "staff"
    TECHNICAL = "technical"
