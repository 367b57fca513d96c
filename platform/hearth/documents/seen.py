"""A family's documents as far as a reader sees them: what a paper is called may name somebody."""

import uuid
from datetime import datetime

from hearth.accounts.redaction import Sees, of_class, seen, view
from hearth.data_classes import FieldClass
from hearth.documents.models import HouseholdDocument
from hearth.files.models import ASKED_BY_A_PAPER


@view
class SeenDocument:
    """One document of the list; ``opens`` says whether this reader may have the file itself."""

    id: uuid.UUID = of_class(None)
    media: str = of_class(None)
    added_at: datetime = of_class(None)
    adder: str = of_class(None)
    withdrawn_at: datetime | None = of_class(None)
    title: str | None = of_class(FieldClass.FREE_TEXT)
    withdrawn_because: str | None = of_class(FieldClass.FREE_TEXT)
    opens: bool = of_class(FieldClass.FREE_TEXT, hidden=False)


def see_document(document: HouseholdDocument, sees: Sees) -> SeenDocument:
    """Copy what a reader may see of a document."""
    return seen(
        SeenDocument,
        document,
        sees,
        media=document.file.kind,
        adder=document.adder.name,
        opens=document.is_open and all(sees(one) for one in ASKED_BY_A_PAPER),
    )
