"""The one place where a file's bytes go to the database and come from it."""

import uuid

from sqlalchemy.orm import Session

from hearth.files.models import StoredFile


def keep(
    session: Session, *, data: bytes, kind: str, subject_id: uuid.UUID, stored_by: uuid.UUID
) -> StoredFile:
    """Keep a cleaned file with the organisation whose session this is, under its subject's key."""
    file = StoredFile(
        kind=kind, size=len(data), subject_id=subject_id, content=data, stored_by=stored_by
    )
    session.add(file)
    session.flush()
    return file


def bytes_of(file: StoredFile) -> bytes | None:
    """What is in a file; None when its key is gone or cannot be had now."""
    return file.content
