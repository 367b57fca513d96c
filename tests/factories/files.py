"""Files for tests, clearly made up: small, and each with what it is about."""

import io
import zlib
from typing import Any

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

SECRET = "Kanareika of the camera"
GPS_AT_HOME = {1: "N", 2: (59.0, 56.0, 3.0), 3: "E", 4: (30.0, 18.0, 56.0)}


def one_pixel() -> bytes:
    """The smallest picture."""
    return picture("PNG", size=(1, 1))


def picture(format_name: str = "JPEG", size: tuple[int, int] = (40, 30), **saved: Any) -> bytes:
    """A picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(written, format_name, **saved)
    return written.getvalue()


def photograph() -> bytes:
    """A picture as a telephone takes it: lying on its side, with its place and its maker."""
    exif = Image.Exif()
    exif[0x010F] = SECRET
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update(GPS_AT_HOME)
    return picture("JPEG", exif=exif, comment=SECRET.encode())


def huge_picture(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few bytes that says it has more pixels than memory has room for."""

    def chunk(name: bytes, body: bytes) -> bytes:
        whole = name + body
        return len(body).to_bytes(4, "big") + whole + zlib.crc32(whole).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    header = chunk(b"IHDR", size + b"\x08\x02\x00\x00\x00")
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def paper(pages: int = 1, *, locked: bool = False, **catalogue: Any) -> bytes:
    """A PDF with an author; catalogue entries as given."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    writer.add_metadata({"/Author": SECRET})
    for name, value in catalogue.items():
        writer.root_object[NameObject(f"/{name}")] = value
    if locked:
        writer.encrypt("secret")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def scripted_paper() -> bytes:
    """A PDF that runs something when it is opened."""
    action = DictionaryObject(
        {
            NameObject("/S"): NameObject("/JavaScript"),
            NameObject("/JS"): TextStringObject("app.alert(1)"),
        }
    )
    return paper(OpenAction=action)


def paper_with_attachment() -> bytes:
    """A PDF that carries another file."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_attachment("invoice.exe", b"MZ")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()
