"""Asks of every rendered document what any cluster would ask, and a little more."""

import re

import kubernetes_validate
import pytest

from hearth.jobs import Queue
from tests.helm.rendering import Rendered, container, every_placement, of_kind, pods

KUBERNETES_VERSIONS = ("1.30", "1.32", "1.34", "1.37")


@every_placement
@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_every_document_is_valid_kubernetes(
    rendered: Rendered, placement: str, version: str
) -> None:
    kinds = {document["kind"]: 0 for document in rendered(placement)}

    for document in rendered(placement):
        kubernetes_validate.validate(document, version, strict=True)
        kinds[document["kind"]] += 1

    assert kinds["Deployment"] == len(Queue) + 2


def test_the_validator_would_notice_a_misspelt_field(
    rendered: Rendered,
) -> None:
    deployment = of_kind(rendered("smallest"), "Deployment")[0]
    misspelt = {**deployment, "spec": {**deployment["spec"], "replicaz": 3}}

    with pytest.raises(kubernetes_validate.ValidationError, match="replicaz"):
        kubernetes_validate.validate(misspelt, KUBERNETES_VERSIONS[0], strict=True)


@every_placement
def test_names_are_unique_within_their_kind(rendered: Rendered, placement: str) -> None:
    names = [
        (document["kind"], document["metadata"].get("name") or document["metadata"]["generateName"])
        for document in rendered(placement)
    ]

    assert len(names) == len(set(names))


@every_placement
def test_no_pod_runs_as_root_or_writes_to_its_image(rendered: Rendered, placement: str) -> None:
    found = pods(rendered(placement))

    assert found
    for pod in found.values():
        spec, security = pod["spec"], container(pod)["securityContext"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] >= 10000
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert [v["name"] for v in pod["spec"]["volumes"] if "emptyDir" in v] == ["tmp"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()


@every_placement
def test_every_pod_says_what_it_needs(rendered: Rendered, placement: str) -> None:
    found = [container(pod)["resources"] for pod in pods(rendered(placement)).values()]

    for resources in found:
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


@every_placement
def test_the_image_is_named_exactly(rendered: Rendered, placement: str) -> None:
    images = {container(pod)["image"] for pod in pods(rendered(placement)).values()}

    assert len(images) == 1
    assert re.fullmatch(r"[a-z0-9./-]+(:[0-9]+\.[0-9]+\.[0-9]+|@sha256:[0-9a-f]{64})", images.pop())


@every_placement
def test_workloads_and_budgets_and_services_select_the_pods_they_mean(
    rendered: Rendered, placement: str
) -> None:
    documents = rendered(placement)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(documents).items()}
    selectors = [
        document["spec"]["selector"]["matchLabels"]
        for document in documents
        if document["kind"] in {"Deployment", "PodDisruptionBudget"}
    ] + [document["spec"]["selector"] for document in of_kind(documents, "Service")]

    for selector in selectors:
        selected = [name for name, found in labels.items() if selector.items() <= found.items()]
        assert selected == [selector["app.kubernetes.io/component"]]
    budgets = of_kind(documents, "PodDisruptionBudget")
    assert len(budgets) == len(of_kind(documents, "Deployment"))
