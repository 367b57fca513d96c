"""The papers in a family's file that somebody reads before they are handed out."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hearth.documents.models import HouseholdDocument


@dataclass(frozen=True, kw_only=True)
class FiledPaper:
    """One paper; one that was withdrawn is still held, and is no paper that counts."""

    file_id: uuid.UUID
    withdrawn_at: datetime | None
    opens: bool = True
    """Whether it opens to whoever reads the queue."""


def papers_among(
    session: Session, rows: Collection[tuple[str, uuid.UUID | None]]
) -> dict[tuple[str, uuid.UUID | None], FiledPaper]:
    """The papers that these rows are about: what a paper is called, and the file itself."""
    named = {row_id for table, row_id in rows if table == "household_documents"}
    files = {row_id for table, row_id in rows if table == "stored_files"}
    found = session.scalars(
        select(HouseholdDocument).where(
            or_(HouseholdDocument.id.in_(named), HouseholdDocument.file_id.in_(files))
        )
    )
    papers: dict[tuple[str, uuid.UUID | None], FiledPaper] = {}
    for document in found:
        paper = FiledPaper(file_id=document.file_id, withdrawn_at=document.withdrawn_at)
        papers["household_documents", document.id] = paper
        papers["stored_files", document.file_id] = paper
    return papers
