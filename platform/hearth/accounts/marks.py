"""Marks on what the service gives out, told from what somebody made up without the database.

They are for limits alone, which must cost less than what they turn away. A mark says nothing about
whether what bears it is still good: that is asked of the database, and opens or does not.
"""

import hashlib
import hmac
import secrets
import time
from datetime import timedelta
from functools import lru_cache

from tenants.context import runtime
from tenants.passwords import derive

# Stands in no other part of what is marked.
SEPARATOR = "."


def new_token(purpose: str, host: str) -> str:
    """A random token that bears the mark of its purpose, its host and this moment."""
    unmarked = f"{secrets.token_urlsafe(32)}{SEPARATOR}{int(time.time()):x}"
    return f"{unmarked}{SEPARATOR}{_mark(unmarked, purpose, host)}"


def was_given_out(token: str, purpose: str, host: str, *, within: timedelta) -> bool:
    """Whether the service made this token for this purpose and host within a time."""
    unmarked, _, mark = token.rpartition(SEPARATOR)
    _, _, made = unmarked.rpartition(SEPARATOR)
    true = _mark(unmarked, purpose, host)
    if not hmac.compare_digest(mark.encode(errors="replace"), true.encode()):
        return False
    return int(time.time()) - int(made, 16) < within.total_seconds()


def _mark(unmarked: str, purpose: str, host: str) -> str:
    told = f"{host} {unmarked}".encode(errors="replace")
    key = _key(runtime().settings.secret_key, purpose)
    return hmac.new(key, told, hashlib.sha256).hexdigest()[:32]


@lru_cache(maxsize=16)
def _key(secret: str, purpose: str) -> bytes:
    return derive(secret, purpose)
