"""The closed lists of referrals."""

from enum import StrEnum


class Source(StrEnum):
    """Who asks for help."""

    GUARDIANSHIP = "guardianship"
    HOSPITAL = "hospital"
    POLICE = "police"
    HELPLINE = "helpline"
    SCHOOL = "school"
    NGO = "ngo"
    SELF = "self"
    OTHER_MOTHER = "other_mother"
    SOCIAL_MEDIA = "social_media"
    OTHER = "other"


class Channel(StrEnum):
    """By what way the request came."""

    PHONE = "phone"
    IN_PERSON = "in_person"
    LETTER = "letter"
    EMAIL = "email"
    MESSAGE = "message"


class Urgency(StrEnum):
    """How soon somebody has to act, the most urgent first."""

    IMMEDIATE = "immediate"
    WITHIN_72_HOURS = "within_72_hours"
    ORDINARY = "ordinary"


class ReferralState(StrEnum):
    """What became of a referral."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REFERRED_ON = "referred_on"
    WITHDRAWN = "withdrawn"


class DecisionReason(StrEnum):
    """Why no case was opened."""

    NOT_OUR_TASK = "not_our_task"
    NO_PLACE = "no_place"
    TOO_FAR = "too_far"
    OTHER_HELP = "other_help"
    NOT_WANTED = "not_wanted"
    NOT_REACHED = "not_reached"
    DUPLICATE = "duplicate"
    OTHER = "other"
