"""The embedded servers: passwords for everyone, recovery after a kill, data that stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.child_processes import free_port, processes_matching
from config.embedded import EmbeddedPostgres, EmbeddedValkey, database_and_redis
from config.embedded_server import EmbeddedServerError


# Not below pytest's own directory: that one is closed again to other accounts by every run that
# starts, and as root PostgreSQL runs as another account.
@pytest.fixture
def data_dir() -> Iterator[Path]:
    with TemporaryDirectory(prefix="hearth-embedded-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with (
        TemporaryDirectory(prefix="hearth-embedded-") as directory,
        EmbeddedPostgres(Path(directory), durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[EmbeddedValkey]:
    with (
        TemporaryDirectory(prefix="hearth-embedded-") as directory,
        EmbeddedValkey(Path(directory)) as server,
    ):
        yield server


def _setting(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.superuser_dsn) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_postgres_refuses_the_superuser_without_the_right_password(
    postgres: EmbeddedPostgres, password: str | None
) -> None:
    address = postgres.dsn("postgres", "postgres", password)

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address, passfile=os.devnull)


def test_a_role_signs_in_with_its_own_password_only(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.superuser_dsn) as connection:
        connection.execute("CREATE ROLE someone LOGIN PASSWORD 'of p@ss/words'")

    with psycopg.connect(postgres.dsn("someone", "postgres", "of p@ss/words")) as own:
        row = own.execute("SELECT current_user, system_user").fetchone()

    assert row == ("someone", "scram-sha-256:someone")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn("someone", "postgres", "another"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_connections", "400"),
        ("log_parameter_max_length_on_error", "0"),
        ("log_min_error_statement", "panic"),
        ("password_encryption", "scram-sha-256"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("fsync", "off"),
        ("server_encoding", "UTF8"),
    ],
)
def test_postgres_runs_with_the_settings_we_rely_on(
    postgres: EmbeddedPostgres, name: str, value: str
) -> None:
    setting = _setting(postgres, name)

    assert setting == value


def test_the_superuser_password_can_be_read_by_its_owner_alone(postgres: EmbeddedPostgres) -> None:
    secret_files = [postgres.data_dir / "superuser_password"]

    modes = [path.stat().st_mode & 0o777 for path in secret_files]

    assert modes == [0o600]
    assert not (postgres.data_dir / "superuser_password.initdb").exists()


def test_trigrams_and_lower_case_know_other_alphabets(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.superuser_dsn) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")

        row = connection.execute(
            "SELECT lower('ÅSA СЕМЬЯ'), similarity('Семёнова', 'СЕМЁНОВА') = 1"
        ).fetchone()

    assert row == ("åsa семья", True)


def test_a_failing_statement_leaves_no_personal_data_in_the_log(
    postgres: EmbeddedPostgres,
) -> None:
    with psycopg.connect(postgres.superuser_dsn) as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT 1 / length(left(%s, 0)) AS canary_column", ["canary-value"])

    log = postgres.log.read_text()
    # The first line of an error may quote a value, so nothing of an error is written at all.
    assert "ready to accept connections" in log
    assert "division by zero" not in log
    assert "canary" not in log


def test_one_directory_serves_one_owner_at_a_time(postgres: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(postgres.data_dir)

    with pytest.raises(EmbeddedServerError, match="in use by another process"):
        second.start()

    assert _setting(postgres, "port") == str(postgres.port)


def test_a_taken_port_is_named_in_the_message(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(EmbeddedServerError, match=f"Port {port}, wanted for Valkey"):
            EmbeddedValkey(data_dir, port=port).start()


def test_postgres_keeps_its_data_over_a_restart_and_starts_again_quickly(data_dir: Path) -> None:
    with (
        EmbeddedPostgres(data_dir, port=free_port()) as first,
        psycopg.connect(first.superuser_dsn) as connection,
    ):
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        connection.commit()
    initialised = (data_dir / "cluster" / "PG_VERSION").stat().st_mtime_ns

    with (
        EmbeddedPostgres(data_dir) as second,
        psycopg.connect(second.superuser_dsn) as connection,
    ):
        row = connection.execute("SELECT answer FROM kept").fetchone()

    assert row == (42,)
    assert (data_dir / "cluster" / "PG_VERSION").stat().st_mtime_ns == initialised


def test_postgres_recovers_on_the_same_port_after_kill_9(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        with psycopg.connect(server.superuser_dsn) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        port = server.port
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        assert not server.is_running()

        server.start()

        with psycopg.connect(server.superuser_dsn) as connection:
            row = connection.execute("SELECT answer FROM kept").fetchone()
        assert row == (42,)
        assert server.port == port


def test_a_cluster_half_made_by_a_killed_run_is_made_anew(data_dir: Path) -> None:
    unfinished = data_dir / "cluster.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(data_dir, durable=False) as server:
        port = _setting(server, "port")

    assert port == str(server.port)
    assert not unfinished.exists()


def test_an_outdated_process_note_does_not_stop_the_start(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        note = (data_dir / "cluster" / "postmaster.pid").read_text()
    stranger = f"{os.getppid()}\n" + note.split("\n", 1)[1]
    (data_dir / "cluster" / "postmaster.pid").write_text(stranger)

    with server:
        port = _setting(server, "port")

    assert port == str(server.port)


def test_a_killed_owner_leaves_no_server_behind_and_the_next_one_starts(data_dir: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from config.embedded import EmbeddedPostgres, EmbeddedValkey;"
        "root = Path(sys.argv[1]);"
        "p = EmbeddedPostgres(root / 'p', durable=False).start();"
        "v = EmbeddedValkey(root / 'v').start();"
        "print('started', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, str(data_dir)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert owner.stdout is not None
    with owner.stdout:
        assert owner.stdout.readline() == b"started\n"

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    with EmbeddedPostgres(data_dir / "p", durable=False), EmbeddedValkey(data_dir / "v"):
        pass
    deadline = time.monotonic() + 10
    while left := list(processes_matching(lambda command: str(data_dir) in command)):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_valkey_refuses_a_client_without_the_password(valkey: EmbeddedValkey) -> None:
    assert valkey.port is not None
    stranger = redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0))

    with pytest.raises(redis.AuthenticationError):
        stranger.ping()

    stranger.close()


def test_valkey_never_throws_queued_work_away(valkey: EmbeddedValkey) -> None:
    with redis.Redis.from_url(valkey.url, decode_responses=True) as client:
        settings = client.config_get("maxmemory-policy", "appendonly", "bind", "protected-mode")

    assert settings == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "bind": "127.0.0.1",
        "protected-mode": "yes",
    }


def test_valkey_keeps_its_data_over_a_restart_and_a_kill_9(data_dir: Path) -> None:
    with EmbeddedValkey(data_dir) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "over a restart")
    with server:
        with redis.Redis.from_url(server.url) as client:
            client.append("kept", " and a kill")
            client.execute_command("WAITAOF", 1, 0, 5000)
        assert server.process is not None
        server.process.kill()
        server.process.wait()

        server.start()

        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            assert client.get("kept") == "over a restart and a kill"


def test_addresses_in_the_environment_replace_the_embedded_servers(data_dir: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://owner@db/hearth", "REDIS_URL": "redis://cache"}

    with database_and_redis(environ, data_dir) as backing:
        addresses = (backing.database_url, backing.redis_url)

    assert addresses == ("postgresql://owner@db/hearth", "redis://cache")
    assert list(data_dir.iterdir()) == []


def test_only_what_the_environment_leaves_out_is_started(data_dir: Path) -> None:
    environ = {"DATABASE_URL": "postgresql://owner@db/hearth", "REDIS_URL": ""}

    with (
        database_and_redis(environ, data_dir) as backing,
        redis.Redis.from_url(backing.redis_url) as client,
    ):
        answer = client.ping()

    assert answer is True
    assert [path.name for path in data_dir.iterdir()] == ["valkey"]
