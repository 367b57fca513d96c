"""The codes of the books in the reader's language."""

from flask_babel import lazy_gettext as _l

from hearth.ledger.models import Account

_ACCOUNTS = {
    Account.STRIPE_CLEARING: _l("Held by the payment provider"),
    Account.DISPUTED_GIFTS: _l("Withheld in disputes"),
    Account.EARLIER_GIFTS: _l("Received before these books began"),
    Account.GIFTS: _l("Gifts"),
    Account.PAYMENT_FEES: _l("Payment fees"),
}
_KINDS = {
    "gift": _l("Gift"),
    "fee": _l("Fee"),
    "refund": _l("Refund"),
    "reversal": _l("Reversal"),
    "dispute_withdrawn": _l("Withheld for a dispute"),
    "dispute_won": _l("Dispute won"),
    "dispute_lost": _l("Dispute lost"),
    "dispute_fee": _l("Fee of a dispute"),
}


def account_name(code: str) -> str:
    """An account's name; one that the organisation added itself is called by its code."""
    return str(_ACCOUNTS[Account(code)]) if code in set(Account) else code


def transaction_kind(code: str) -> str:
    """What happened, in a word or two."""
    return str(_KINDS.get(code, code))
