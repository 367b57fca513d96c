"""The closed lists of services."""

from enum import StrEnum

from hearth.data_classes import FieldClass


class ServiceKind(StrEnum):
    """What was done."""

    CONVERSATION = "conversation"
    HOME_VISIT = "home_visit"
    PHONE_CALL = "phone_call"
    PSYCHOLOGICAL = "psychological"
    LEGAL = "legal"
    MEDICAL = "medical"
    PARENTING_LESSON = "parenting_lesson"
    ACCOMPANIMENT = "accompaniment"
    SCHOOLING_WORK = "schooling_work"
    CHILDCARE = "childcare"
    FOOD = "food"
    MATERIAL_AID = "material_aid"
    OTHER = "other"


KIND_CLASSES = {
    ServiceKind.PSYCHOLOGICAL: FieldClass.HEALTH,
    ServiceKind.MEDICAL: FieldClass.HEALTH,
    ServiceKind.LEGAL: FieldClass.LEGAL,
}
"""Kinds of help that tell by themselves what only a class of data may tell."""
TOLD_BY_KIND = frozenset(KIND_CLASSES.values())
"""Whoever does not read all of these sees no kind: one hidden beside others would tell itself."""


class ServiceMode(StrEnum):
    """Where it took place."""

    ON_SITE = "on_site"
    HOME = "home"
    REMOTE = "remote"
    ELSEWHERE = "elsewhere"
