"""Reads the Dockerfile for what a build would not refuse."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def stages() -> list[list[Instruction]]:
    """The instructions of each stage; those before the first FROM make the first."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
    found: list[list[Instruction]] = [[]]
    for line in lines:
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest.strip()))
    return found


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def environment(stage: list[Instruction]) -> dict[str, str]:
    pairs = [pair for name, rest in stage if name == "ENV" for pair in rest.split()]
    return {key: value.strip('"') for key, _, value in (pair.partition("=") for pair in pairs)}


def test_every_stage_stands_on_one_base_that_can_be_given_by_digest(
    stages: list[list[Instruction]],
) -> None:
    arguments = dict(rest.split("=", 1) for name, rest in stages[0] if name == "ARG")
    bases = [stage[0][1].split()[0] for stage in stages[1:]]

    assert set(bases) == {"${PYTHON_IMAGE}"}
    assert re.fullmatch(
        r"[a-z.]+/library/python:3\.11-slim-bookworm(@sha256:[0-9a-f]{64})?",
        arguments["PYTHON_IMAGE"],
    )


def test_the_service_is_an_ordinary_user_with_the_number_the_chart_gives(
    stages: list[list[Instruction]],
) -> None:
    users = [rest for name, rest in stages[-1] if name == "USER"]
    pod = (ROOT / "helm/hearth/templates/_helpers.tpl").read_text("utf-8")
    number = re.search(r"runAsUser: (\d+)", pod)

    assert number
    assert users == [f"{number[1]}:{number[1]}"]
    assert int(number[1]) >= 10000


def test_the_working_directory_is_not_searched_for_modules(
    stages: list[list[Instruction]],
) -> None:
    found = environment(stages[-1])

    assert found["PYTHONSAFEPATH"] == "1"
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"


def test_the_image_starts_the_command_of_the_project(
    stages: list[list[Instruction]], pyproject: dict[str, Any]
) -> None:
    final = dict(stages[-1])

    assert final["ENTRYPOINT"] == '["hearth"]'
    assert "hearth" in pyproject["project"]["scripts"]
    assert final["HEALTHCHECK"] == "NONE"


def test_only_what_was_installed_reaches_the_image(stages: list[list[Instruction]]) -> None:
    copied = [rest for name, rest in stages[-1] if name in {"COPY", "ADD"}]

    assert copied == ["--from=build /opt/hearth /opt/hearth"]


def test_the_build_takes_locked_versions_and_no_development_tools(
    stages: list[list[Instruction]], pyproject: dict[str, Any]
) -> None:
    build = stages[1]
    syncs = [rest for name, rest in build if name == "RUN" and "uv sync" in rest]
    arguments = dict(rest.split("=", 1) for name, rest in build if name == "ARG")

    assert len(syncs) == 2
    assert all("--frozen" in sync and "--no-dev" in sync for sync in syncs)
    assert "--no-editable" in syncs[-1]
    assert f"uv=={arguments['UV_VERSION']}" in pyproject["dependency-groups"]["dev"]


def test_every_package_of_the_wheel_is_copied_and_nothing_else(
    stages: list[list[Instruction]], pyproject: dict[str, Any]
) -> None:
    packages = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = {rest.split()[0] for name, rest in stages[1] if name == "COPY"}
    copied -= {"pyproject.toml"}

    assert copied == {package.split("/")[0] for package in packages}


def test_the_demo_and_the_payment_double_stay_out(pyproject: dict[str, Any]) -> None:
    excluded = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    assert {"platform/hearth/demo", "platform/hearth/giving/sandbox"} <= set(excluded)
    assert {"platform/hearth/demo", "platform/hearth/giving/sandbox"} <= set(ignored)
    for path in excluded:
        assert (ROOT / path).is_dir()


def test_nothing_enters_the_build_unless_it_is_named(stages: list[list[Instruction]]) -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    named = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    sources = {
        source
        for name, rest in stages[1]
        if name in {"COPY", "ADD"}
        for source in rest.split()[:-1]
    }

    assert rules[0] == "*"
    assert named == sources
    assert "**/.env" in rules
    assert rules.index("**/.env") > max(rules.index(f"!{path}") for path in named)


def test_no_instruction_holds_a_secret(stages: list[list[Instruction]]) -> None:
    instructions = [f"{name} {rest}" for stage in stages for name, rest in stage]

    for instruction in instructions:
        assert not instruction.startswith("ADD ")
        assert ".env" not in instruction
        if instruction.startswith(("ENV ", "ARG ")):
            assert not re.search(r"(SECRET|PASSWORD|TOKEN|API_KEY|DSN)", instruction)


def test_translations_are_compiled_before_the_wheel_is_built(
    stages: list[list[Instruction]],
) -> None:
    runs = [rest for name, rest in stages[1] if name == "RUN"]
    (compiled,) = [rest for rest in runs if "pybabel compile" in rest]
    (directory,) = re.findall(r"--directory (\S+)", compiled)

    assert runs.index(compiled) < len(runs) - 1
    assert list((ROOT / directory).glob("*/LC_MESSAGES/*.po"))
