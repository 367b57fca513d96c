"""What a file hides does not come along, and what would do harm does not come in."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject

from hearth.files import papers
from hearth.files.kinds import KINDS, LARGEST, FileRefusedError, Refusal, kind_of
from hearth.files.papers import clean_paper
from hearth.files.pictures import clean_picture, without_remarks
from tests.factories.files import (
    SECRET,
    fine_photograph,
    huge_picture,
    illustrated_paper,
    linked_paper,
    paper,
    paper_with_attachment,
    photograph,
    picture,
    scripted_paper,
)

ZIP = b"PK\x03\x04" + b"\0" * 40
EXECUTABLE = b"MZ" + b"\0" * 40
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.pdf", Refusal.NOTHING),
        (ZIP, "a.zip", Refusal.UNKNOWN_KIND),
        (ZIP, "letter.docx", Refusal.UNKNOWN_KIND),
        (ZIP, "photo.jpg", Refusal.UNKNOWN_KIND),
        (EXECUTABLE, "photo.jpg", Refusal.UNKNOWN_KIND),
        (HTML, "page.html", Refusal.UNKNOWN_KIND),
        (HTML, "page.pdf", Refusal.UNKNOWN_KIND),
        (SVG, "drawing.svg", Refusal.UNKNOWN_KIND),
        (b"GIF89a" + HTML, "a.png", Refusal.UNKNOWN_KIND),
        (b" %PDF-1.7", "a.pdf", Refusal.UNKNOWN_KIND),
        (b"%PDF-1.7", "a.exe", Refusal.WRONG_ENDING),
        (b"%PDF-1.7", "a.pdf.exe", Refusal.WRONG_ENDING),
        (b"%PDF-1.7", "a", Refusal.WRONG_ENDING),
        (b"%PDF-1.7", "", Refusal.WRONG_ENDING),
        (b"\xff\xd8\xff", "a.png", Refusal.WRONG_ENDING),
        (b"%PDF-" + b"x" * LARGEST, "a.pdf", Refusal.TOO_LARGE),
    ],
)
def test_a_file_is_what_its_bytes_and_its_ending_say_together(
    data: bytes, name: str, reason: Refusal
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        kind_of(data, name)

    assert refusal.value.reason is reason


@pytest.mark.parametrize("name", ["../../etc/passwd.pdf", "C:\\a.pdf", "a\x00.pdf", "Ä 😀.PDF"])
def test_a_name_from_somebodys_computer_is_read_for_its_ending_alone(name: str) -> None:
    assert kind_of(b"%PDF-1.7", name).name == "pdf"


def test_a_photograph_forgets_where_it_was_taken_and_stands_upright() -> None:
    taken = photograph()

    cleaned = clean_picture(taken, KINDS["jpg"])

    assert SECRET.encode() in taken
    assert SECRET.encode() not in cleaned
    with Image.open(io.BytesIO(cleaned)) as shown:
        assert dict(shown.getexif()) == {}
        assert shown.size == (30, 40)
        assert shown.getpixel((15, 20)) == pytest.approx((200, 40, 40), abs=6)


def test_what_hangs_on_a_picture_is_left_behind() -> None:
    polyglot = picture("JPEG") + ZIP + HTML

    cleaned = clean_picture(polyglot, KINDS["jpg"])

    assert b"PK\x03\x04" not in cleaned
    assert b"script" not in cleaned


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(FileRefusedError) as refusal:
        clean_picture(huge_picture(), KINDS["png"])

    assert refusal.value.reason in {Refusal.TOO_MANY_PIXELS, Refusal.UNREADABLE}


def test_a_see_through_picture_stays_so() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(written, "PNG")

    cleaned = clean_picture(written.getvalue(), KINDS["png"])

    with Image.open(io.BytesIO(cleaned)) as shown:
        assert shown.mode == "RGBA"


def test_a_document_forgets_its_author_and_keeps_its_pages() -> None:
    written = paper(pages=3)

    cleaned = clean_paper(written)

    assert SECRET.encode() in written
    assert SECRET.encode() not in cleaned
    again = PdfReader(io.BytesIO(cleaned))
    assert len(again.pages) == 3
    assert "/Author" not in (again.metadata or {})


def test_photographs_inside_a_document_lose_their_remarks() -> None:
    taken = photograph()
    book = io.BytesIO()
    with Image.open(io.BytesIO(taken)) as shown:
        shown.save(book, "PDF")

    bare = without_remarks(taken)

    assert SECRET.encode() not in bare
    with Image.open(io.BytesIO(bare)) as shown:
        assert shown.size == (40, 30)
        shown.load()
    assert len(PdfReader(io.BytesIO(clean_paper(book.getvalue()))).pages) == 1


def names(*said: str) -> ArrayObject:
    return ArrayObject(NameObject(name) for name in said)


@pytest.mark.parametrize(
    ("packed", "how"),
    [
        (photograph(), lambda _w: NameObject("/DCTDecode")),
        (photograph(), lambda _w: names("/DCTDecode")),
        (photograph(), lambda w: w._add_object(NameObject("/DCTDecode"))),
        (photograph(), lambda w: ArrayObject([w._add_object(NameObject("/DCTDecode"))])),
        (zlib.compress(photograph()), lambda _w: names("/FlateDecode", "/DCTDecode")),
        (photograph().hex().encode() + b">", lambda _w: names("/ASCIIHexDecode", "/DCTDecode")),
        (fine_photograph(), lambda _w: NameObject("/JPXDecode")),
        (fine_photograph(), lambda _w: names("/JPXDecode")),
    ],
    ids=["name", "list", "elsewhere", "list elsewhere", "twice", "as text", "fine", "fine list"],
)
def test_a_picture_in_a_document_forgets_where_it_was_taken(
    packed: bytes, how: Callable[[PdfWriter], Any]
) -> None:
    cleaned = clean_paper(illustrated_paper(packed, how))

    (shown,) = PdfReader(io.BytesIO(cleaned)).pages[0].images
    assert SECRET.encode() not in cleaned
    assert SECRET.encode() not in shown.data
    assert shown.image is not None
    assert shown.image.size == (40, 30)
    assert shown.image.convert("RGB").getpixel((15, 20)) == pytest.approx((200, 40, 40), abs=8)


@pytest.mark.parametrize("said", [b"/F /DCT", b"/F /D#43T", b"/Filter [/AHx /DCTDecode]"])
@pytest.mark.parametrize("is_plain", [False, True])
def test_a_photograph_among_the_words_of_a_page_is_refused(said: bytes, is_plain: bool) -> None:
    inline = b"BI /W 40 /H 30 /CS /RGB /BPC 8 " + said + b" ID " + photograph() + b" EI"
    how = NameObject("/DCTDecode")
    data = illustrated_paper(photograph(), lambda _w: how, inline, is_plain=is_plain)

    with pytest.raises(FileRefusedError) as refusal:
        clean_paper(data)

    assert refusal.value.reason is Refusal.UNREADABLE


@pytest.mark.parametrize("where", ["filled", "before", "hung on", "between"])
def test_a_remark_is_found_wherever_a_reader_would(where: str) -> None:
    taken = photograph()
    exif, pixels = taken.index(b"\xff\xe1"), taken.index(b"\xff\xda")
    remark = b"\xff\xfe" + (2 + len(SECRET)).to_bytes(2, "big") + SECRET.encode()
    data = {
        "filled": taken[:exif] + b"\xff\xff" + taken[exif:],
        "before": b"\n" + taken,
        "hung on": taken + taken,
        "between": taken[:pixels] + remark + SECRET.encode() + taken[pixels:],
    }[where]

    bare = without_remarks(data)

    assert SECRET.encode() not in bare
    with Image.open(io.BytesIO(bare)) as shown:
        assert dict(shown.getexif()) == {}
        assert shown.getpixel((20, 15)) == pytest.approx((200, 40, 40), abs=6)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (scripted_paper(), Refusal.ACTIVE),
        (paper_with_attachment(), Refusal.ACTIVE),
        (paper(locked=True), Refusal.LOCKED),
        (paper(pages=301), Refusal.TOO_MANY_PAGES),
        (b"%PDF-1.7\nnothing", Refusal.UNREADABLE),
        (b"%PDF-1.7\n" + b"[" * 100_000, Refusal.UNREADABLE),
    ],
    ids=["script", "attachment", "locked", "long", "nothing", "deep"],
)
def test_a_document_that_is_more_than_pages_is_refused(data: bytes, reason: Refusal) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        clean_paper(data)

    assert refusal.value.reason is reason


POINTED_AT = b"/Subtype/Link/A<</S 5 0 R/F(//elsewhere/paper.pdf)/JS(alert)>>"
FETCHED = (
    b"<</Type/XObject/Subtype/Form/BBox[0 0 1 1]/F(//elsewhere/x)/Length 0>>stream\n\nendstream"
)


@pytest.mark.parametrize(
    "data",
    [
        linked_paper(b"/Subtype/Link/A<</S/Launch/F(cmd.exe)>>"),
        linked_paper(POINTED_AT, o5=b"/Launch"),
        linked_paper(POINTED_AT, o5=b"/SubmitForm"),
        linked_paper(POINTED_AT, o5=b"/GoToR"),
        linked_paper(b"/Subtype/Link/A<</S/URI/URI(a)/Next<</S 5 0 R>>>>", o5=b"/GoToR"),
        linked_paper(b"/Subtype/Stamp/AP<</N 5 0 R>>", o5=FETCHED),
        linked_paper(b"/Subtype 5 0 R", o5=b"/FileAttachment"),
    ],
    ids=["direct", "launch", "submit", "goto", "next", "fetched", "attachment"],
)
def test_what_a_document_does_is_seen_wherever_it_is_named(data: bytes) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        clean_paper(data)

    assert refusal.value.reason is Refusal.ACTIVE


@pytest.mark.parametrize(
    "data",
    [
        linked_paper(b"/Subtype/Link/A<</S/URI/URI(https://elsewhere.example)>>"),
        linked_paper(b"/Subtype/Link/A 5 0 R", o5=b"<</S/URI/URI(https://elsewhere.example)>>"),
        linked_paper(b"/Subtype/Link/A<</S/Thread/F(//elsewhere/x.pdf)/D 0>>"),
        linked_paper(b"/Subtype/Link/PA<</S/URI/URI(https://elsewhere.example)>>"),
    ],
    ids=["address", "pointed at", "thread", "former"],
)
def test_a_link_in_a_document_leads_nowhere_any_more(data: bytes) -> None:
    cleaned = clean_paper(data)

    assert b"elsewhere" in data
    assert b"elsewhere" not in cleaned
    assert len(PdfReader(io.BytesIO(cleaned)).pages) == 1


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["jpg", "png", "pdf"]))
def test_a_broken_file_is_refused_or_cleaned_and_breaks_nothing(
    noise: bytes, at: int, kind: str
) -> None:
    whole = {"jpg": photograph(), "png": picture("PNG"), "pdf": paper()}[kind]
    broken = whole[:at] + noise + whole[at + len(noise) :]

    try:
        cleaned = clean_paper(broken) if kind == "pdf" else clean_picture(broken, KINDS[kind])
    except FileRefusedError:
        cleaned = b""

    assert SECRET.encode() not in cleaned


def test_what_a_stranger_sent_is_bounded_and_a_paper_of_our_own_is_not() -> None:
    clean_paper(paper())

    assert papers._left.get() is None
