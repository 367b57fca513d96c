"""Reads a page as a browser would: what it loads, what stands inline in it, what its forms ask."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

LOADED = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("use", "href")}
LOADED |= {("source", "src"), ("video", "src"), ("audio", "src"), ("object", "data")}
USUAL = {"date": "2026-02-01", "email": "anna@example.org", "number": "1"}


@dataclass
class Asked:
    """One field of a form: its kind, what it may be answered with, and what it says already."""

    kind: str
    offered: list[str] = field(default_factory=list)

    @property
    def usual(self) -> str:
        """What somebody in a hurry would answer."""
        kept = next(filter(None, self.offered), "")
        return kept or USUAL.get(self.kind, "Anna")


class Page(HTMLParser):
    """What a page holds that matters for its safety."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.foreign: list[str] = []
        self.title = ""
        self.fields: dict[str, Asked] = {}
        self.links: list[str] = []
        self._inside = ""
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        # The title of a drawing is not the title of the page.
        self._inside = tag if tag != "title" or not self.title else ""
        self._look_for_inline(tag, known)
        for name, value in known.items():
            if (tag, name) in LOADED and (urlsplit(value).scheme or urlsplit(value).netloc):
                self.foreign.append(f"<{tag} {name}={value}>")
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        self._remember_field(tag, known)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        if self._inside in {"script", "style"} and data.strip():
            self.inline.append(f"<{self._inside}>{data.strip()[:40]}")

    def _look_for_inline(self, tag: str, known: dict[str, str]) -> None:
        self.inline += [
            f"<{tag} {name}={value[:40]}>"
            for name, value in known.items()
            if name == "style" or name.startswith("on") or value.lower().startswith("javascript:")
        ]
        if tag == "style" or (tag == "script" and not known.get("src")):
            self.inline.append(f"<{tag}>")

    def _remember_field(self, tag: str, known: dict[str, str]) -> None:
        name = known.get("name", "")
        if tag == "select":
            self._select = name
        if tag == "option" and self._select:
            self.fields.setdefault(self._select, Asked("select")).offered.append(
                known.get("value", "")
            )
        if tag in {"input", "select", "textarea", "button"} and name and name != "form_token":
            asked = self.fields.setdefault(name, Asked(known.get("type", tag)))
            if known.get("value"):
                asked.offered.append(known["value"])
