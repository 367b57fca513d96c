"""Charts drawn on the server as SVG: direct labels, bars from zero, and a table for every one.

Positions are percentages and text keeps its own size, so one drawing serves a phone and a desk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hearth.web.chart_marks import Write, height_of, largest, percent, svg_frame, told, trace
from hearth.web.formatting import format_number

# A bar leaves this share of the width free, so that its value always fits beside it.
BAR_SHARE = 76.0
ROW = 52
COLUMN_HEIGHT = 200
LINE_HEIGHT = 180
LABEL_GAP = 17
SMALL_HEIGHT = 72


@dataclass(frozen=True)
class Chart:
    """A drawing and the same numbers as a table."""

    svg: Markup
    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Bar:
    """One bar: what it is, how long it is, and what it was before, if that is known."""

    label: str
    value: float | None
    before: float | None = None
    emphasis: bool = False
    unfinished: bool = False
    """Still growing, such as the running month: a column is drawn in grey."""


@dataclass(frozen=True)
class Series:
    """One line over the same points in time as its neighbours; None is a gap, not a zero."""

    label: str
    values: Sequence[float | None]
    emphasis: bool = False


def numeric_column(key: str, label: str) -> dict[str, Any]:
    """A column of figures in a table beneath a chart."""
    return {"key": key, "label": label, "numeric": True}


def bar_chart(
    title: str,
    bars: Sequence[Bar],
    *,
    describe: str,
    label_heading: str,
    value_heading: str,
    before_heading: str = "",
    write: Write = format_number,
    withheld: str = "–",
) -> Chart:
    """Draw horizontal bars, one below the other; withheld stands where a value may not be told."""
    top = max((largest(bar.value, bar.before) for bar in bars), default=0.0) or 1.0
    parts = [_bar(bar, index, top, write, withheld) for index, bar in enumerate(bars)]
    height = ROW * len(bars) + 4
    axis = Markup('<line class="axis" x1="0" y1="0" x2="0" y2="{}"/>').format(height)
    columns: list[dict[str, Any]] = [
        {"key": "label", "label": label_heading},
        numeric_column("value", value_heading),
    ]
    if before_heading:
        columns.append(numeric_column("before", before_heading))
    rows = [
        {
            "label": bar.label,
            "value": told(bar.value, write, withheld),
            "before": told(bar.before, write, withheld),
        }
        for bar in bars
    ]
    return Chart(svg_frame(title, describe, height, [*parts, axis]), columns, rows)


def _bar(bar: Bar, index: int, top: float, write: Write, withheld: str) -> Markup:
    y = index * ROW
    share = percent(bar.value, top, BAR_SHARE)
    drawn = Markup('<text x="8" y="{y}"{weight}>{label}</text>').format(
        y=y + 17,
        weight=Markup(' class="emphasis"') if bar.emphasis else "",
        label=bar.label,
    )
    if bar.value is not None:
        drawn += Markup('<rect class="mark" x="0" y="{y}" width="{share}%" height="18"/>').format(
            y=y + 25, share=share
        )
    drawn += Markup('<text x="{end}%" dx="8" y="{y}" class="emphasis">{value}</text>').format(
        end=percent(largest(bar.value, bar.before), top, BAR_SHARE),
        y=y + 39,
        value=told(bar.value, write, withheld),
    )
    if bar.before is not None:
        at = percent(bar.before, top, BAR_SHARE)
        drawn += Markup('<line class="compare" x1="{at}%" x2="{at}%" y1="{y1}" y2="{y2}"/>').format(
            at=at, y1=y + 22, y2=y + 46
        )
    return drawn


def column_chart(
    title: str,
    bars: Sequence[Bar],
    *,
    describe: str,
    label_heading: str,
    value_heading: str,
    write: Write = format_number,
    withheld: str = "–",
) -> Chart:
    """Draw columns side by side, for a dozen months or fewer."""
    top = max((largest(bar.value) for bar in bars), default=0.0) or 1.0
    step = 100 / max(len(bars), 1)
    floor = COLUMN_HEIGHT - 26
    parts = []
    spoken = _worth_saying([told(bar.value, write, withheld) for bar in bars], bars)
    for index, bar in enumerate(bars):
        height = round((floor - 24) * (bar.value or 0) / top, 1)
        middle = round(step * (index + 0.5), 2)
        parts.append(
            Markup(
                '<rect class="mark{grey}" x="{x}%" width="{w}%" y="{y}" height="{h}"/>'
                '<text x="{m}%" y="{above}">{value}</text>'
                '<text x="{m}%" y="{below}" class="quiet">{label}</text>'
            ).format(
                grey=" muted" if bar.unfinished else "",
                x=round(step * (index + 0.14), 2),
                w=round(step * 0.72, 2),
                y=floor - height,
                h=height,
                m=middle,
                above=floor - height - 6,
                below=floor + 18,
                value=spoken[index],
                label=bar.label,
            )
        )
    parts.append(Markup('<line class="axis" x1="0" x2="100%" y1="{y}" y2="{y}"/>').format(y=floor))
    columns: list[dict[str, Any]] = [
        {"key": "label", "label": label_heading},
        numeric_column("value", value_heading),
    ]
    rows = [{"label": bar.label, "value": told(bar.value, write, withheld)} for bar in bars]
    return Chart(svg_frame(title, describe, COLUMN_HEIGHT, parts, "columns"), columns, rows)


def _worth_saying(told: Sequence[str], bars: Sequence[Bar]) -> list[str]:
    """Keep every value where there is room for it, otherwise the highest and the last."""
    if len(told) <= 6 or max(map(len, told)) <= 4:
        return list(told)
    highest = max(range(len(bars)), key=lambda at: bars[at].value or 0)
    return [text if at in (highest, len(told) - 1) else "" for at, text in enumerate(told)]


def line_chart(
    title: str,
    points: Sequence[str],
    series: Sequence[Series],
    *,
    describe: str,
    point_heading: str,
    write: Write = format_number,
    withheld: str = "–",
) -> Chart:
    """Draw lines from a common zero, each named at its end; at most a handful can be told apart."""
    top = max((largest(*line.values) for line in series), default=0.0) or 1.0
    floor = LINE_HEIGHT
    parts = [
        Markup('<line class="axis" x1="0" x2="60%" y1="{y}" y2="{y}"/>').format(y=floor),
        Markup('<line class="grid" x1="0" x2="60%" y1="16" y2="16"/>'),
        Markup('<text x="0" y="11" class="quiet">{}</text>').format(write(top)),
        Markup('<text x="0" y="{}" class="quiet">{}</text>').format(floor + 18, points[0]),
        Markup('<text x="60%" y="{}" text-anchor="end" class="quiet">{}</text>').format(
            floor + 18, points[-1]
        ),
    ]
    for line in series:
        parts.append(
            trace(
                line.values, top, width="60%", y=16, height=floor - 16, muted=_muted(line, series)
            )
        )
    parts += _end_labels(series, top, floor, write, withheld)
    columns: list[dict[str, Any]] = [{"key": "point", "label": point_heading}]
    columns += [numeric_column(str(index), line.label) for index, line in enumerate(series)]
    rows = [
        {"point": point}
        | {str(index): told(line.values[at], write, withheld) for index, line in enumerate(series)}
        for at, point in enumerate(points)
    ]
    return Chart(svg_frame(title, describe, floor + 26, parts), columns, rows)


def small_multiples(
    titles: Sequence[str],
    points: Sequence[str],
    series: Sequence[Series],
    *,
    describe: Callable[[Series], str],
    write: Write = format_number,
    withheld: str = "–",
) -> list[tuple[str, Chart]]:
    """Draw one small chart for each line, all on one scale, so that neighbours can be compared."""
    top = max((largest(*line.values) for line in series), default=0.0) or 1.0
    charts = []
    for title, line in zip(titles, series, strict=True):
        last = next((value for value in reversed(line.values) if value is not None), None)
        parts = [
            trace(
                line.values, top, width="78%", y=6, height=SMALL_HEIGHT - 6, muted=False, area=True
            ),
            Markup('<line class="axis" x1="0" x2="78%" y1="{y}" y2="{y}"/>').format(y=SMALL_HEIGHT),
            Markup('<text x="80%" y="{y}" class="emphasis">{value}</text>').format(
                y=height_of(last, top, 6, SMALL_HEIGHT - 6) + 5, value=told(last, write, withheld)
            ),
            Markup('<text x="0" y="{}" class="quiet">{}</text>').format(
                SMALL_HEIGHT + 17, points[0]
            ),
            Markup('<text x="78%" y="{}" text-anchor="end" class="quiet">{}</text>').format(
                SMALL_HEIGHT + 17, points[-1]
            ),
        ]
        svg = svg_frame(title, describe(line), SMALL_HEIGHT + 24, parts)
        charts.append((title, Chart(svg, [], [])))
    return charts


def _end_labels(
    series: Sequence[Series], top: float, floor: int, write: Write, withheld: str
) -> list[Markup]:
    ends = []
    for line in series:
        last = next((value for value in reversed(line.values) if value is not None), None)
        ends.append((height_of(last, top, 16, floor - 16), line, last))
    labels = []
    lowest_used = float("-inf")
    for y, line, last in sorted(ends, key=lambda end: end[0]):
        at = max(y + 4, lowest_used + LABEL_GAP)
        lowest_used = at
        weight = Markup(' class="emphasis"') if not _muted(line, series) else ""
        labels.append(
            Markup('<text x="62%" y="{}"{}>{} {}</text>').format(
                round(at, 1), weight, told(last, write, withheld), line.label
            )
        )
    return labels


def _muted(line: Series, series: Sequence[Series]) -> bool:
    return any(other.emphasis for other in series) and not line.emphasis
