"""Adds, lists, finds and withdraws a family's documents."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from hearth.audit import services as audit
from hearth.documents.models import HouseholdDocument
from hearth.families.models import Household
from hearth.files.models import StoredFile
from hearth.files.services import take_file


class AlreadyWithdrawnError(ValueError):
    """The document was withdrawn before."""


def documents_of(session: Session, household_id: uuid.UUID) -> Sequence[HouseholdDocument]:
    """A family's documents, the newest first, those that were withdrawn last."""
    return session.scalars(
        select(HouseholdDocument)
        .where(HouseholdDocument.household_id == household_id)
        .options(joinedload(HouseholdDocument.file), joinedload(HouseholdDocument.adder))
        .order_by(
            HouseholdDocument.withdrawn_at.is_not(None),
            HouseholdDocument.added_at.desc(),
            HouseholdDocument.id,
        )
    ).all()


def find_document(
    session: Session, household: Household, document_id: uuid.UUID
) -> HouseholdDocument | None:
    """One document of this very family."""
    return session.scalars(
        select(HouseholdDocument).where(
            HouseholdDocument.id == document_id, HouseholdDocument.household_id == household.id
        )
    ).one_or_none()


def add_document(
    session: Session,
    household: Household,
    *,
    title: str,
    data: bytes,
    filename: str,
    added_by: uuid.UUID,
    scanner: str | None,
) -> HouseholdDocument:
    """Take a file in and put it into a family's file.

    :raises FileRefusedError: the file is not taken, and why.
    """
    file = take_file(
        session,
        data=data,
        filename=filename,
        subject_id=household.id,
        stored_by=added_by,
        scanner=scanner,
    )
    return file_document(session, household, file, title=title, added_by=added_by)


def file_document(
    session: Session, household: Household, file: StoredFile, *, title: str, added_by: uuid.UUID
) -> HouseholdDocument:
    """Put a file that was looked through already into a family's file."""
    document = HouseholdDocument(
        household_id=household.id, file_id=file.id, title=title, added_by=added_by
    )
    session.add(document)
    session.flush()
    _record(session, "document.added", document, added_by)
    return document


def withdraw_document(
    session: Session,
    document: HouseholdDocument,
    *,
    reason: str,
    withdrawn_by: uuid.UUID,
    now: datetime,
) -> None:
    """Close a document: it stays on the list with who withdrew it and why.

    :raises AlreadyWithdrawnError: somebody did so before.
    """
    session.refresh(document, with_for_update=True)
    if not document.is_open:
        raise AlreadyWithdrawnError
    document.withdrawn_at = now
    document.withdrawn_by = withdrawn_by
    document.withdrawn_because = reason
    session.flush()
    _record(session, "document.withdrawn", document, withdrawn_by)


def _record(
    session: Session, action: str, document: HouseholdDocument, actor_id: uuid.UUID
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="document",
        subject_id=document.id,
        actor_id=actor_id,
        household_id=document.household_id,
    )
