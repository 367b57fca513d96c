"""Failed tries are counted so that guessing ends, and nobody can lock somebody else out by it.

Tries with a password count per account *and* address: somebody else's guesses never stop the
owner. Only who knows the password comes to the second factor; there the account has a limit of its
own against many addresses, from which a browser that passed the second factor before is exempt.
An address is a whole line: of IPv6, a /64.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hearth.accounts.models import directory
from hearth.web.addresses import line_of

WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_ADDRESS = 5
PER_ADDRESS = 50
CODES_PER_ACCOUNT = 20


class TooManyFailuresError(Exception):
    """Too many failed tries from here; a later one is welcome."""


def refuse_guessing(
    session: Session,
    *,
    account: str,
    address: str,
    pepper: bytes,
    per_account: int | None = None,
) -> None:
    """End guessing.

    :raises TooManyFailuresError: five failures for this account from this address, fifty from this
        address, or ``per_account`` from everywhere, within fifteen minutes.
    """
    failure = directory(session).failure
    same_account = failure.account_hash == keyed(pepper, account)
    from_here = failure.address_hash == keyed(pepper, line_of(address))
    counted = session.execute(
        select(
            func.count().filter(from_here),
            func.count().filter(from_here, same_account),
            func.count().filter(same_account),
        ).where(failure.failed_at > datetime.now(UTC) - WINDOW, from_here | same_account)
    ).one()
    here, account_here, account_everywhere = counted
    if here >= PER_ADDRESS or account_here >= PER_ACCOUNT_AND_ADDRESS:
        raise TooManyFailuresError
    if per_account is not None and account_everywhere >= per_account:
        raise TooManyFailuresError


def count_failure(session: Session, *, account: str, address: str, pepper: bytes) -> None:
    """Add a failure; the caller makes it durable."""
    failure = directory(session).failure
    here = keyed(pepper, line_of(address))
    session.add(failure(account_hash=keyed(pepper, account), address_hash=here))


def forget_failures(session: Session) -> None:
    """Remove failures that have served their time."""
    failure = directory(session).failure
    session.execute(delete(failure).where(failure.failed_at < datetime.now(UTC) - WINDOW))


def keyed(pepper: bytes, value: str) -> bytes:
    """A value that cannot be guessed back without the key."""
    return hmac.new(pepper, value.encode(), hashlib.sha256).digest()
