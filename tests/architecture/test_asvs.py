"""The table of checks names tests that exist, and all forty-six rows."""

import re

from tests.architecture.test_stdlib import ROOT

TABLE = (ROOT / "docs/security/asvs.md").read_text()
NAMED = re.compile(r"`(?:(tests/[\w/]+\.py))?(?:::(\w+))?`")


def test_every_check_has_a_row() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE)]

    assert numbers == list(range(1, 47))


def test_every_test_that_is_named_exists() -> None:
    missing = []
    for row in TABLE.splitlines():
        text = ""
        for path, name in NAMED.findall(row):
            if path:
                file = ROOT / path
                text = file.read_text() if file.is_file() else ""
                missing += [] if file.is_file() else [path]
            if name and f"def {name}(" not in text:
                missing.append(f"{path}::{name}")

    assert missing == []


def test_a_row_without_a_test_says_who_or_why() -> None:
    rows = [row for row in TABLE.splitlines() if re.match(r"\| \d+ \|", row)]

    bare = [
        row
        for row in rows
        if "tests/" not in row
        and "to be linked" not in row
        and not re.search(r"Exception, \d{4}-\d{2}-\d{2}", row)
    ]

    assert bare == []
