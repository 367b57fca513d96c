"""Writes pictures anew from their pixels: where they were taken does not come along."""

import io
import re
import warnings

from PIL import Image, ImageOps

from hearth.files.kinds import FileRefusedError, Kind, Refusal

# More than any telephone takes; each pixel costs four bytes and more while it is being looked at.
MOST_PIXELS = 50_000_000
# A page of paper at 300 dots an inch is 3,508 dots tall.
LONGEST_SIDE = 4_000
FORMATS = {"jpg": "JPEG", "png": "PNG"}
QUALITY = 88
# A JPEG's parts begin with FF (any number of them) and what is neither a byte of the pixels that
# happens to be FF (00) nor a place to start again among them (D0 to D7).
MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
PIXELS_FOLLOW, END_OF_PICTURE = 0xDA, 0xD9
# Without a length and a body.
ALONE = frozenset({0x01, 0xD8})
# JPEG 2000: what is needed to draw it, of all boxes; and what may stand before the pixels.
DRAWN_BOXES = frozenset({b"jP  ", b"ftyp", b"rreq", b"jp2h", b"jpch", b"jplh", b"jp2c"})
CODESTREAM, FIRST_TILE, COMMENT = b"\xff\x4f\xff\x51", b"\xff\x90", b"\xff\x64"


def clean_picture(data: bytes, kind: Kind) -> bytes:
    """Return the same picture, upright and no larger than a page, without anything beside it.

    :raises FileRefusedError: it cannot be read, or would fill the memory.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _write_anew(data, FORMATS[kind.name])
    except FileRefusedError:
        raise
    except Exception as error:
        # A picture made to break its reader breaks it in many ways, and each means the same to us.
        raise FileRefusedError(Refusal.UNREADABLE) from error


def _write_anew(data: bytes, format_name: str) -> bytes:
    with Image.open(io.BytesIO(data), formats=[format_name]) as picture:
        # The size stands in the first bytes; nothing has been unpacked yet.
        if picture.width * picture.height > MOST_PIXELS:
            raise FileRefusedError(Refusal.TOO_MANY_PIXELS)
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        # Smaller before it is turned, and in place: each copy of the whole costs as much again.
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        ImageOps.exif_transpose(picture, in_place=True)
        see_through = format_name == "PNG" and (
            picture.mode in {"RGBA", "LA"} or "transparency" in picture.info
        )
        mode = "RGBA" if see_through else "RGB"
        bare = Image.new(mode, picture.size)
        bare.paste(picture.convert(mode))
    written = io.BytesIO()
    bare.save(written, format_name, **({"quality": QUALITY} if format_name == "JPEG" else {}))
    return written.getvalue()


def without_remarks(data: bytes) -> bytes:
    """A JPEG inside another file without its remarks (EXIF, XMP, comments), pixels untouched.

    What stands before, between and behind its parts goes too: telephones hang a second picture on
    the first, with remarks of its own.
    """
    begin = data.find(b"\xff\xd8")
    if begin < 0:
        return data
    kept, at, drawing = bytearray(b"\xff\xd8"), begin + 2, False
    while found := MARKER.search(data, at):
        kept += data[at : found.start()] if drawing else b""
        marker, at = found[1][0], found.end()
        if marker == END_OF_PICTURE:
            return bytes(kept + b"\xff\xd9")
        if marker in ALONE:
            continue
        end = at + max(2, int.from_bytes(data[at : at + 2], "big"))
        # Segments E0 to EF and FE say something about the picture; E0 and EE are needed to draw it.
        if marker in {0xE0, 0xEE} or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept += b"\xff" + data[at - 1 : end]
        drawing, at = drawing or marker == PIXELS_FOLLOW, end
    return bytes(kept + data[at:]) if drawing else bytes(kept)


def without_boxes(data: bytes) -> bytes:
    """A JPEG 2000 inside another file without its remarks, pixels untouched.

    :raises FileRefusedError: it is not built as one.
    """
    if data.startswith(CODESTREAM):
        return _without_comments(data)
    kept, at = bytearray(), 0
    while at < len(data):
        length, name, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + length if length else len(data)
        if end < at + head:
            raise FileRefusedError(Refusal.UNREADABLE)
        body = data[at + head : end]
        if name == b"jp2c":
            body = _without_comments(body)
        if name in DRAWN_BOXES:
            kept += (8 + len(body)).to_bytes(4, "big") + name + body
        at = end
    return bytes(kept)


def _without_comments(codestream: bytes) -> bytes:
    kept, at = bytearray(codestream[:2]), 2
    while at + 4 <= len(codestream) and codestream[at : at + 2] != FIRST_TILE:
        end = at + 2 + int.from_bytes(codestream[at + 2 : at + 4], "big")
        if codestream[at : at + 2] != COMMENT:
            kept += codestream[at:end]
        at = end
    return bytes(kept + codestream[at:])
