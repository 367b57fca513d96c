"""The codes of consents in words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.consents.models import ConsentPurpose, Giver, Medium

PURPOSES: dict[ConsentPurpose, LazyString] = {
    ConsentPurpose.FILE: _l("We keep a file"),
    ConsentPurpose.SHARE_WITH_BODY: _l("We tell a body something"),
    ConsentPurpose.HANDOVER: _l("We hand over to another organisation"),
    ConsentPurpose.PHOTO_STORY: _l("We show pictures or a story"),
    ConsentPurpose.CONTACT_AFTERWARDS: _l("We get in touch after closing"),
}
GIVERS: dict[Giver, LazyString] = {
    Giver.SELF: _l("The person herself or himself"),
    Giver.GUARDIAN: _l("A parent or guardian"),
}
MEDIA: dict[Medium, LazyString] = {
    Medium.PAPER: _l("Signed on paper"),
    Medium.SPOKEN: _l("Spoken, with a witness"),
    Medium.SCREEN: _l("On a screen"),
}
CODES = {ConsentPurpose: PURPOSES, Giver: GIVERS, Medium: MEDIA}
