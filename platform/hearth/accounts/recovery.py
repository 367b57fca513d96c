"""Recovery codes: ten for the day the phone is lost, each good once, shown once."""

import hashlib
import hmac
import secrets
import uuid
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hearth.accounts.models import directory
from tenants.passwords import derive

HOW_MANY = 10
# No sign that could be taken for another one; ten of them are fifty bits.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 10


def make_codes(session: Session, *, user_id: uuid.UUID, secret_key: str) -> list[str]:
    """Make ten new codes; those from before open nothing any more."""
    tables = directory(session)
    session.execute(delete(tables.recovery_code).where(tables.recovery_code.user_id == user_id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(HOW_MANY)]
    session.add_all(
        tables.recovery_code(user_id=user_id, code_hash=_hash(code, user_id, secret_key))
        for code in codes
    )
    session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def use_code(session: Session, *, user_id: uuid.UUID, code: str, secret_key: str) -> bool:
    """Whether a code was one of the person's; it is used up by that."""
    table = directory(session).recovery_code
    used = session.execute(
        update(table)
        .where(
            table.user_id == user_id,
            table.code_hash == _hash(_bare(code), user_id, secret_key),
            table.used_at.is_(None),
        )
        .values(used_at=datetime.now(UTC))
        .returning(table.id)
    ).first()
    return used is not None


def codes_left(session: Session, *, user_id: uuid.UUID) -> int:
    """How many codes can still be used."""
    table = directory(session).recovery_code
    unused = select(func.count()).where(table.user_id == user_id, table.used_at.is_(None))
    return session.scalar(unused) or 0


def forget_codes(session: Session, *, user_id: uuid.UUID) -> None:
    """Make every code of a person worthless."""
    table = directory(session).recovery_code
    session.execute(delete(table).where(table.user_id == user_id))


def _bare(code: str) -> str:
    return "".join(sign for sign in code.upper() if sign.isalnum())


def _hash(code: str, user_id: uuid.UUID, secret_key: str) -> bytes:
    key = derive(secret_key, "recovery-codes")
    return hmac.new(key, user_id.bytes + code.encode(), hashlib.sha256).digest()
