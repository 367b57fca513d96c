"""django-tenants 4.0.1 beside ours: the same tables in a new schema, a column in every schema.

It lives in an environment of its own under var/bench, because nothing of ours may depend on it.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from tenants import provisioning
from tenants.migrator import migrate_all
from tenants.revisions import Revision
from tests.benchmarks.harness import RESULTS, Laboratory, Row, seconds
from tests.benchmarks.migrating import releases
from tests.support.servers import copy_template, drop_database

SCHEMAS = 10
SCRIPT = Path(__file__).with_name("django_project.py")
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
       coalesce(bool_or(i.indisprimary), false), coalesce(bool_or(i.indisunique), false),
       count(i.indexrelid) > 0,
       (SELECT f.confrelid::regclass::text FROM pg_constraint f
        WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.conkey = ARRAY[a.attnum])
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indnatts = 1
WHERE c.relkind = 'r' AND c.relnamespace = %s::regnamespace
GROUP BY c.oid, c.relname, a.attnum, a.attname, a.atttypid ORDER BY 1, a.attnum
"""


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Both in one run, each on a database of its own with equally many schemas."""
    python = _environment()
    if python is None:
        yield Row(name="django-tenants", note="not measured: it could not be installed")
        return
    with laboratory.database("beside") as settings:
        assert settings.owner_database_url is not None
        dsn = settings.owner_database_url
        with psycopg.connect(dsn, autocommit=True) as owner:
            created = [
                seconds(lambda: provisioning.prepare_schema(owner, settings))
                for _ in range(SCHEMAS)
            ]
            schema = owner.execute("SELECT min(name) FROM shared.schemas").fetchone()
            described = owner.execute(COLUMNS, schema).fetchall()
        with releases() as release:
            release(Revision("9901", "ALTER TABLE users ADD COLUMN beside text;"))
            count = SCHEMAS + 2
            ours = seconds(lambda: migrate_all(dsn, report=lambda _step: None)) / count
    theirs = _run(python, laboratory, described)
    tables = len({row[0] for row in described})
    yield _compared(
        f"one organisation, {tables} tables, against django-tenants",
        sorted(created)[len(created) // 2],
        theirs["create"],
    )
    yield _compared("a column, each schema, against django-tenants", ours, theirs["column"])
    yield _compared("the same, its multiprocessing executor", ours, theirs["column_parallel"])


def _compared(name: str, ours: float, theirs: float) -> Row:
    return Row(
        name=name,
        unit="ms",
        ours=1000 * ours,
        baseline=1000 * theirs,
        ratio=ours / theirs,
        note=f"django-tenants takes {theirs / ours:.1f} times as long",
    )


def _environment() -> str | None:
    """The interpreter of an environment with the version that the project's bench group names."""
    python = RESULTS / "django" / "bin" / "python"
    wanted = tomllib.loads(Path("pyproject.toml").read_text())["dependency-groups"]["bench"]
    check = [str(python), "-c", "import django_tenants, psycopg"]
    if python.exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
        return str(python)
    commands = (
        [sys.executable, "-m", "venv", str(python.parent.parent)],
        [str(python), "-m", "pip", "install", "--quiet", *wanted, "psycopg[binary]>=3.3"],
    )
    for command in commands:
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
    return str(python)


def _run(python: str, laboratory: Laboratory, described: list[Any]) -> dict[str, float]:
    database = copy_template(laboratory.addresses, "django")
    order = {
        "dsn": psycopg.conninfo.conninfo_to_dict(laboratory.addresses.superuser_dsn),
        "database": database,
        "schemas": SCHEMAS,
        "tables": [list(row) for row in described],
    }
    try:
        done = subprocess.run(
            [python, "-P", str(SCRIPT)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
    finally:
        drop_database(laboratory.addresses, database)
    if done.returncode != 0:
        raise RuntimeError(f"the django-tenants side failed:\n{done.stderr[-3000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
