"""The closed lists of the families' files."""

from enum import StrEnum

from hearth.data_classes import FieldClass


class Sex(StrEnum):
    """As recorded in a person's papers."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class MemberRole(StrEnum):
    """What somebody is in the household, in the order in which a family is introduced."""

    MOTHER = "mother"
    CARER = "carer"
    PARTNER = "partner"
    OTHER = "other"
    CHILD = "child"


CARING = frozenset({MemberRole.MOTHER, MemberRole.CARER})
"""Who is told for the children, and whose own the family's file is."""


class Need(StrEnum):
    """What a family asks for; the list is the federation's, so that figures can be compared."""

    HOUSING = "housing"
    MATERIAL = "material"
    PSYCHOLOGICAL = "psychological"
    PARENTING = "parenting"
    LEGAL = "legal"
    MEDICAL = "medical"
    SCHOOLING_WORK = "schooling_work"


NEED_CLASSES = {
    Need.MEDICAL: FieldClass.HEALTH,
    Need.PSYCHOLOGICAL: FieldClass.HEALTH,
    Need.LEGAL: FieldClass.LEGAL,
}
"""Needs that tell by themselves what only a class of data may tell."""
TOLD_BY_NEED = frozenset(NEED_CLASSES.values())
"""Where a need that is covered leaves a mark, all of these: the mark would tell which it is."""


class ClosingReason(StrEnum):
    """Why an episode ended."""

    GOALS_MET = "goals_met"
    OWN_WISH = "own_wish"
    MOVED_AWAY = "moved_away"
    HANDED_OVER = "handed_over"
    LOST_CONTACT = "lost_contact"
    CHILDREN_ELSEWHERE = "children_elsewhere"
    DEATH = "death"
    OPENED_BY_MISTAKE = "opened_by_mistake"


class LeavingReason(StrEnum):
    """Why somebody no longer belongs to the household."""

    MOVED_OUT = "moved_out"
    TO_RELATIVES = "to_relatives"
    TAKEN_INTO_CARE = "taken_into_care"
    HOSPITAL = "hospital"
    DEATH = "death"
    ADDED_BY_MISTAKE = "added_by_mistake"
    OTHER = "other"
