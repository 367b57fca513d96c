"""One page of a long list, and the addresses of the pages beside it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

USUAL_SIZE = 25
# A higher number than any list has; beyond it the database would only count in vain.
LAST_BELIEVABLE = 10_000


@dataclass(frozen=True)
class Page:
    """Which part of a list is shown; the macro ``pager`` draws it."""

    number: int
    total: int
    size: int = USUAL_SIZE

    @property
    def pages(self) -> int:
        """How many pages the whole list has."""
        return max(1, -(-self.total // self.size))

    @property
    def previous_url(self) -> str | None:
        """The address of the page before, with the filters kept."""
        return _url(min(self.number - 1, self.pages)) if self.number > 1 else None

    @property
    def next_url(self) -> str | None:
        """The address of the page after, with the filters kept."""
        return _url(self.number + 1) if self.number < self.pages else None


def asked_page() -> int:
    """The number of the page the visitor asks for; anything strange is the first."""
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), LAST_BELIEVABLE)


def offset_of(number: int, size: int = USUAL_SIZE) -> int:
    """How many entries come before a page."""
    return (number - 1) * size


def _url(number: int) -> str:
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "page"]
    return f"{request.path}?{urlencode([*kept, ('page', number)])}"
