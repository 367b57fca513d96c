"""Asks the chart which values it accepts and what it makes of changed ones."""

from collections.abc import Iterator
from typing import Any

import helm_python
import pytest
import yaml

from hearth.jobs import Queue
from tests.helm.rendering import CHART, OPEN, SMALLEST, Document, Values, pods


def test_refuses_to_install_without_the_name_of_a_secret(chart: helm_python.Chart) -> None:
    with pytest.raises(helm_python.HelmValuesError, match="existingSecret"):
        chart.validate_schema({})


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicas": 3},
        {"web": {"replicaz": 3}},
        {"queues": {"post": {"replicas": 1}}},
        {"networkPolicy": {"database": {"too": []}}},
        {"networkPolicy": {"database": {"to": []}}},
        {"secretKeys": {"secretKey": ""}},
        {"database": {"url": "postgresql://hearth:hunter2@db/hearth"}},
        {"image": {"tag": "latest"}},
        {"image": {"digest": "sha256:abc"}},
        {"queues": {"money": {"replicas": 0}}},
        {"payments": {"apiBase": "http://stripe.example"}},
        {"web": {"proxyAddresses": "*"}},
        {"country": ""},
        {"country": "Sweden"},
        {"backups": {"enabled": True}},
        {"placements": [{"name": "east", "url": "postgresql://db/x", "ownerUrlKey": "k"}]},
    ],
    ids=str,
)
def test_refuses_values_that_are_unknown_or_unsafe(chart: helm_python.Chart, wrong: Values) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        chart.validate_schema({**SMALLEST, **wrong})


def test_every_object_of_the_schema_is_closed(chart: helm_python.Chart) -> None:
    def open_objects(node: Any, path: str) -> Iterator[str]:
        if isinstance(node, dict):
            closed = node.get("additionalProperties") in (False, {"type": "string"})
            if node.get("type") == "object" and not closed:
                yield path
            for key, child in node.items():
                yield from open_objects(child, f"{path}/{key}")

    found = list(open_objects(chart.schema, ""))

    assert found == []


def test_lint_has_nothing_to_say() -> None:
    report = helm_python.lint(CHART, SMALLEST, strict=True, kube_version="v1.34.0")

    assert report["errors"] == []
    assert [entry for entry in report["messages"] if entry["severity"] > 1] == []


def test_values_and_schema_know_exactly_the_queues_of_the_service(
    chart: helm_python.Chart,
) -> None:
    schema = chart.schema or {}
    known = {queue.value for queue in Queue}

    assert set(chart.values["queues"]) == known
    assert set(schema["properties"]["queues"]["properties"]) == known
    assert set(schema["properties"]["queues"]["required"]) == known


def test_pods_restart_when_a_setting_or_the_secret_changes(chart: helm_python.Chart) -> None:
    def annotations(values: Values) -> list[Document]:
        text = chart.render({**SMALLEST, **values}, name="north")["hearth/templates/web.yaml"]
        documents = list(yaml.safe_load_all(text))
        return [pods(documents)["web"]["metadata"]["annotations"]]

    before = annotations({})

    assert annotations({}) == before
    assert annotations({"label": "staging"}) != before
    assert annotations({"secretRevision": "2"}) != before


def test_the_notes_name_the_addresses_and_what_is_left_open(chart: helm_python.Chart) -> None:
    notes = chart.render(OPEN, name="north")["hearth/templates/NOTES.txt"]

    assert "https://federation.hearth.example" in notes
    assert "Network policies are off" in notes
