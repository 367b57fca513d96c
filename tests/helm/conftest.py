"""The chart, loaded once, and its documents for each way of installing it."""

import functools
from collections.abc import Iterator

import helm_python
import pytest
import yaml

from tests.helm.rendering import CHART, MATRIX, Document, Rendered


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def rendered(chart: helm_python.Chart) -> Rendered:
    @functools.cache
    def render(placement: str) -> list[Document]:
        values = MATRIX[placement]
        chart.validate_schema(values)
        files = chart.render(values, name="north", namespace="hearth")
        manifests = (text for path, text in files.items() if not path.endswith("NOTES.txt"))
        return [found for text in manifests for found in yaml.safe_load_all(text) if found]

    return render
