"""Asks who may speak to whom."""

import pytest

from hearth.app import LARGE_BODIES
from hearth.jobs import Queue
from tests.helm.rendering import Document, Rendered, of_kind, pods


@pytest.mark.parametrize("placement", ["smallest", "full", "elsewhere"])
def test_network_policies_close_every_pod_and_open_each_one_again(
    rendered: Rendered, placement: str
) -> None:
    documents = rendered(placement)
    policies = [document["spec"] for document in of_kind(documents, "NetworkPolicy")]

    def selecting(labels: Document) -> list[Document]:
        return [p for p in policies if p["podSelector"]["matchLabels"].items() <= labels.items()]

    for pod in pods(documents).values():
        found = selecting(pod["metadata"]["labels"])
        closing = [p for p in found if p.keys() == {"podSelector", "policyTypes"}]
        assert [policy["policyTypes"] for policy in closing] == [["Ingress", "Egress"]]
        own = [p for p in found if "app.kubernetes.io/component" in p["podSelector"]["matchLabels"]]
        assert any(policy.get("egress") for policy in own)
    for policy in policies:
        for rule in policy.get("egress", []):
            assert rule["to"]
            assert rule["ports"]


def test_only_those_who_need_it_reach_the_mail_server_and_the_payment_provider(
    rendered: Rendered,
) -> None:
    def reach(port: int) -> set[str]:
        return {
            policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
            for policy in of_kind(rendered("smallest"), "NetworkPolicy")
            for rule in policy["spec"].get("egress", [])
            if {"port": port, "protocol": "TCP"} in rule["ports"]
        }

    assert reach(587) == {"worker-mail"}
    assert reach(443) == {"web", "worker-money"}
    assert reach(6379) >= {"web", "scheduler", *(f"worker-{queue}" for queue in Queue)}
    assert "migrate" in reach(5432)
    assert "migrate" not in reach(6379)


def test_the_ingress_lets_in_our_hosts_alone(rendered: Rendered) -> None:
    (ingress,) = of_kind(rendered("full"), "Ingress")
    (smallest,) = of_kind(rendered("smallest"), "Ingress")
    hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
    certified = [host for entry in ingress["spec"]["tls"] for host in entry["hosts"]]

    assert hosts == ["help.example.org", "*.help.example.org", "give.example.net"]
    assert certified == hosts
    assert "defaultBackend" not in smallest["spec"]
    (limit,) = [
        text for name, text in smallest["metadata"]["annotations"].items() if "body-size" in name
    ]
    assert (int(limit.removesuffix("m")) - 1) * 1024**2 < max(LARGE_BODIES.values())
    assert max(LARGE_BODIES.values()) <= int(limit.removesuffix("m")) * 1024**2
