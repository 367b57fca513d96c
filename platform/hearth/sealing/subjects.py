"""Whose a row's sealed values are: an id on the row, or at the end of a path of relations."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper, object_mapper
from sqlalchemy.orm.interfaces import MANYTOONE

from hearth.sealing.errors import SealingError
from hearth.sealing.keyring import ORGANISATION_SUBJECT
from tenants.models import new_id

# In the place of an attribute's name: the organisation itself.
ORGANISATION = "(organisation)"


def subject_of(row: object, path: str, *, load: bool = True) -> UUID | None:
    """The id that a path leads to; without ``load`` only over what is loaded already."""
    if path == ORGANISATION:
        return ORGANISATION_SUBJECT
    *relations, last = path.split(".")
    here: Any = row
    for relation in relations:
        here = getattr(here, relation) if load else here.__dict__.get(relation)
        if here is None:
            return None
    found = getattr(here, last) if load else here.__dict__.get(last)
    if found is None and load:
        found = _id_of_related(here, last) if last != "id" else row_id(here)
    return cast("UUID | None", found)


def row_id(row: object) -> UUID:
    """A row's own id, given now where the flush would give it in a moment."""
    known = getattr(row, "id", None)
    if known is None:
        if not inspect(row).transient and not inspect(row).pending:
            raise SealingError("only a row with an id of its own can be sealed")
        known = new_id()
        row.id = known  # type: ignore[attr-defined]
    return cast("UUID", known)


def _id_of_related(row: object, column: str) -> UUID | None:
    """The id of the row that a foreign key is about to point at, before the flush writes it."""
    mapper: Mapper[Any] = object_mapper(row)
    wanted = mapper.columns[column]
    for relation in mapper.relationships:
        if relation.direction is MANYTOONE and relation.local_columns == {wanted}:
            related = getattr(row, relation.key)
            if related is not None:
                return row_id(related)
    return None
