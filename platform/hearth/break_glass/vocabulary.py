"""The closed lists of this feature."""

from enum import StrEnum


class Reason(StrEnum):
    """Why somebody could not wait for the colleague who accompanies the family."""

    DANGER = "danger"
    MEDICAL = "medical"
    CALL = "call"
    COVER = "cover"
    AUTHORITY = "authority"
    OTHER = "other"


class Outcome(StrEnum):
    """What a review came to."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
