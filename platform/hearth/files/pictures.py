"""Writes pictures anew from their pixels: where they were taken does not come along."""

import io
import warnings

from PIL import Image, ImageOps

from hearth.files.kinds import FileRefusedError, Kind, Refusal

# More than any telephone takes; each pixel costs four bytes and more while it is being looked at.
MOST_PIXELS = 50_000_000
# A page of paper at 300 dots an inch is 3,508 dots tall.
LONGEST_SIDE = 4_000
FORMATS = {"jpg": "JPEG", "png": "PNG"}
QUALITY = 88


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
    """A JPEG inside another file without its remarks (EXIF, XMP, comments), pixels untouched."""
    if not data.startswith(b"\xff\xd8"):
        return data
    kept, at = bytearray(b"\xff\xd8"), 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:
            break
        # Segments E0 to EF and FE say something about the picture; E0 and EE are needed to draw it.
        if marker in {0xE0, 0xEE} or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept += data[at : at + 2 + length]
        at += 2 + length
    return bytes(kept + data[at:])
