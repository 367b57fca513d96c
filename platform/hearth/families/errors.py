"""Why something cannot be done with a family's file."""

from enum import StrEnum


class FamilyError(ValueError):
    """A decision about a family is not possible; the subclass says why."""


class DateProblem(StrEnum):
    """What is wrong with a day."""

    IN_THE_FUTURE = "in_the_future"
    BEFORE_OPENING = "before_opening"
    BEFORE_CLOSING = "before_closing"
    BEFORE_JOINING = "before_joining"
    BEFORE_KEY_WORKER = "before_key_worker"


class FamilyDatesError(FamilyError):
    """A day does not fit the family's history; ``field`` names the argument that carried it."""

    def __init__(self, field: str, problem: DateProblem) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class NobodyThereError(FamilyError):
    """A family consists of at least one person."""


class CaseClosedError(FamilyError):
    """The case is closed, so nothing can be begun in it before it is opened anew."""


class CaseOpenError(FamilyError):
    """The case is open already."""


class AlreadyMemberError(FamilyError):
    """The person belongs to the household already at that time."""


class AlreadyLeftError(FamilyError):
    """The person has left the household already, or the entry was corrected meanwhile."""
