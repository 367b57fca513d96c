"""Takes an organisation out for good: what is removed, and proof that nothing is left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from rq import Queue as RedisQueue
from rq.serializers import JSONSerializer

from config.settings import Settings
from hearth.jobs import Queue, redis_connection
from hearth.safekeeping.export import Exported, hash_of
from tenants import backups, keys_database, provisioning
from tenants.backup_keys import BackupKeys
from tenants.backups import Held
from tenants.key_copies import KEPT
from tenants.owners import Connection, owner_of, placements_in_use
from tenants.provisioning import raze_schema

# Stores of keys that lie outside this database; each destroys a schema's keys and tells how many.
# A store in another place, such as a key management service, is added here.
KEY_DESTROYERS: list[Callable[[Settings, str], int]] = [keys_database.destroy_all]


class LeftOverError(RuntimeError):
    """Something of an organisation that was taken out is still there; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Destroyed:
    """What a certificate certifies."""

    organisation_hash: str
    schema_hash: str
    destroyed_at: datetime
    tables: dict[str, Exported]
    backups_removed: int
    keys_destroyed: int
    jobs_removed: int
    hand_over_ids_removed: int
    hosts: tuple[str, ...]
    registry_copies_end: datetime
    key_copies_end: datetime

    @property
    def rows(self) -> int:
        """How many rows were exported and then destroyed."""
        return sum(done.rows for done in self.tables.values())


def destroy(
    home: Connection,
    settings: Settings,
    keys: BackupKeys,
    held: Held,
    *,
    tables: dict[str, Exported],
    hosts: tuple[str, ...],
) -> Destroyed:
    """Remove a suspended organisation's rows, role, copies, jobs, backups and keys.

    :raises OrganisationError: it is not suspended, or its role has something in a database that is
        none of ours; nothing is lost yet.
    :raises LeftOverError: something is still there.
    """
    row = home.execute(
        "SELECT id FROM shared.organisations WHERE schema_name = %s", (held.schema,)
    ).fetchone()
    _remove_old_copies(home, settings, held.schema)
    # Once keys and backups are gone there is no way back to a certificate.
    with owner_of(home, settings, held.placement) as there:
        provisioning.refuse_strays(home, there, held.schema)
    destroyed = keys.destroy(held.schema)
    removed = backups.remove_expired(home, schema=held.schema)
    ids = home.execute("DELETE FROM shared.inbox WHERE schema_name = %s", (held.schema,)).rowcount
    jobs = forget_jobs(held.slug)
    destroyed += sum(end(settings, held.schema) for end in KEY_DESTROYERS)
    # Last, because whatever was interrupted before it can be begun again.
    provisioning.drop_organisation(home, settings, held.slug)
    if left := left_over(home, settings, held):
        raise LeftOverError("; ".join(left))
    now = datetime.now(UTC)
    return Destroyed(
        organisation_hash=hash_of(str(row[0]) if row else ""),
        schema_hash=hash_of(held.schema),
        destroyed_at=now,
        tables=tables,
        backups_removed=removed,
        keys_destroyed=destroyed,
        jobs_removed=jobs,
        hand_over_ids_removed=ids,
        hosts=hosts,
        registry_copies_end=now + timedelta(days=settings.backup_days),
        key_copies_end=now + KEPT,
    )


def left_over(home: Connection, settings: Settings, held: Held) -> list[str]:
    """Everything that is still there of an organisation: rows, roles, backups, keys."""
    found = []
    for placement in ["default", *placements_in_use(home)]:
        with owner_of(home, settings, placement) as there:
            found += [f"{what} in {placement}" for what in _in_database(there, held.schema)]
    if keys_database.keys_left(settings, held.schema):
        found.append("a key of its fields")
    for what, question in QUESTIONS.items():
        row = home.execute(question, {"schema": held.schema, "slug": held.slug}).fetchone()
        if row != (0,):
            found.append(what)
    return found


QUESTIONS = {
    "ids to hand over": "SELECT count(*) FROM shared.inbox WHERE schema_name = %(schema)s",
    "a backup": "SELECT count(*) FROM shared.backups"
    " WHERE schema_name = %(schema)s AND removed_at IS NULL",
    "a backup key": "SELECT count(*) FROM shared.backup_keys"
    " WHERE schema_name = %(schema)s AND salt IS NOT NULL",
    "its name or hosts": "SELECT count(*) FROM shared.organisations"
    " WHERE schema_name = %(schema)s AND (slug = %(slug)s OR hosts <> '{}')",
}


def _in_database(there: Connection, schema: str) -> list[str]:
    row = there.execute(
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = %(schema)s),"
        " (SELECT count(*) FROM pg_roles WHERE rolname = %(schema)s)",
        {"schema": schema},
    ).fetchone()
    schemas, roles = row or (0, 0)
    return [*(["a schema"] if schemas else []), *(["a role"] if roles else [])]


def _remove_old_copies(home: Connection, settings: Settings, schema: str) -> None:
    rows = home.execute(
        "SELECT id, source FROM shared.moves WHERE schema_name = %s AND old_dropped_at IS NULL",
        (schema,),
    ).fetchall()
    for move_id, source in rows:
        with owner_of(home, settings, source) as there:
            raze_schema(there, schema)
        home.execute("UPDATE shared.moves SET old_dropped_at = now() WHERE id = %s", (move_id,))


def forget_jobs(slug: str) -> int:
    """Take an organisation's jobs out of every queue; none does anything any more anyway."""
    count = 0
    try:
        connection = redis_connection()
        for queue in Queue:
            waiting = RedisQueue(queue.value, connection=connection, serializer=JSONSerializer)
            failed = waiting.failed_job_registry.get_job_ids()
            for job_id in [*waiting.job_ids, *failed]:
                job = waiting.fetch_job(job_id)
                if job is not None and slug in (job.args or ()):
                    job.delete()
                    count += 1
        for key in connection.scan_iter(f"hearth:waiting:*:{slug}"):
            connection.delete(key)
    except RedisError:
        # The queue holds names of jobs alone, and forgets them by itself.
        return count
    return count
