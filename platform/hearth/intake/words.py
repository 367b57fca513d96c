"""The words under which people see the codes of referrals."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency

SOURCES: Mapping[Source, LazyString] = {
    Source.GUARDIANSHIP: _l("Guardianship authority"),
    Source.HOSPITAL: _l("Hospital or clinic"),
    Source.POLICE: _l("Police"),
    Source.HELPLINE: _l("Our telephone line"),
    Source.SCHOOL: _l("School or nursery"),
    Source.NGO: _l("Another organisation"),
    Source.SELF: _l("The mother herself"),
    Source.OTHER_MOTHER: _l("Another mother"),
    Source.SOCIAL_MEDIA: _l("Social media"),
    Source.OTHER: _l("Somebody else"),
}
CHANNELS: Mapping[Channel, LazyString] = {
    Channel.PHONE: _l("By telephone"),
    Channel.IN_PERSON: _l("In person"),
    Channel.LETTER: _l("By letter"),
    Channel.EMAIL: _l("By email"),
    Channel.MESSAGE: _l("By message"),
}
URGENCIES: Mapping[Urgency, LazyString] = {
    Urgency.IMMEDIATE: _l("Immediate danger"),
    Urgency.WITHIN_72_HOURS: _l("Within 72 hours"),
    Urgency.ORDINARY: _l("Not urgent"),
}
STATES: Mapping[ReferralState, LazyString] = {
    ReferralState.RECEIVED: _l("Waiting for a decision"),
    ReferralState.ACCEPTED: _l("Accepted"),
    ReferralState.DECLINED: _l("Declined"),
    ReferralState.REFERRED_ON: _l("Referred on"),
    ReferralState.WITHDRAWN: _l("Withdrawn"),
}
REASONS: Mapping[DecisionReason, LazyString] = {
    DecisionReason.NOT_OUR_TASK: _l("We do not offer this kind of help"),
    DecisionReason.NO_PLACE: _l("There is no place free"),
    DecisionReason.TOO_FAR: _l("The family lives too far away"),
    DecisionReason.OTHER_HELP: _l("Others help already"),
    DecisionReason.NOT_WANTED: _l("The mother does not want it"),
    DecisionReason.NOT_REACHED: _l("We could not reach her"),
    DecisionReason.DUPLICATE: _l("It was taken down twice"),
    DecisionReason.OTHER: _l("Another reason"),
}
