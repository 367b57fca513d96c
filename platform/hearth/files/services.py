"""Takes files in and hands them out: nothing is kept as it came, no link works twice."""

import hashlib
import hmac
import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hearth.accounts.models import UserSession
from hearth.files import content, reading
from hearth.files.kinds import kind_of
from hearth.files.models import FileLink, StoredFile
from hearth.files.scanning import examine
from tenants.passwords import derive

LIFETIME = timedelta(seconds=60)


def take_file(
    session: Session,
    *,
    data: bytes,
    filename: str,
    subject_id: uuid.UUID,
    stored_by: uuid.UUID,
    scanner: str | None,
) -> StoredFile:
    """Look a file through, write it anew and keep that.

    :raises FileRefusedError: it is not taken, and why.
    """
    kind = kind_of(data, filename)
    examine(data, scanner)
    cleaned = reading.clean(data, kind, organisation=session.info["organisation"].schema_name)
    return content.keep(
        session, data=cleaned, kind=kind.name, subject_id=subject_id, stored_by=stored_by
    )


def make_link(
    session: Session,
    file_id: uuid.UUID,
    *,
    session_token: str,
    organisation: str,
    secret: str,
    now: datetime,
) -> str:
    """Make a link that opens a file once, within a minute, while this sign-in lasts."""
    key = secrets.token_urlsafe(32)
    session.add(
        FileLink(
            secret_hash=_hashed(key),
            file_id=file_id,
            session_hash=_hashed(session_token),
            expires_at=now + LIFETIME,
        )
    )
    session.execute(delete(FileLink).where(FileLink.expires_at < now - LIFETIME))
    session.flush()
    return f"{organisation}.{key}.{_signature(organisation, key, secret)}"


def organisation_of(link: str, *, secret: str) -> str | None:
    """Whose file a link opens; None for one that was not made here."""
    organisation, _, rest = link.partition(".")
    key, _, signature = rest.partition(".")
    true = _signature(organisation, key, secret)
    return organisation if hmac.compare_digest(signature.encode(), true.encode()) else None


def open_link(session: Session, link: str, *, now: datetime) -> StoredFile | None:
    """The file behind a link, whose only use this is; None when it is used, late or signed out."""
    key = link.split(".")[1]
    signed_in = select(UserSession.token_hash).where(
        UserSession.token_hash == FileLink.session_hash, UserSession.ended_at.is_(None)
    )
    file_id = session.scalar(
        update(FileLink)
        .where(
            FileLink.secret_hash == _hashed(key),
            FileLink.used_at.is_(None),
            FileLink.expires_at > now,
            signed_in.exists(),
        )
        .values(used_at=now)
        .returning(FileLink.file_id)
        .execution_options(synchronize_session=False)
    )
    return session.get(StoredFile, file_id) if file_id else None


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _signature(organisation: str, key: str, secret: str) -> str:
    message = f"{organisation}.{key}".encode()
    return hmac.new(derive(secret, "file-links"), message, hashlib.sha256).hexdigest()
