"""What the organisation's records keep of a file that is handed out: each decision, and the whole.

Decisions are written over while a request waits. Their trace in the chain is not, so that nobody
puts the papers in order after something went out.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from hearth.subject_rights.gathering import Told
from hearth.subject_rights.models import Disclosure, SubjectRequest
from hearth.subject_rights.services import record
from hearth.subject_rights.vocabulary import Decision

WHOLE_ROW = "*"
"""What stands for the field where a row is given out, or kept back, as a whole."""
Place = tuple[str, uuid.UUID | None, str]


def record_decision(session: Session, request: SubjectRequest, entry: Disclosure) -> None:
    """Record what was decided about one entry, by its place alone."""
    facts: dict[str, Any] = {
        "decision": str(entry.decision),
        "entry": _written(_place(entry)),
    }
    record(session, request, "request.step", by=entry.decided_by, facts=facts)


def of_file(told: Iterable[Told], decisions: Iterable[Disclosure]) -> dict[str, Any]:
    """How much went out, how much of it by somebody's word, and a mark of exactly what and by whom.

    The mark is the SHA-256 of one line for each field, in order: its table, row and name, and the
    id of whoever released it, or nothing where it is given out without another word.
    """
    released = {
        _place(one): one.decided_by for one in decisions if one.decision is Decision.RELEASE
    }
    lines = {
        _written(place): _releaser(released, place)
        for row in told
        for place in ((row.table.name, row.row_id, field.name) for field in row.values)
    }
    text = "\n".join(f"{place} {by or ''}" for place, by in sorted(lines.items()))
    return {
        "number": len(lines),
        "released": sum(by is not None for by in lines.values()),
        "mark": hashlib.sha256(text.encode()).hexdigest(),
    }


def _releaser(released: Mapping[Place, uuid.UUID | None], place: Place) -> uuid.UUID | None:
    table, row_id, _field = place
    return released.get(place) or released.get((table, row_id, WHOLE_ROW))


def _place(entry: Disclosure) -> Place:
    return entry.table_name, entry.row_id, entry.field


def _written(place: Place) -> str:
    return "/".join(str(part or "") for part in place)
