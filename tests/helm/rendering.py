"""What the chart is rendered with, and how its tests look into the result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]
Values = dict[str, Any]
Rendered = Callable[[str], list[Document]]

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "hearth"
DIGEST = "sha256:" + "0123456789abcdef" * 4
SMALLEST: Values = {"existingSecret": "hearth-secrets"}
FULL: Values = {
    "existingSecret": "hearth-secrets",
    "image": {"digest": DIGEST, "pullSecrets": ["registry-login"]},
    "domain": "help.example.org",
    "publicPort": 8443,
    "secretRevision": "2",
    "database": {"pooled": True},
    "keys": {
        "services": [
            {
                "reference": "NORTH",
                "address": "https://vault.example.org",
                "tokenKey": "kms-north-token",
            }
        ]
    },
    "caBundle": {"existingSecret": "database-ca"},
    "smtp": {"user": "hearth"},
    "errorTracker": {"enabled": True},
    "audit": {
        "anchorMail": "records@auditor.example.net",
        "anchorsClaim": "anchors-elsewhere",
        "ownSigningKey": True,
        "formerKeys": "ab" * 32,
    },
    "web": {"autoscaling": {"enabled": True}},
    "migration": {"existingSecret": "hearth-owner"},
    "maintenance": {"args": ["organisations", "list"]},
    "ingress": {
        "className": "nginx",
        "catchAll": True,
        "ownDomains": [{"host": "give.example.net", "tlsSecret": "give-tls"}],
    },
    "tolerations": [{"key": "hearth", "operator": "Exists", "effect": "NoSchedule"}],
}
# Servers outside the cluster, pods kept on the nodes of one country.
ELSEWHERE: Values = {
    "existingSecret": "hearth-secrets",
    "database": {"url": "postgresql://db.example.net:6432/hearth?sslmode=verify-full"},
    "networkPolicy": {
        "database": {
            "to": [
                {"ipBlock": {"cidr": "203.0.113.7/32"}},
                {"ipBlock": {"cidr": "198.51.100.9/32"}},
            ],
            "ports": [{"port": 6432, "protocol": "TCP"}],
        },
        "redis": {
            "to": [{"namespaceSelector": {"matchLabels": {"name": "valkey"}}}],
            "ports": [{"port": 6380, "protocol": "TCP"}],
        },
    },
    "nodeSelector": {"topology.kubernetes.io/region": "north"},
}
OPEN: Values = {
    "existingSecret": "hearth-secrets",
    "ingress": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
MATRIX = {"smallest": SMALLEST, "full": FULL, "elsewhere": ELSEWHERE, "open": OPEN}

every_placement = pytest.mark.parametrize("placement", MATRIX)


def pods(documents: list[Document]) -> dict[str, Document]:
    """Component to pod (metadata and spec), whatever kind of workload it comes from."""
    found = {}
    for document in documents:
        if document["kind"] in {"Deployment", "Job"}:
            pod = document["spec"]["template"]
        elif document["kind"] == "Pod":
            pod = document
        else:
            continue
        found[pod["metadata"]["labels"]["app.kubernetes.io/component"]] = pod
    return found


def container(pod: Document) -> Document:
    (only,) = pod["spec"]["containers"]
    return dict(only)


def of_kind(documents: list[Document], kind: str) -> list[Document]:
    return [document for document in documents if document["kind"] == kind]


def environ(documents: list[Document], pod: Document) -> dict[str, str]:
    """What the process finds in its environment, with a stand-in for every secret."""
    (config_map,) = of_kind(documents, "ConfigMap")
    found = dict(config_map["data"]) if container(pod).get("envFrom") else {}
    for entry in container(pod).get("env", []):
        found[entry["name"]] = entry.get("value", "stand-in-for-a-secret-of-good-length")
    return found
