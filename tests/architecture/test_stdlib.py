"""Python owns the name ``platform``, and none of our packages bears a name of the library's."""

import platform
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("config", "tenants", "hearth", "workers", "migrations")
TREES = ("config", "tenants", "platform", "workers", "migrations", "tests", "helm", "docs")


def test_platform_is_the_standard_librarys() -> None:
    found = Path(platform.__file__)

    assert found.is_relative_to(sysconfig.get_path("stdlib"))
    assert platform.system()


def test_the_source_root_holds_one_package_and_no_module() -> None:
    inside = {path.name for path in (ROOT / "platform").iterdir() if path.name != "__pycache__"}

    assert inside == {"hearth"}


def test_nothing_else_is_named_platform() -> None:
    ours = [path for path in ROOT.glob("*/**/platform*") if path.parts[len(ROOT.parts)] in TREES]

    assert [path for path in ours if path.stem == "platform"] == []


def test_no_package_of_ours_bears_a_name_of_the_librarys() -> None:
    assert sys.stdlib_module_names.isdisjoint(OURS)
