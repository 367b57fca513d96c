"""The pieces every chart is drawn from; positions across are percentages, never pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from markupsafe import Markup

Write = Callable[[float], str]


def trace(
    values: Sequence[float | None],
    top: float,
    *,
    width: str,
    y: int,
    height: int,
    muted: bool,
    area: bool = False,
) -> Markup:
    """Draw one line on a 100 × 100 grid of its own, stretched to the space there is."""
    last = max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{round(100 * index / last, 2)},{round(100 - 100 * value / top, 2)}")
    drawn = Markup(
        '<svg x="0" y="{y}" width="{width}" height="{height}" viewBox="0 0 100 100" '
        'preserveAspectRatio="none" overflow="visible">'
    ).format(y=y, width=width, height=height)
    for run in filter(None, runs):
        if area:
            start, end = run[0].partition(",")[0], run[-1].partition(",")[0]
            drawn += Markup('<polygon class="area" points="{} {},100 {},100"/>').format(
                " ".join(run), end, start
            )
        # A run of one point would be invisible as a line; the round line cap makes it a dot.
        path = run if len(run) > 1 else run * 2
        drawn += Markup('<polyline class="trace{}" points="{}"/>').format(
            " muted" if muted else "", " ".join(path)
        )
    return drawn + Markup("</svg>")


def height_of(value: float | None, top: float, y: int, height: int) -> float:
    """Return how far down a value lies in a box that begins at y."""
    return round(y + height - height * (value or 0) / top, 1)


def largest(*values: float | None) -> float:
    """Return the largest of the values that are known, or zero."""
    return max((float(value) for value in values if value is not None), default=0.0)


def percent(value: float | None, top: float, share: float) -> float:
    """Return a value as a percentage of the width, where the top takes up the share."""
    return round(share * (value or 0) / top, 2)


def told(value: float | None, write: Write, withheld: str) -> str:
    """Return a value in words, or what stands in for one that may not be told."""
    return withheld if value is None else write(value)


def svg_frame(
    title: str, describe: str, height: int, parts: Sequence[Markup], kind: str = ""
) -> Markup:
    """Put the pieces into one drawing that says its name and its meaning aloud."""
    mark = "chart-" + hashlib.sha256(f"{title}{describe}{parts}".encode()).hexdigest()[:8]
    return Markup(
        '<svg class="{names}" width="100%" height="{height}" role="img" '
        'aria-labelledby="{mark}-title {mark}-desc">'
        '<title id="{mark}-title">{title}</title><desc id="{mark}-desc">{describe}</desc>'
        "{parts}</svg>"
    ).format(
        names=f"chart {kind}".strip(),
        height=height,
        mark=mark,
        title=title,
        describe=describe,
        parts=Markup("").join(parts),
    )
