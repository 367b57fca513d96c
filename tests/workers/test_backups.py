"""The backups that are due are written by the worker, one organisation a time."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rq.timeouts import JobTimeoutException

from config.settings import Settings
from tenants import backups, context
from tenants.context import Runtime
from tenants.engines import Engines
from tenants.registry import Registry
from tests.support.servers import Addresses, copy_template, drop_database, settings_for
from workers.backups import back_up_due


@pytest.fixture
def own(addresses: Addresses, worker: str, tmp_path: Path) -> Iterator[Settings]:
    database = copy_template(addresses, f"due_{worker}")
    settings = settings_for(addresses, database, HEARTH_BACKUPS=str(tmp_path / "vault"))
    engines = Engines(settings)
    registry = Registry(engines.platform, base_domain=settings.base_domain)
    context.install(Runtime(settings, engines, registry))
    yield settings
    engines.dispose()
    drop_database(addresses, database)


def made(settings: Settings) -> int:
    with psycopg.connect(settings.owner_database_url or "", autocommit=True) as home:
        row = home.execute("SELECT count(*) FROM shared.backups").fetchone()
    return int(row[0]) if row else 0


def test_each_run_writes_one_backup_until_none_is_due(own: Settings) -> None:
    for expected in (1, 2, 2):
        back_up_due()

        assert made(own) == expected


def test_a_late_backup_is_told_of(own: Settings, caplog: pytest.LogCaptureFixture) -> None:
    back_up_due()
    back_up_due()
    with psycopg.connect(own.owner_database_url or "", autocommit=True) as home:
        late = datetime.now(UTC) - timedelta(days=3)
        home.execute("UPDATE shared.backups SET made_at = %s", (late,))

    with caplog.at_level(logging.WARNING):
        back_up_due()

    told = {record.message: record.__dict__["count"] for record in caplog.records}
    assert told == {"backup_late": 72}


def test_a_full_disk_of_one_does_not_stop_the_next(
    own: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "vault").mkdir()
    with psycopg.connect(own.owner_database_url or "", autocommit=True) as home:
        rows = home.execute("SELECT schema_name FROM shared.organisations ORDER BY slug")
        (tmp_path / "vault" / rows.fetchall()[0][0]).write_text("in the way")

    back_up_due()

    assert made(own) == 1
    assert [record.message for record in caplog.records] == ["backup_failed"]
    shutil.rmtree(tmp_path / "vault")


def test_one_that_takes_all_of_the_time_lets_the_others_go_first(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    back_up = backups.back_up

    def slow(home: Any, settings: Settings, keys: Any, slug: str) -> Any:
        tried.append(slug)
        if len(tried) == 1:
            raise JobTimeoutException
        return back_up(home, settings, keys, slug)

    monkeypatch.setattr(backups, "back_up", slow)

    with pytest.raises(JobTimeoutException):
        back_up_due()
    back_up_due()
    back_up_due()

    assert tried[0] not in tried[1:-1]
    assert tried[0] == tried[-1]
    assert made(own) == 2
