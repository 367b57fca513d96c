"""Everything an organisation has, in a form that any program can read and no contract binds."""

import base64
import datetime
import decimal
import enum
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapper, Session

from hearth.models import TENANT_METADATA
from tenants.copying import MARKER
from tenants.models import TenantModel

SEALED = "_sealed"
AT_ONCE = 500
README = """\
This folder holds everything one organisation kept, as of the moment in contents.json.

tables/NAME.jsonl   one table; each line is one row, a JSON object in UTF-8 (https://jsonlines.org).
                    Identifiers are UUIDs, days and times are ISO 8601, money is in minor units with
                    its ISO 4217 currency beside it, bytes are base64 with a key "base64".
contents.json       the tables with the number of rows and the SHA-256 of each file, the columns
                    with their types, and which column refers to which table.

What the service keeps sealed is readable here. Whoever holds this folder holds families' files:
keep it encrypted, and hand it over in person.
"""


@dataclass(frozen=True)
class Exported:
    """One table's file: how many rows, and its SHA-256."""

    rows: int
    sha256: str


def export(session: Session, folder: Path, *, taken_at: datetime.datetime) -> dict[str, Exported]:
    """Write every table of the session's organisation; returns what was written, by table."""
    tables = folder / "tables"
    tables.mkdir(parents=True, mode=0o700)
    written = {str(mapper.local_table): _write(session, mapper, tables) for mapper in _mappers()}
    contents = {
        "format": "hearth-export-1",
        "schema_sha256": hash_of(session.info["organisation"].schema_name),
        "taken_at": taken_at.isoformat(timespec="seconds"),
        "tables": {
            name: {"rows": done.rows, "sha256": done.sha256, "columns": _columns(name)}
            for name, done in written.items()
        },
    }
    (folder / "contents.json").write_text(json.dumps(contents, indent=1), "utf-8")
    (folder / "README.txt").write_text(README, "utf-8")
    return written


def exported_before(folder: Path, schema: str) -> dict[str, Exported] | None:
    """What a folder holds of an organisation already; None where that is not its whole export."""
    try:
        contents = json.loads((folder / "contents.json").read_text("utf-8"))
    except OSError:
        return None
    if contents["schema_sha256"] != hash_of(schema):
        return None
    return {
        name: Exported(told["rows"], told["sha256"]) for name, told in contents["tables"].items()
    }


def hash_of(text: str) -> str:
    """What stands for a name in papers that outlive it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _mappers() -> list[Mapper[Any]]:
    found = {str(mapper.local_table): mapper for mapper in TenantModel.registry.mappers}
    return [mapper for name, mapper in sorted(found.items()) if name != MARKER]


def _write(session: Session, mapper: Mapper[Any], tables: Path) -> Exported:
    path = tables / f"{mapper.local_table}.jsonl"
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for line in _lines(session, mapper):
            file.write(line)
            digest.update(line)
            count += 1
    return Exported(count, digest.hexdigest())


def _lines(session: Session, mapper: Mapper[Any]) -> Iterator[bytes]:
    rows = session.scalars(select(mapper.class_)).yield_per(AT_ONCE)
    for part in rows.partitions():
        for row in part:
            told = dict(_told(row, mapper))
            yield json.dumps(told, default=_plain, ensure_ascii=False).encode() + b"\n"
        session.expunge_all()


def _told(row: Any, mapper: Mapper[Any]) -> Iterator[tuple[str, object]]:
    for attribute in mapper.column_attrs:
        name = attribute.key
        readable = name.removesuffix(SEALED)
        # What is sealed in the database is offered by the model under its plain name.
        if readable != name and hasattr(row, readable):
            name = readable
        yield name, getattr(row, name)


def _plain(value: object) -> object:
    match value:
        case uuid.UUID() | decimal.Decimal():
            return str(value)
        case datetime.date() | datetime.time():
            return value.isoformat()
        case enum.Enum():
            return value.value
        case bytes():
            return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"a {type(value).__name__} cannot be exported")


def _columns(table: str) -> dict[str, dict[str, str]]:
    found = {}
    for column in TENANT_METADATA.tables[table].columns:
        found[column.name] = {"type": str(column.type)}
        for key in column.foreign_keys:
            found[column.name]["refers_to"] = key.target_fullname
    return found
