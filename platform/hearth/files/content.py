"""The one place where a file's bytes go to the database and come from it."""

import uuid

from sqlalchemy.orm import Session

from hearth.files.models import StoredFile


def keep(session: Session, *, data: bytes, kind: str, stored_by: uuid.UUID) -> StoredFile:
    """Keep a cleaned file with the organisation whose session this is."""
    file = StoredFile(kind=kind, size=len(data), content=data, stored_by=stored_by)
    session.add(file)
    session.flush()
    return file


def bytes_of(file: StoredFile) -> bytes:
    """What is in a file."""
    return file.content
