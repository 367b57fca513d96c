"""What each login role's sessions begin with, and how that holds when a role changes it itself.

PostgreSQL lets every role set its own defaults and its own password, and has no right that could be
taken away for it. So the defaults that decide whether a connection is of use are told anew with
each connection, which counts for more than what the role was given; and whatever else a role was
given is put right, with the same right that let somebody change it.
"""

import logging
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
PLATFORM_ROLE = "platform_app"
READER_ROLE = "federation_reader"
KEYS_ROLE = "key_keeper"
# As the catalogue writes them down.
PATHS = {PLATFORM_ROLE: '""', READER_ROLE: '""', KEYS_ROLE: "keys"}
COMMON = {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"}
PATIENT = {"lock_timeout": "10s"}
# Each of these could otherwise end a connection before it is able to put anything right, or leave
# answers on it that nobody here can read.
HARMLESS = {
    "client_encoding": "UTF8",
    "default_transaction_read_only": "off",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "lock_timeout": "0",
    "local_preload_libraries": "",
}
# For each of a role's connections; only a superuser gives or takes it.
TEMPORARY_SPACE = "1GB"
TRIES = 3
log = logging.getLogger(__name__)


def defaults_of(role: str) -> dict[str, str]:
    """What a role's sessions begin with."""
    if role in PATHS:
        return {"search_path": PATHS[role], **COMMON}
    return {"search_path": f"{role}, extensions", **COMMON, **PATIENT}


def settle(role: str) -> sql.Composed:
    """The statements that give a role its defaults and no others, in this database and in all."""
    name = sql.Identifier(role)
    commands = [
        sql.SQL("ALTER ROLE {role} RESET ALL").format(role=name),
        *(
            sql.SQL("ALTER ROLE {role} SET {setting} = {value}").format(
                role=name, setting=sql.Identifier(setting), value=_value(setting, value)
            )
            for setting, value in defaults_of(role).items()
        ),
    ]
    return sql.SQL("; ").join(commands)


def _value(setting: str, value: str) -> sql.Composable:
    if setting != "search_path":
        return sql.Literal(value)
    names = [name.strip().strip('"') for name in value.split(",")]
    return sql.SQL(", ").join(map(sql.Literal, names))


def options(role: str) -> str:
    """The defaults as a connection tells them, where they count for more than the role's own.

    Separated by tabs, because a blank in an address is read as a plus sign.
    """
    told = {**HARMLESS, **defaults_of(role)}
    path = ",".join(name.strip().strip('"') for name in told.pop("search_path").split(","))
    pairs = [f"-csearch_path={path}", *(f"-c{name}={value}" for name, value in told.items())]
    return "\t".join(pairs)


def connect_settled(connect: Callable[[], Connection], role: str) -> Connection:
    """A connection of a role whose defaults are as they should be; changed ones are put right.

    What cannot be put right is told, and the connection is used all the same.
    """
    for _ in range(TRIES):
        connection = connect()
        try:
            changed = _changed(connection, role)
            if changed:
                _put_right(connection, role)
        except BaseException:
            connection.close()
            raise
        if not changed:
            return connection
        log.error("role_settings_changed", extra={"schema": role, "count": len(changed)})
        connection.close()
    return connect()


# What the role could not have set itself is somebody else's business.
CHANGED = """
SELECT setdatabase <> 0, setting FROM pg_db_role_setting, unnest(setconfig) AS setting
WHERE setrole = current_user::regrole
  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def _changed(connection: Connection, role: str) -> set[str]:
    found = set(connection.execute(CHANGED).fetchall())
    found.discard((False, f"temp_file_limit={TEMPORARY_SPACE}"))
    wanted = {(False, f"{name}={value}") for name, value in defaults_of(role).items()}
    if found == wanted:
        connection.rollback()
        return set()
    contexts = connection.execute("SELECT name, context FROM pg_settings").fetchall()
    connection.rollback()
    own = {name for name, context in contexts if context == "user"}
    differing = {setting.partition("=")[0] for _here, setting in wanted ^ found}
    return differing & own


def _put_right(connection: Connection, role: str) -> None:
    name = sql.Identifier(role)
    here = sql.SQL("ALTER ROLE {role} IN DATABASE {database} RESET ALL; ").format(
        role=name, database=sql.Identifier(connection.info.dbname)
    )
    try:
        connection.execute(here + settle(role))
        connection.commit()
    except psycopg.Error:
        # Another connection of the role is doing the same at this moment.
        connection.rollback()
