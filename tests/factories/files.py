"""Files for tests, clearly made up: small, and each with what it is about."""

import io
import uuid
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from sqlalchemy.orm import Session

from hearth.documents.models import HouseholdDocument
from hearth.documents.services import file_document
from hearth.families.models import Household
from hearth.files import content

SECRET = "Kanareika of the camera"
GPS_AT_HOME = {1: "N", 2: (59.0, 56.0, 3.0), 3: "E", 4: (30.0, 18.0, 56.0)}


def add_paper(
    session: Session, household: Household, *, added_by: uuid.UUID, title: str = "Test paper"
) -> HouseholdDocument:
    """A picture in a family's file that was looked through, which takes a process of its own."""
    file = content.keep(
        session, data=one_pixel(), kind="png", subject_id=household.id, stored_by=added_by
    )
    return file_document(session, household, file, title=title, added_by=added_by)


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


def illustrated_paper(
    packed: bytes,
    how: Callable[[PdfWriter], Any],
    drawn: bytes = b"/Im0 Do",
    *,
    is_plain: bool = False,
) -> bytes:
    """A PDF whose page shows a picture; ``how`` says what stands as its filter."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    shown = StreamObject()
    shown._data = packed
    for name, value in (("Type", "/XObject"), ("Subtype", "/Image"), ("ColorSpace", "/DeviceRGB")):
        shown[NameObject(f"/{name}")] = NameObject(value)
    for name, number in (("Width", 40), ("Height", 30), ("BitsPerComponent", 8)):
        shown[NameObject(f"/{name}")] = NumberObject(number)
    shown[NameObject("/Filter")] = how(writer)
    pictures = DictionaryObject({NameObject("/Im0"): writer._add_object(shown)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): pictures})
    content = DecodedStreamObject()
    content.set_data(b"q 200 0 0 200 0 0 cm " + drawn + b" Q")
    shown_as = content if is_plain else content.flate_encode()
    page[NameObject("/Contents")] = writer._add_object(shown_as)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def fine_photograph() -> bytes:
    """A picture as JPEG 2000, with a remark in its pixels' stream and one in a box beside them."""
    plain = picture("JPEG2000", comment=SECRET)
    box = SECRET.encode()
    return plain + (8 + len(box)).to_bytes(4, "big") + b"xml " + box


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


def swelling_paper(parts: int = 4, megabytes: int = 6) -> bytes:
    """A valid PDF of a few kilobytes, whose page needs each of many parts that unpack to blanks."""
    out, places = io.BytesIO(), {}

    def put(number: int, body: bytes) -> None:
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    out.write(b"%PDF-1.5\n")
    wanted = b" ".join(b"/K%d %d 0 R" % (at, 100 + at) for at in range(parts))
    put(1, b"<</Type/Catalog/Pages 2 0 R>>")
    put(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    put(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</X<<%b>>>>>>" % wanted)
    for at in range(parts):
        begins = b"%d 0 " % (100 + at)
        packed = zlib.compress(begins + b"<</A 1>>" + b" " * (megabytes * 1_000_000), 9)
        told = b"<</Type/ObjStm/N 1/First %d/Filter/FlateDecode/Length %d>>stream\n%b\nendstream"
        put(1000 + at, told % (len(begins), len(packed), packed))
    last, start = 1000 + parts, out.tell()
    places[last] = start
    rows = bytearray()
    for number in range(last + 1):
        if 100 <= number < 100 + parts:
            rows += b"\2" + (900 + number).to_bytes(4) + bytes(2)
        else:
            found = places.get(number)
            rows += bytes([found is not None]) + (found or 0).to_bytes(4) + bytes(2)
    packed = zlib.compress(bytes(rows))
    told = b"<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>stream\n%b"
    put(last, b"%b\nendstream" % told % (last + 1, len(packed), packed))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def linked_paper(annotation: bytes, **objects: bytes) -> bytes:
    """A PDF whose page holds one annotation; further objects by number, as ``o5=b"/Launch"``."""
    bodies = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[4 0 R]>>",
        4: b"<</Type/Annot/Rect[0 0 9 9]" + annotation + b">>",
        **{int(name[1:]): body for name, body in objects.items()},
    }
    out, places = io.BytesIO(b""), {}
    out.write(b"%PDF-1.5\n")
    for number, body in bodies.items():
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    start, last = out.tell(), max(bodies) + 1
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % last)
    for number in range(1, last):
        out.write(b"%010d 00000 n \n" % places.get(number, 0))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (last, start))
    return out.getvalue()
