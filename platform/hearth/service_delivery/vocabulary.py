"""The closed lists of services."""

from enum import StrEnum


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


class ServiceMode(StrEnum):
    """Where it took place."""

    ON_SITE = "on_site"
    HOME = "home"
    REMOTE = "remote"
    ELSEWHERE = "elsewhere"
