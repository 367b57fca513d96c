"""Sets certificates and reports as PDF, and writes the same words as Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources

import typst


@dataclass(frozen=True)
class Section:
    """One part of a paper: a heading, a sentence or two, and lines of two columns."""

    heading: str
    text: str = ""
    rows: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Everything a paper says, already in its reader's language."""

    lang: str
    author: str
    title: str
    intro: str
    sections: Sequence[Section]
    note: str
    signatures: Sequence[str] = field(default_factory=tuple)

    def to_pdf(self) -> bytes:
        """The paper as it is printed and signed."""
        pdf = typst.compile(
            (resources.files("hearth.safekeeping") / "paper.typ").read_bytes(),
            font_paths=_fonts(),
            sys_inputs={"data": json.dumps(asdict(self))},
            format="pdf",
            pdf_standards="ua-1",
        )
        if not isinstance(pdf, bytes):
            raise TypeError("a paper is one document")
        return pdf

    def to_markdown(self) -> str:
        """The paper as it is searched and compared."""
        lines = [f"# {self.title}", "", self.author, "", self.intro, ""]
        for section in self.sections:
            lines += [f"## {section.heading}", ""]
            lines += [section.text, ""] if section.text else []
            if section.rows:
                lines += ["| | |", "|---|---|"]
                lines += [f"| {_cell(left)} | {_cell(right)} |" for left, right in section.rows]
                lines += [""]
        lines += [f"* {name}: ______________________" for name in self.signatures]
        return "\n".join([*lines, "", self.note, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
