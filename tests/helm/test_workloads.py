"""Asks how the processes of a release start, live and end."""

import helm_python

from config import gunicorn
from hearth.cli import parser
from hearth.jobs import JOB_TIMEOUT, Queue
from tests.helm.rendering import Document, Rendered, container, every_placement, of_kind, pods


def test_each_queue_has_one_worker_deployment_that_listens_to_it_alone(
    rendered: Rendered,
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


def test_every_command_in_the_chart_is_one_of_the_service(
    rendered: Rendered,
) -> None:
    processes = [c for c in map(container, pods(rendered("full")).values()) if "command" not in c]
    probes = [probe for c in processes for name, probe in c.items() if name.endswith("Probe")]
    asked = [probe["exec"]["command"][1:] for probe in probes if "exec" in probe]

    understood = [parser().parse_args(words) for words in [*asked, *(c["args"] for c in processes)]]

    assert all(hasattr(arguments, "run") for arguments in understood)
    assert len(asked) == 2 * (len(Queue) + 1)


def test_workers_are_given_longer_than_their_longest_job(
    chart: helm_python.Chart, rendered: Rendered
) -> None:
    schema = chart.schema or {}
    found = pods(rendered("smallest"))

    given = {q: found[f"worker-{q}"]["spec"]["terminationGracePeriodSeconds"] for q in Queue}

    assert min(given.values()) > JOB_TIMEOUT
    assert schema["$defs"]["queue"]["properties"]["graceSeconds"]["minimum"] > JOB_TIMEOUT


def test_web_stops_listening_only_after_the_ingress_has_noticed(
    rendered: Rendered,
) -> None:
    web = pods(rendered("smallest"))["web"]

    slept = container(web)["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert slept > 0
    assert web["spec"]["terminationGracePeriodSeconds"] > slept + gunicorn.graceful_timeout


def test_web_is_asked_under_a_host_it_serves(rendered: Rendered) -> None:
    web = container(pods(rendered("full"))["web"])
    probes = {name: web[name]["httpGet"] for name in web if name.endswith("Probe")}

    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    for probe in probes.values():
        assert probe["httpHeaders"] == [{"name": "Host", "value": "federation.help.example.org"}]


def test_there_is_never_more_than_one_scheduler(
    rendered: Rendered,
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
    rendered: Rendered, placement: str
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


def test_the_maintenance_job_cannot_become_part_of_a_release(
    rendered: Rendered,
) -> None:
    (job,) = [d for d in of_kind(rendered("full"), "Job") if "name" not in d["metadata"]]

    assert container(job["spec"]["template"])["args"] == ["organisations", "list"]
    assert job["metadata"]["generateName"].endswith("-maintenance-")
    assert len(of_kind(rendered("smallest"), "Job")) == 1


def test_the_autoscaler_owns_the_number_of_web_pods(
    rendered: Rendered,
) -> None:
    def web(placement: str) -> Document:
        found = of_kind(rendered(placement), "Deployment")
        return next(d for d in found if d["metadata"]["name"].endswith("-web"))

    (scaler,) = of_kind(rendered("full"), "HorizontalPodAutoscaler")

    assert scaler["spec"]["scaleTargetRef"]["name"] == web("full")["metadata"]["name"]
    assert "replicas" not in web("full")["spec"]
    assert web("smallest")["spec"]["replicas"] >= 2


def test_the_installed_test_asks_for_readiness_and_for_a_stranger(
    rendered: Rendered,
) -> None:
    pod = pods(rendered("smallest"))["test"]
    script, service, domain = container(pod)["args"]

    compile(script, "answers.py", "exec")

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert service in [s["metadata"]["name"] for s in of_kind(rendered("smallest"), "Service")]
    assert domain == "hearth.example"
    assert "/readyz" in script
