import itertools
import xml.etree.ElementTree as ET

from flask import Flask
from flask_babel import Babel

from hearth.web import formatting
from hearth.web.charts import (
    Bar,
    Chart,
    Series,
    bar_chart,
    column_chart,
    line_chart,
    small_multiples,
)

SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(f'<r xmlns="http://www.w3.org/2000/svg">{chart.svg}</r>')[0]  # noqa: S314


def bars(values: list[float | None], before: float | None = None) -> Chart:
    return bar_chart(
        "Needs",
        [Bar(f"Need {index}", value, before) for index, value in enumerate(values)],
        describe="Half name support.",
        label_heading="Need",
        value_heading="Share",
        before_heading="Before",
    )


def widths(chart: Chart) -> list[float]:
    return [float(rect.get("width", "").rstrip("%")) for rect in drawn(chart).iter(f"{SVG}rect")]


def test_a_bar_is_as_long_as_its_value_counted_from_zero() -> None:
    chart = bars([50, 25, 0])

    long, half, none = widths(chart)

    assert half == long / 2
    assert none == 0
    assert all(rect.get("x") == "0" for rect in drawn(chart).iter(f"{SVG}rect"))


def test_values_stand_at_the_bars_and_in_the_table() -> None:
    chart = bars([1500, None], before=1000)

    texts = [text.text for text in drawn(chart).iter(f"{SVG}text")]

    assert texts == ["Need 0", "1,500", "Need 1", "–"]
    assert [(row["value"], row["before"]) for row in chart.rows] == [
        ("1,500", "1,000"),
        ("–", "1,000"),
    ]
    assert [column["label"] for column in chart.columns] == ["Need", "Share", "Before"]


def test_a_value_that_may_not_be_told_draws_no_bar() -> None:
    chart = bars([None, 3])

    shown = widths(chart)

    assert len(shown) == 1


def test_a_drawing_says_its_name_and_meaning_aloud() -> None:
    svg = drawn(bars([1]))

    spoken = {element.get("id"): element.text for element in svg if element.get("id")}

    assert svg.get("role") == "img"
    assert [spoken[name] for name in svg.get("aria-labelledby", "").split()] == [
        "Needs",
        "Half name support.",
    ]


def test_words_from_outside_cannot_become_markup() -> None:
    chart = bar_chart(
        "<script>",
        [Bar("<b>&", 1)],
        describe='"><x>',
        label_heading="",
        value_heading="",
    )

    tags = {element.tag for element in drawn(chart).iter()}

    assert tags == {f"{SVG}{name}" for name in ("svg", "title", "desc", "text", "rect", "line")}


def test_no_drawing_carries_a_style_of_its_own() -> None:
    lines = [Series("A", [1, 2, None, 4], emphasis=True), Series("B", [0, 0, 0, 0])]
    points = ["Jan", "Feb", "Mar", "Apr"]

    charts = [
        bars([1]),
        column_chart("C", [Bar("Jan", 1)], describe="", label_heading="", value_heading=""),
        line_chart("L", points, lines, describe="", point_heading="Month"),
        *(c for _, c in small_multiples(["A", "B"], points, lines, describe=lambda line: "")),
    ]

    assert all(drawn(chart).get("role") == "img" for chart in charts)
    assert not any("style=" in chart.svg for chart in charts)


def test_a_gap_breaks_the_line_instead_of_falling_to_zero() -> None:
    chart = line_chart(
        "L", list("abcde"), [Series("A", [4, 4, None, 2, 2])], describe="", point_heading="P"
    )

    runs = [line.get("points") for line in drawn(chart).iter(f"{SVG}polyline")]

    assert runs == ["0.0,0.0 25.0,0.0", "75.0,50.0 100.0,50.0"]
    assert [row["0"] for row in chart.rows] == ["4", "4", "–", "2", "2"]


def test_names_at_the_ends_of_lines_do_not_cover_each_other() -> None:
    lines = [Series(name, [5, value]) for name, value in [("A", 9), ("B", 9), ("C", 8.9)]]

    chart = line_chart("L", ["a", "b"], lines, describe="", point_heading="P")
    ends = [text for text in drawn(chart).iter(f"{SVG}text") if text.get("x") == "62%"]
    heights = sorted(float(text.get("y", "")) for text in ends)

    assert len(heights) == 3
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 14


def test_small_charts_share_one_scale() -> None:
    lines = [Series("big", [100, 100]), Series("small", [50, 50])]

    charts = small_multiples(["B", "S"], ["a", "b"], lines, describe=lambda line: line.label)
    points = [
        line.get("points") for _, chart in charts for line in drawn(chart).iter(f"{SVG}polyline")
    ]

    assert points == ["0.0,0.0 100.0,0.0", "0.0,50.0 100.0,50.0"]


def test_twelve_long_numbers_are_not_written_over_each_other() -> None:
    columns = [Bar(str(month), 10_000 + month) for month in range(12)]

    chart = column_chart("C", columns, describe="", label_heading="", value_heading="")
    said = [text.text for text in drawn(chart).iter(f"{SVG}text") if text.get("class") is None]

    assert list(filter(None, said)) == ["10,011"]


def test_a_month_that_still_runs_is_drawn_apart() -> None:
    columns = [Bar("Feb", 4), Bar("Mar", 2, unfinished=True)]

    chart = column_chart("C", columns, describe="", label_heading="", value_heading="")

    assert [r.get("class") for r in drawn(chart).iter(f"{SVG}rect")] == ["mark", "mark muted"]


def test_nothing_to_show_still_draws() -> None:
    chart = bars([])

    svg = drawn(chart)

    assert svg.get("height") == "4"


def test_numbers_are_written_in_the_readers_way() -> None:
    app = Flask("hearth")
    Babel(app, default_locale="nl")
    formatting.register(app)

    with app.test_request_context():
        chart = bars([1500])

    assert chart.rows[0]["value"] == "1.500"
