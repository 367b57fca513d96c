"""Sets a paper as a PDF: headings, sentences, pairs and tables, in the house's own colours."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import typst

from hearth.web.palette import palette
from tenants.registry import OrgRef


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of a paper."""

    heading: str
    sentences: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Paper:
    """What a paper says, in the language of its reader; ``note`` stands small at the end."""

    title: str
    sections: Sequence[Section]
    intro: str = ""
    note: str = ""


def as_pdf(paper: Paper, *, house: OrgRef, lang: str) -> bytes:
    """The paper as a PDF that a screen reader can read.

    Letters that no font here can draw cost the paper that quality, never its contents.
    """
    data = json.dumps(
        {
            **asdict(paper),
            **asdict(palette(house.theme)),
            "lang": lang,
            "organisation": house.name(lang),
        }
    )
    try:
        return _compile(data, accessible=True)
    except typst.TypstError:
        return _compile(data, accessible=False)


def _compile(data: str, *, accessible: bool) -> bytes:
    pdf = typst.compile(
        (resources.files("hearth.data_register") / "paper.typ").read_bytes(),
        font_paths=_fonts(),
        sys_inputs={"data": data},
        format="pdf",
        pdf_standards="ua-1" if accessible else [],
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a paper is one document")
    return pdf


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
