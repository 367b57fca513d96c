"""Renders the chart as an operator would and asks of the result what a cluster would not."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

from config.settings import Settings
from hearth.app import MAX_BODY
from hearth.cli import parser
from hearth.jobs import JOB_TIMEOUT, Queue

Document = dict[str, Any]
Values = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "hearth"
KUBERNETES_VERSIONS = ("1.30", "1.32", "1.34", "1.37")
SECRETS = {
    "HEARTH_SECRET_KEY",
    "HEARTH_DATABASE_SECRET",
    "HEARTH_OWNER_DATABASE_URL",
    "HEARTH_SMTP_PASSWORD",
    "REDIS_URL",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "SENTRY_DSN",
}
DIGEST = "sha256:" + "0123456789abcdef" * 4
SMALLEST: Values = {"existingSecret": "hearth-secrets"}
FULL: Values = {
    "existingSecret": "hearth-secrets",
    "image": {"digest": DIGEST, "pullSecrets": ["registry-login"]},
    "domain": "help.example.org",
    "publicPort": 8443,
    "secretRevision": "2",
    "database": {"pooled": True},
    "caBundle": {"existingSecret": "database-ca"},
    "smtp": {"user": "hearth"},
    "errorTracker": {"enabled": True},
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


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def rendered(chart: helm_python.Chart) -> Callable[[str], list[Document]]:
    @functools.cache
    def render(placement: str) -> list[Document]:
        values = MATRIX[placement]
        chart.validate_schema(values)
        files = chart.render(values, name="north", namespace="hearth")
        manifests = (text for path, text in files.items() if not path.endswith("NOTES.txt"))
        return [found for text in manifests for found in yaml.safe_load_all(text) if found]

    return render


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


class Asked(dict[str, str]):
    """An environment that remembers which names were looked up."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key.removesuffix("_FILE"))
        return super().get(key, default)


def read_by_gunicorn() -> set[str]:
    source = (ROOT / "config" / "gunicorn.py").read_text("utf-8")
    return set(re.findall(r'environ\.get\("(\w+)"', source))


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


@every_placement
@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_every_document_is_valid_kubernetes(
    rendered: Callable[[str], list[Document]], placement: str, version: str
) -> None:
    kinds = {document["kind"]: 0 for document in rendered(placement)}

    for document in rendered(placement):
        kubernetes_validate.validate(document, version, strict=True)
        kinds[document["kind"]] += 1

    assert kinds["Deployment"] == len(Queue) + 2


def test_the_validator_would_notice_a_misspelt_field(
    rendered: Callable[[str], list[Document]],
) -> None:
    deployment = of_kind(rendered("smallest"), "Deployment")[0]
    misspelt = {**deployment, "spec": {**deployment["spec"], "replicaz": 3}}

    with pytest.raises(kubernetes_validate.ValidationError, match="replicaz"):
        kubernetes_validate.validate(misspelt, KUBERNETES_VERSIONS[0], strict=True)


@every_placement
def test_names_are_unique_within_their_kind(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    names = [
        (document["kind"], document["metadata"].get("name") or document["metadata"]["generateName"])
        for document in rendered(placement)
    ]

    assert len(names) == len(set(names))


@every_placement
def test_no_pod_runs_as_root_or_writes_to_its_image(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
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
def test_every_pod_says_what_it_needs(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    found = [container(pod)["resources"] for pod in pods(rendered(placement)).values()]

    for resources in found:
        assert resources["requests"].keys() == resources["limits"].keys() == {"cpu", "memory"}


@every_placement
def test_no_secret_value_stands_in_a_manifest(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    documents = rendered(placement)
    entries = [e for pod in pods(documents).values() for e in container(pod).get("env", [])]

    assert of_kind(documents, "Secret") == []
    assert {entry["name"] for entry in entries if "valueFrom" in entry} <= SECRETS
    for entry in entries:
        assert ("value" in entry) is (entry["name"] not in SECRETS)
    for config_map in of_kind(documents, "ConfigMap"):
        assert not config_map["data"].keys() & SECRETS


def test_every_setting_of_the_service_can_be_given_and_nothing_else_is(
    rendered: Callable[[str], list[Document]],
) -> None:
    documents = rendered("full")
    found = [environ(documents, pod) for pod in pods(documents).values()]
    given = {name for environment in found for name in environment}
    asked = Asked(max(found, key=len))

    Settings.from_env(asked)

    # libpq reads the certificate's place and gunicorn its own, not the service.
    assert given - {"PGSSLROOTCERT"} - read_by_gunicorn() == asked.names


@every_placement
def test_every_process_finds_the_settings_it_refuses_to_start_without(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    documents = rendered(placement)
    processes = {name: pod for name, pod in pods(documents).items() if name != "test"}

    started = {name: Settings.from_env(environ(documents, p)) for name, p in processes.items()}

    assert {settings.scheme for settings in started.values()} == {"https"}
    assert {name for name, settings in started.items() if settings.styleguide} == set()


def test_only_jobs_that_change_schemas_get_the_owner(
    rendered: Callable[[str], list[Document]],
) -> None:
    def holders(name: str, placement: str) -> set[str]:
        found = pods(rendered(placement)).items()
        return {component for component, pod in found if name in environ(rendered(placement), pod)}

    assert holders("HEARTH_OWNER_DATABASE_URL", "smallest") == {"migrate"}
    assert holders("HEARTH_OWNER_DATABASE_URL", "full") == {"migrate", "maintenance"}
    assert holders("HEARTH_SMTP_PASSWORD", "full") == {"worker-mail"}


def test_the_maintenance_job_cannot_become_part_of_a_release(
    rendered: Callable[[str], list[Document]],
) -> None:
    (job,) = [d for d in of_kind(rendered("full"), "Job") if "name" not in d["metadata"]]

    assert container(job["spec"]["template"])["args"] == ["organisations", "list"]
    assert job["metadata"]["generateName"].endswith("-maintenance-")
    assert len(of_kind(rendered("smallest"), "Job")) == 1


def test_each_queue_has_one_worker_deployment_that_listens_to_it_alone(
    rendered: Callable[[str], list[Document]],
) -> None:
    workers = {
        component.removeprefix("worker-"): container(pod)
        for component, pod in pods(rendered("smallest")).items()
        if component.startswith("worker-")
    }

    assert {queue: worker["args"] for queue, worker in workers.items()} == {
        queue.value: ["worker", queue.value] for queue in Queue
    }
    for queue, worker in workers.items():
        alive = ["hearth", "worker-alive", queue]
        assert worker["livenessProbe"]["exec"]["command"] == alive
        assert worker["startupProbe"]["exec"]["command"] == alive


def test_values_and_schema_know_exactly_the_queues_of_the_service(
    chart: helm_python.Chart,
) -> None:
    schema = chart.schema or {}
    known = {queue.value for queue in Queue}

    assert set(chart.values["queues"]) == known
    assert set(schema["properties"]["queues"]["properties"]) == known
    assert set(schema["properties"]["queues"]["required"]) == known


def test_every_command_in_the_chart_is_one_of_the_service(
    rendered: Callable[[str], list[Document]],
) -> None:
    processes = [c for c in map(container, pods(rendered("full")).values()) if "command" not in c]
    probes = [probe for c in processes for name, probe in c.items() if name.endswith("Probe")]
    asked = [probe["exec"]["command"][1:] for probe in probes if "exec" in probe]

    understood = [parser().parse_args(words) for words in [*asked, *(c["args"] for c in processes)]]

    assert all(hasattr(arguments, "run") for arguments in understood)
    assert len(asked) == 2 * (len(Queue) + 1)


def test_workers_are_given_longer_than_their_longest_job(
    chart: helm_python.Chart, rendered: Callable[[str], list[Document]]
) -> None:
    schema = chart.schema or {}
    found = pods(rendered("smallest"))

    given = {q: found[f"worker-{q}"]["spec"]["terminationGracePeriodSeconds"] for q in Queue}

    assert min(given.values()) > JOB_TIMEOUT
    assert schema["$defs"]["queue"]["properties"]["graceSeconds"]["minimum"] > JOB_TIMEOUT


def test_web_stops_listening_only_after_the_ingress_has_noticed(
    rendered: Callable[[str], list[Document]],
) -> None:
    web = pods(rendered("smallest"))["web"]

    slept = container(web)["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert 0 < slept < web["spec"]["terminationGracePeriodSeconds"]


def test_web_is_asked_under_a_host_it_serves(rendered: Callable[[str], list[Document]]) -> None:
    web = container(pods(rendered("full"))["web"])
    probes = {name: web[name]["httpGet"] for name in web if name.endswith("Probe")}

    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    for probe in probes.values():
        assert probe["httpHeaders"] == [{"name": "Host", "value": "federation.help.example.org"}]


def test_gunicorn_is_told_what_it_reads_and_listens_where_the_service_looks(
    rendered: Callable[[str], list[Document]],
) -> None:
    documents = rendered("smallest")
    web = pods(documents)["web"]
    (service,) = of_kind(documents, "Service")
    (port,) = container(web)["ports"]

    given = {entry["name"]: entry.get("value") for entry in container(web)["env"]}

    assert read_by_gunicorn() <= given.keys()
    assert given["HEARTH_WEB_BIND"] == f"0.0.0.0:{port['containerPort']}"
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_there_is_never_more_than_one_scheduler(
    rendered: Callable[[str], list[Document]],
) -> None:
    (scheduler,) = [
        document
        for document in of_kind(rendered("full"), "Deployment")
        if document["metadata"]["name"].endswith("-scheduler")
    ]

    assert scheduler["spec"]["replicas"] == 1
    assert scheduler["spec"]["strategy"] == {"type": "Recreate"}
    assert "livenessProbe" in container(scheduler["spec"]["template"])


@every_placement
def test_migration_runs_before_the_release_and_needs_nothing_of_it(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    hooks = {
        document["kind"]: document
        for document in rendered(placement)
        if document["metadata"].get("annotations", {}).get("helm.sh/hook")
        == "pre-install,pre-upgrade"
    }
    weights = {
        kind: int(document["metadata"]["annotations"]["helm.sh/hook-weight"])
        for kind, document in hooks.items()
    }
    job = hooks["Job"]
    pod = job["spec"]["template"]

    assert weights.pop("Job") > max(weights.values())
    assert job["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation"
    assert container(pod)["args"] == ["migrate"]
    assert "envFrom" not in container(pod)
    assert pod["spec"]["serviceAccountName"] == hooks["ServiceAccount"]["metadata"]["name"]
    assert pod["spec"]["restartPolicy"] == "Never"
    assert job["spec"]["activeDeadlineSeconds"] > 0
    assert job["spec"]["backoffLimit"] > 0


@pytest.mark.parametrize("placement", ["smallest", "full", "elsewhere"])
def test_network_policies_close_every_pod_and_open_each_one_again(
    rendered: Callable[[str], list[Document]], placement: str
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
    rendered: Callable[[str], list[Document]],
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


@every_placement
def test_workloads_and_budgets_and_services_select_the_pods_they_mean(
    rendered: Callable[[str], list[Document]], placement: str
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


@every_placement
def test_the_image_is_named_exactly(
    rendered: Callable[[str], list[Document]], placement: str
) -> None:
    images = {container(pod)["image"] for pod in pods(rendered(placement)).values()}

    assert len(images) == 1
    assert re.fullmatch(r"[a-z0-9./-]+(:[0-9]+\.[0-9]+\.[0-9]+|@sha256:[0-9a-f]{64})", images.pop())


def test_pods_restart_when_a_setting_or_the_secret_changes(chart: helm_python.Chart) -> None:
    def annotations(values: Values) -> list[Document]:
        text = chart.render({**SMALLEST, **values}, name="north")["hearth/templates/web.yaml"]
        documents = list(yaml.safe_load_all(text))
        return [pods(documents)["web"]["metadata"]["annotations"]]

    before = annotations({})

    assert annotations({}) == before
    assert annotations({"label": "staging"}) != before
    assert annotations({"secretRevision": "2"}) != before


def test_the_ingress_lets_in_our_hosts_alone(rendered: Callable[[str], list[Document]]) -> None:
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
    assert limit == f"{MAX_BODY // 1024**2}m"


def test_the_autoscaler_owns_the_number_of_web_pods(
    rendered: Callable[[str], list[Document]],
) -> None:
    def web(placement: str) -> Document:
        found = of_kind(rendered(placement), "Deployment")
        return next(d for d in found if d["metadata"]["name"].endswith("-web"))

    (scaler,) = of_kind(rendered("full"), "HorizontalPodAutoscaler")

    assert scaler["spec"]["scaleTargetRef"]["name"] == web("full")["metadata"]["name"]
    assert "replicas" not in web("full")["spec"]
    assert web("smallest")["spec"]["replicas"] >= 2


def test_the_installed_test_asks_for_readiness_and_for_a_stranger(
    rendered: Callable[[str], list[Document]],
) -> None:
    pod = pods(rendered("smallest"))["test"]
    script, service, domain = container(pod)["args"]

    compile(script, "answers.py", "exec")

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert service in [s["metadata"]["name"] for s in of_kind(rendered("smallest"), "Service")]
    assert domain == "hearth.example"
    assert "/readyz" in script


def test_the_notes_name_the_addresses_and_what_is_left_open(chart: helm_python.Chart) -> None:
    notes = chart.render(OPEN, name="north")["hearth/templates/NOTES.txt"]

    assert "https://federation.hearth.example" in notes
    assert "Network policies are off" in notes
