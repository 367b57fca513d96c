"""The keys of backups: one organisation's at a time, and gone for good when they are destroyed."""

import os
import uuid
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.settings import MissingSettingError, Settings
from tenants.owners import Connection


class LostKeyError(LookupError):
    """A backup's key is not known, or was destroyed: nobody can read that backup any more."""


@dataclass(frozen=True)
class BackupKey:
    """A key and the name under which it is found again."""

    id: uuid.UUID
    key: bytes = field(repr=False)


class BackupKeys(Protocol):
    """Where backup keys are kept; a store of its own may take the place of the one below."""

    def current(self, schema: str) -> BackupKey:
        """The key under which a new backup is written."""

    def named(self, key_id: uuid.UUID, schema: str) -> BackupKey:
        """The key of an old backup of this organisation.

        :raises LostKeyError: it is not there any more, or another organisation's.
        """

    def destroy(self, schema: str) -> int:
        """Make every backup of an organisation unreadable; returns how many keys that took."""


class DerivedKeys:
    """Keys made of the installation's secret and a salt for each organisation.

    Neither is worth anything without the other: the secret is in the environment of the processes
    that make backups, the salt in the registry, and destroying the salt destroys the key.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        if settings.backup_secret is None:
            raise MissingSettingError("HEARTH_BACKUP_SECRET must be set for backups")
        self._connection = connection
        self._secret = settings.backup_secret.encode()

    def current(self, schema: str) -> BackupKey:
        """The newest key of an organisation, made when there is none."""
        row = self._connection.execute(
            "SELECT id, salt FROM shared.backup_keys WHERE schema_name = %s AND salt IS NOT NULL"
            " ORDER BY made_at DESC LIMIT 1",
            (schema,),
        ).fetchone()
        if row is None:
            row = (uuid.uuid4(), os.urandom(32))
            self._connection.execute(
                "INSERT INTO shared.backup_keys (id, schema_name, salt) VALUES (%s, %s, %s)",
                (row[0], schema, row[1]),
            )
        return self._made(*row)

    def named(self, key_id: uuid.UUID, schema: str) -> BackupKey:
        """The organisation's key with this id."""
        row = self._connection.execute(
            "SELECT id, salt FROM shared.backup_keys"
            " WHERE id = %s AND schema_name = %s AND salt IS NOT NULL",
            (key_id, schema),
        ).fetchone()
        if row is None:
            raise LostKeyError(
                "the key of this backup was destroyed, or never was one of this organisation's"
            )
        return self._made(*row)

    def destroy(self, schema: str) -> int:
        """Forget an organisation's salts; needs the owner's connection."""
        return self._connection.execute(
            "UPDATE shared.backup_keys SET salt = NULL, destroyed_at = now()"
            " WHERE schema_name = %s AND salt IS NOT NULL",
            (schema,),
        ).rowcount

    def _made(self, key_id: uuid.UUID, salt: bytes) -> BackupKey:
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=bytes(salt), info=b"backup")
        return BackupKey(key_id, kdf.derive(self._secret))
