"""Sets the rows of all benchmarks as one table."""

from collections.abc import Iterable

from tests.benchmarks.harness import Row

HEADINGS = ("name", "ours", "baseline", "ratio", "target", "met", "")
MET = {None: "–", True: "yes", False: "NO"}


def table(rows: Iterable[Row]) -> str:
    """All rows under their headings, the columns aligned."""
    lines = [HEADINGS]
    for row in rows:
        figures = (_figure(row.ours, row.unit), _figure(row.baseline, row.unit))
        ratio, target = _figure(row.ratio), str(row.target or "–")
        lines.append((row.name, *figures, ratio, target, MET[row.met], row.note))
    # The last column is the only one that may be as long as it likes.
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS) - 1)]
    return "\n".join(_line(line, [*widths, 0]) for line in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _figure(value: float | None, unit: str = "") -> str:
    if value is None:
        return "–"
    number = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return f"{number} {unit}".strip()
