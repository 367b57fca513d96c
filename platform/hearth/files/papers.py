"""Writes PDF documents anew from their pages, and refuses those that would do something."""

import io
import re
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from pypdf import Configuration, PdfReader, PdfWriter, apply_configuration, filters
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
)

from hearth.files.kinds import FileRefusedError, Refusal
from hearth.files.pictures import without_boxes, without_remarks

MOST_PAGES = 300
MOST_OBJECTS = 50_000
# What a document of the largest size says of itself when it is unpacked is a few megabytes; its
# pages and pictures are taken over as they are packed.
MOST_UNPACKED = 20_000_000
# And what its pages draw, with the signs of its alphabets.
MOST_DRAWN = 60_000_000
LIMITS = Configuration(
    zlib_maximum_output_length=MOST_UNPACKED,
    lzw_maximum_output_length=MOST_UNPACKED,
    run_length_maximum_output_length=MOST_UNPACKED,
    brotli_maximum_output_length=MOST_UNPACKED,
    array_based_stream_maximum_output_length=MOST_UNPACKED,
    stream_decoding_work_maximum_length=3 * MOST_UNPACKED,
    # Damaged data is mended byte by byte, which is slow.
    zlib_maximum_recovery_input_length=200_000,
    # No program of the machine is started for a picture.
    jbig2dec_binary=None,
)
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
# What happens when somebody presses on a place of a page: a paper of a family's needs none of it.
PRESSED = ("/A", "/AA", "/PA")

# How pictures are packed, and what takes their remarks off. Nothing is packed after that.
PICTURES = {
    "/DCTDecode": without_remarks,
    "/DCT": without_remarks,
    "/JPXDecode": without_boxes,
}
AMONG_WORDS = re.compile(rb"\bBI\b(.{0,300}?)\bID\b", re.DOTALL)
HIDDEN_SIGN = re.compile(rb"#([0-9A-Fa-f]{2})")


def clean_paper(data: bytes) -> bytes:
    """Return the same pages in a new document without author, history or anything hidden.

    :raises FileRefusedError: it is locked, cannot be read, or holds more than pages.
    """
    begun = _left.set(MOST_UNPACKED)
    try:
        with apply_configuration(LIMITS):
            return _write_anew(data)
    except FileRefusedError:
        raise
    except Exception as error:
        # A document made to break its reader breaks it in many ways; each means the same to us.
        raise FileRefusedError(Refusal.UNREADABLE) from error
    finally:
        _left.reset(begun)


# The library bounds each packed part of a document, and nobody the number of parts.
_left: ContextVar[int | None] = ContextVar("bytes that may still be unpacked", default=None)
_unpack = filters.decode_stream_data


def _unpack_within_bounds(stream: StreamObject) -> bytes:
    unpacked = _unpack(stream)
    left = _left.get()
    # Nobody looks a stranger's document through: it is one of our own that is read.
    if left is None:
        return unpacked
    _left.set(left - len(unpacked))
    if left < len(unpacked):
        raise FileRefusedError(Refusal.UNREADABLE)
    return unpacked


filters.decode_stream_data = _unpack_within_bounds


def _write_anew(data: bytes) -> bytes:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise FileRefusedError(Refusal.LOCKED)
    if any(_is_active(thing) for thing in _everything_in(reader.root_object)):
        raise FileRefusedError(Refusal.ACTIVE)
    for thing in _everything_in(reader.root_object):
        _forget_remarks(thing)
    if len(reader.pages) > MOST_PAGES:
        raise FileRefusedError(Refusal.TOO_MANY_PAGES)
    writer = PdfWriter()
    for page in reader.pages:
        writer.add_page(page)
    _left.set(MOST_DRAWN)
    for thing in _everything_in(writer.root_object):
        _forget_remarks(thing)
        if isinstance(thing, StreamObject):
            _refuse_pictures_among_words(thing)
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
    # What is meant may stand somewhere else in the file, and be pointed at.
    said = [thing[key] for key in ("/S", "/Type", "/Subtype") if key in thing]
    names = {name for name in said if isinstance(name, NameObject)}
    # A stream's content in another file, which a reader would fetch.
    elsewhere = isinstance(thing, StreamObject) and "/F" in thing
    return elsewhere or not ACTIVE_KEYS.isdisjoint(thing) or not ACTIVE_VALUES.isdisjoint(names)


def _forget_remarks(thing: DictionaryObject) -> None:
    for key in REMARKS:
        thing.pop(key, None)
    if "/Rect" in thing:
        for key in PRESSED:
            thing.pop(key, None)
    if isinstance(thing, StreamObject):
        _bare(thing)


def _bare(stream: StreamObject) -> None:
    """Let a picture forget its remarks, however often it is packed and however that is said."""
    names, settings = _listed(stream, "/Filter"), _listed(stream, "/DecodeParms")
    if PICTURES.keys().isdisjoint(names):
        return
    if not PICTURES.keys().isdisjoint(names[:-1]):
        raise FileRefusedError(Refusal.UNREADABLE)
    stream[NameObject("/Filter")] = ArrayObject(names)
    if settings:
        stream[NameObject("/DecodeParms")] = ArrayObject(settings)
    if names[:-1]:
        # The library leaves the picture itself packed.
        stream._data = filters.decode_stream_data(stream)
        stream[NameObject("/Filter")] = names[-1]
        stream.pop("/DecodeParms", None)
        if len(settings) == len(names) and isinstance(settings[-1], DictionaryObject):
            stream[NameObject("/DecodeParms")] = settings[-1]
    stream._data = PICTURES[names[-1]](stream._data)


def _refuse_pictures_among_words(stream: StreamObject) -> None:
    """Refuse a photograph that stands in the middle of what a page draws: nobody makes such."""
    names = _listed(stream, "/Filter")
    if stream.get("/Subtype") == "/Image" or not PICTURES.keys().isdisjoint(names):
        return
    try:
        drawn = filters.decode_stream_data(stream) if names else stream._data
    except FileRefusedError:
        raise
    except Exception:
        # What cannot be unpacked shows nothing; the library fails in many ways.
        return
    for found in AMONG_WORDS.finditer(drawn):
        told = HIDDEN_SIGN.sub(lambda sign: bytes([int(sign[1], 16)]), found[1])
        if b"/DCT" in told or b"/JPX" in told:
            raise FileRefusedError(Refusal.UNREADABLE)


def _listed(stream: StreamObject, key: str) -> list[Any]:
    told = stream[key] if key in stream else ArrayObject()
    return [one.get_object() for one in (told if isinstance(told, ArrayObject) else [told])]
