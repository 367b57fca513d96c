"""The django-tenants side: a project with the described tables; runs in its own environment."""

import importlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

ORDER = json.load(sys.stdin)
PROJECT = {"DJANGO_SETTINGS_MODULE": "project_settings"}
FIELDS = {
    "uuid": "models.UUIDField({})",
    "text": "models.TextField({})",
    "character varying": "models.CharField(max_length=200, {})",
    "character": "models.CharField(max_length=3, {})",
    "integer": "models.IntegerField({})",
    "smallint": "models.SmallIntegerField({})",
    "bigint": "models.BigIntegerField({})",
    "boolean": "models.BooleanField({})",
    "date": "models.DateField({})",
    "timestamp with time zone": "models.DateTimeField({})",
    "jsonb": "models.JSONField({})",
    "bytea": "models.BinaryField({})",
}


def class_name(table: str) -> str:
    return "".join(part.capitalize() for part in table.split("_"))


def field(kind: str, primary: bool, unique: bool, indexed: bool, target: str | None) -> str:
    options = "null=True" + (", unique=True" if unique else ", db_index=True" if indexed else "")
    if target and not primary:
        model = class_name(target)
        return f"models.ForeignKey('{model}', models.CASCADE, related_name='+', {options})"
    if primary:
        options = "primary_key=True"
    return FIELDS.get(kind, "models.TextField({})").format(options)


def models_text(*extras: str) -> str:
    lines = ["from django.db import models"]
    for table, rows in itertools.groupby(ORDER["tables"], key=lambda row: row[0]):
        lines += ["", "", f"class {class_name(table)}(models.Model):"]
        for _, name, kind, primary, unique, indexed, target in rows:
            # Django gives a foreign key's column the ending itself, and refuses it in a name.
            plain = name.removesuffix("_id") if target else name
            referred = target.rpartition(".")[2].strip('"') if target else None
            lines.append(
                f"    {plain.rstrip('_')} = {field(kind, primary, unique, indexed, referred)}"
            )
        if table == "users":
            lines += [f"    {extra} = models.TextField(null=True)" for extra in extras]
    return "\n".join(lines) + "\n"


def write_project(folder: Path) -> None:
    for app in ("customers", "house"):
        (folder / app / "migrations").mkdir(parents=True)
        (folder / app / "__init__.py").touch()
        (folder / app / "migrations" / "__init__.py").touch()
    (folder / "customers" / "models.py").write_text(
        "from django.db import models\n"
        "from django_tenants.models import DomainMixin, TenantMixin\n\n\n"
        "class Client(TenantMixin):\n    name = models.CharField(max_length=100)\n\n\n"
        "class Domain(DomainMixin):\n    pass\n"
    )
    (folder / "house" / "models.py").write_text(models_text())
    dsn = ORDER["dsn"]
    database = {
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": ORDER["database"],
        "USER": dsn["user"],
        "PASSWORD": dsn["password"],
        "HOST": dsn["host"],
        "PORT": dsn["port"],
        "CONN_MAX_AGE": None,
    }
    (folder / "project_settings.py").write_text(
        f"DATABASES = {{'default': {database!r}}}\n"
        "DATABASE_ROUTERS = ('django_tenants.routers.TenantSyncRouter',)\n"
        "SHARED_APPS = ('django_tenants', 'django.contrib.contenttypes', 'customers')\n"
        "TENANT_APPS = ('house',)\n"
        "INSTALLED_APPS = (*SHARED_APPS, *TENANT_APPS)\n"
        "TENANT_MODEL = 'customers.Client'\n"
        "TENANT_DOMAIN_MODEL = 'customers.Domain'\n"
        "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"
        "USE_TZ = True\nSECRET_KEY = 'benchmark'\n"
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def manage(folder: Path, *arguments: str) -> None:
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "project_settings",
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-m", "django", *arguments]
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=sys.stderr)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder)
        manage(folder, "makemigrations", "customers", "house", "-v0")
        manage(folder, "migrate_schemas", "--shared", "-v0")
        create = create_schemas(folder)
        (folder / "house" / "models.py").write_text(models_text("added_first"))
        manage(folder, "makemigrations", "house", "-v0")
        nothing = timed(lambda: manage(folder, "showmigrations", "-v0", "customers"))
        column = timed(lambda: manage(folder, "migrate_schemas", "--tenant", "-v0")) - nothing
        (folder / "house" / "models.py").write_text(models_text("added_first", "added_second"))
        manage(folder, "makemigrations", "house", "-v0")
        parallel = timed(
            lambda: manage(
                folder, "migrate_schemas", "--tenant", "-v0", "--executor", "multiprocessing"
            )
        )
        count = ORDER["schemas"]
        figures = {
            "create": create,
            "column": column / count,
            "column_parallel": (parallel - nothing) / count,
        }
        sys.stdout.write(json.dumps(figures))


def create_schemas(folder: Path) -> float:
    """The median of creating one schema, in one warm process."""
    os.environ.update(PROJECT)
    sys.path.insert(0, str(folder))
    importlib.import_module("django").setup()
    model = importlib.import_module("customers.models").Client

    def create(number: int) -> None:
        client = model(schema_name=f"dj_{number}", name="House")
        client.save(verbosity=0)

    return statistics.median(timed(partial(create, number)) for number in range(ORDER["schemas"]))


if __name__ == "__main__":
    main()
