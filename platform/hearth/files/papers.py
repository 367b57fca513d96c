"""Writes PDF documents anew from their pages, and refuses those that would do something."""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from hearth.files.kinds import FileRefusedError, Refusal
from hearth.files.pictures import without_remarks

MOST_PAGES = 300
MOST_OBJECTS = 50_000
# What runs, starts, fetches, sends or carries something besides the pages.
ACTIVE_KEYS = frozenset(
    {"/JS", "/JavaScript", "/AA", "/XFA", "/EmbeddedFiles", "/EF", "/RichMediaContent"}
)
ACTIVE_VALUES = frozenset(
    {
        "/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition",
        "/Movie", "/Sound", "/RichMedia", "/RichMediaExecute", "/3D", "/Screen", "/FileAttachment",
        "/EmbeddedFile", "/Filespec",
    }
)  # fmt: skip
REMARKS = ("/Metadata", "/PieceInfo", "/LastModified", "/Info", "/Thumb")


def clean_paper(data: bytes) -> bytes:
    """Return the same pages in a new document without author, history or anything hidden.

    :raises FileRefusedError: it is locked, cannot be read, or holds more than pages.
    """
    try:
        return _write_anew(data)
    except FileRefusedError:
        raise
    except Exception as error:
        # A document made to break its reader breaks it in many ways; each means the same to us.
        raise FileRefusedError(Refusal.UNREADABLE) from error


def _write_anew(data: bytes) -> bytes:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise FileRefusedError(Refusal.LOCKED)
    if any(_is_active(thing) for thing in _everything_in(reader.root_object)):
        raise FileRefusedError(Refusal.ACTIVE)
    if len(reader.pages) > MOST_PAGES:
        raise FileRefusedError(Refusal.TOO_MANY_PAGES)
    writer = PdfWriter()
    for page in reader.pages:
        writer.add_page(page)
    for thing in _everything_in(writer.root_object):
        _forget_remarks(thing)
    writer.metadata = None
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _everything_in(root: Any) -> Iterator[DictionaryObject]:
    """Every dictionary that can be reached from the root, each once."""
    waiting: list[Any] = [root]
    seen: set[tuple[int, int]] = set()
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, IndirectObject):
            if (thing.idnum, thing.generation) in seen:
                continue
            seen.add((thing.idnum, thing.generation))
            thing = thing.get_object()
        if len(seen) > MOST_OBJECTS or len(waiting) > 10 * MOST_OBJECTS:
            raise FileRefusedError(Refusal.TOO_MANY_PAGES)
        if isinstance(thing, ArrayObject):
            waiting.extend(thing)
        elif isinstance(thing, DictionaryObject):
            yield thing
            waiting.extend(thing.values())


def _is_active(thing: DictionaryObject) -> bool:
    said = {thing.get(key) for key in ("/S", "/Type", "/Subtype") if _is_name(thing.get(key))}
    return not ACTIVE_KEYS.isdisjoint(thing) or not ACTIVE_VALUES.isdisjoint(said)


def _is_name(value: Any) -> bool:
    return isinstance(value, NameObject)


def _forget_remarks(thing: DictionaryObject) -> None:
    for key in REMARKS:
        thing.pop(key, None)
    if isinstance(thing, StreamObject) and thing.get("/Filter") == "/DCTDecode":
        thing._data = without_remarks(thing._data)
