"""What colleagues are called: a name tells two of them apart, also in the records of a year ago."""

import unicodedata
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts.models import User, directory

# Cyrillic letters that nobody tells from Latin ones, and what they are taken for.
LOOKALIKES = str.maketrans("авеёкмнорстухіїјѕ", "abeekmhopctyxiijs")


class NameTakenError(Exception):
    """Another colleague has this name, or one that looks the same."""


def rename(session: Session, user: User, name: str) -> None:
    """Change how colleagues know somebody.

    :raises NameTakenError: another open account has this name.
    """
    if name != user.name:
        refuse_taken(session, name, but=user.id)
        user.name = name


def refuse_taken(session: Session, name: str, *, but: uuid.UUID | None = None) -> None:
    """Let nobody be called like somebody else.

    :raises NameTakenError: an open account other than ``but`` has this name.
    """
    table = directory(session).user
    others = session.execute(select(table.id, table.name).where(table.disabled_at.is_(None)))
    if any(_looks(row.name) == _looks(name) for row in others if row.id != but):
        raise NameTakenError


def _looks(name: str) -> str:
    """A name as the eye takes it: no case, no accents, no blanks, one letter for those alike."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    seen = "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN")
    return unicodedata.normalize("NFKD", seen.translate(LOOKALIKES))
