"""The codes of giving in the reader's language."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from hearth.giving.models import Channel, Flag, FundKind, GiftState

GIFT_STATES: dict[str, LazyString] = {
    GiftState.STARTED: _l("Begun, not paid"),
    GiftState.ON_ITS_WAY: _l("On its way"),
    GiftState.RECEIVED: _l("Received"),
    GiftState.FAILED: _l("Not paid"),
    GiftState.REFUNDED: _l("Given back"),
    GiftState.DISPUTED: _l("Disputed by the bank"),
}
# What a state's chip looks like; the words say the same.
GIFT_STATE_KINDS: dict[str, str] = {
    GiftState.STARTED: "neutral",
    GiftState.ON_ITS_WAY: "info",
    GiftState.RECEIVED: "success",
    GiftState.FAILED: "neutral",
    GiftState.REFUNDED: "warning",
    GiftState.DISPUTED: "danger",
}
PAYMENT_STATES: dict[str, LazyString] = {
    "created": _l("Payment page opened"),
    "action_required": _l("Waiting for the donor"),
    "processing": _l("The bank is at work"),
    "succeeded": _l("Paid"),
    "failed": _l("Came to nothing"),
    "refunded": _l("Given back"),
    "disputed": _l("Disputed by the bank"),
}
REFUND_STATES: dict[str, LazyString] = {
    "pending": _l("Asked for"),
    "succeeded": _l("Given back"),
    "failed": _l("Came to nothing"),
}
CHANNELS: dict[str, LazyString] = {
    Channel.ONLINE: _l("Online"),
    Channel.EARLIER: _l("From the earlier records"),
}
FUND_KINDS: dict[str, LazyString] = {
    FundKind.GENERAL: _l("Where it is needed most"),
    FundKind.ACCOMPANIMENT: _l("Accompanying families"),
    FundKind.SHELTER: _l("Shelter"),
    FundKind.MATERIAL_AID: _l("Food, clothes and other aid"),
}
FLAGS: dict[str, LazyString] = {
    Flag.OTHER_AMOUNT: _l("The amount that was paid is not the one of this gift."),
    Flag.OTHER_CURRENCY: _l("The payment came in another currency than this gift."),
    Flag.PAID_AFTER_FAILURE: _l("Money came although the payment had failed before."),
    Flag.SETTLED_IN_OTHER_CURRENCY: _l(
        "The provider settled this payment in another currency, so its fee is not booked."
    ),
}
METHODS: dict[str, LazyString | str] = {
    "card": _l("Card"),
    "ideal": "iDEAL",
    "sepa_debit": _l("Direct debit"),
}
MAILS: dict[str, LazyString] = {
    "giving.thank_you": _l("Thanks with receipt"),
    "giving.instruction": _l("Your gift is on its way"),
}
