"""Asks whether each process is given the settings and secrets it needs, and no others."""

import re
from collections.abc import Mapping
from typing import Any

from config.settings import Settings
from tests.helm.rendering import ROOT, Rendered, container, environ, every_placement, of_kind, pods

SECRETS = {
    "HEARTH_SECRET_KEY",
    "HEARTH_DATABASE_SECRET",
    "HEARTH_OWNER_DATABASE_URL",
    "HEARTH_KEYS_SECRET",
    "HEARTH_KEYS_OWNER_DATABASE_URL",
    "HEARTH_KMS_NORTH_TOKEN",
    "HEARTH_SMTP_PASSWORD",
    "REDIS_URL",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "SENTRY_DSN",
    "HEARTH_AUDIT_SIGNING_KEY",
}


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


@every_placement
def test_no_secret_value_stands_in_a_manifest(rendered: Rendered, placement: str) -> None:
    documents = rendered(placement)
    entries = [e for pod in pods(documents).values() for e in container(pod).get("env", [])]

    assert of_kind(documents, "Secret") == []
    assert {entry["name"] for entry in entries if "valueFrom" in entry} <= SECRETS
    for entry in entries:
        assert ("value" in entry) is (entry["name"] not in SECRETS)
    for config_map in of_kind(documents, "ConfigMap"):
        assert not config_map["data"].keys() & SECRETS


def test_every_setting_of_the_service_can_be_given_and_nothing_else_is(
    rendered: Rendered,
) -> None:
    documents = rendered("full")
    found = [environ(documents, pod) for pod in pods(documents).values()]
    given = {name for environment in found for name in environment}
    asked = Asked(max(found, key=len))

    Settings.from_env(asked)

    # libpq reads the certificate's place and gunicorn its own; the number of threads both read.
    own = read_by_gunicorn()
    assert given - {"PGSSLROOTCERT"} - own == asked.names - own


@every_placement
def test_every_process_finds_the_settings_it_refuses_to_start_without(
    rendered: Rendered, placement: str
) -> None:
    documents = rendered(placement)
    processes = {name: pod for name, pod in pods(documents).items() if name != "test"}

    started = {name: Settings.from_env(environ(documents, p)) for name, p in processes.items()}

    assert {settings.scheme for settings in started.values()} == {"https"}
    assert {name for name, settings in started.items() if settings.styleguide} == set()


def test_only_jobs_that_change_schemas_get_the_owner(
    rendered: Rendered,
) -> None:
    def holders(name: str, placement: str) -> set[str]:
        found = pods(rendered(placement)).items()
        return {component for component, pod in found if name in environ(rendered(placement), pod)}

    assert holders("HEARTH_OWNER_DATABASE_URL", "smallest") == {"migrate"}
    assert holders("HEARTH_OWNER_DATABASE_URL", "full") == {"migrate", "maintenance"}
    assert holders("HEARTH_KEYS_OWNER_DATABASE_URL", "full") == {"migrate", "maintenance"}
    assert holders("HEARTH_SMTP_PASSWORD", "full") == {"worker-mail"}


def test_gunicorn_is_told_what_it_reads_and_listens_where_the_service_looks(
    rendered: Rendered,
) -> None:
    documents = rendered("smallest")
    web = pods(documents)["web"]
    (service,) = of_kind(documents, "Service")
    (port,) = container(web)["ports"]

    given = {entry["name"]: entry.get("value") for entry in container(web)["env"]}

    assert read_by_gunicorn() <= given.keys()
    assert given["HEARTH_WEB_BIND"] == f"0.0.0.0:{port['containerPort']}"
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
