"""The switches of the sandbox: where events go and what goes wrong on the way."""

import hashlib
import json
import time
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hearth.giving.sandbox.errors import ApiError
from hearth.giving.sandbox.store import Store


class Settings(BaseModel):
    """Every switch with the value it has in an untouched sandbox.

    ``duplicate`` and ``drop`` are shares of all events between 0 and 1; ``reorder_seconds`` holds
    the events of each such stretch of time back and sends the last one first. Without
    ``sepa_after_seconds`` a debit is settled by hand only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook_url: str = ""
    webhook_secret: str = "whsec_sandbox"  # noqa: S105 - known to everyone, guards no money.
    duplicate: float = Field(default=0, ge=0, le=1)
    drop: float = Field(default=0, ge=0, le=1)
    delay_seconds: float = Field(default=0, ge=0)
    reorder_seconds: float = Field(default=0, ge=0)
    seed: int = 0
    fee_after_seconds: float = Field(default=1, ge=0)
    sepa_after_seconds: float | None = Field(default=60, ge=0)
    sepa_succeeds: bool = True
    fail_next_requests: int = Field(default=0, ge=0)
    clock_offset: float = 0

    @field_validator("webhook_url")
    @classmethod
    def _has_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (
            parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        ):
            raise ValueError("an address such as http://127.0.0.1:8000/webhooks/stripe is needed")
        return value

    @field_validator("sepa_after_seconds", mode="before")
    @classmethod
    def _empty_means_by_hand(cls, value: object) -> object:
        return None if value == "" else value


class Switches:
    """The settings as they are now, kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = {name: json.loads(value) for name, value in store.rows("SELECT * FROM switches")}
        self.now = Settings(**kept)

    def set(self, changes: dict[str, Any]) -> Settings:
        """Change some of them; an unknown name or an impossible value changes none."""
        with self._store.transaction():
            try:
                settings = Settings(**{**self.now.model_dump(), **changes})
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                param = str(first["loc"][0])
                raise ApiError(f"{param}: {first['msg']}", param=param) from None
            for name in changes:
                self._store.rows(
                    "INSERT INTO switches VALUES (?, ?)"
                    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    name,
                    json.dumps(getattr(settings, name)),
                )
            self.now = settings
        return settings

    def time(self) -> float:
        """Tell the sandbox's own time, which may be moved forward."""
        return time.time() + self.now.clock_offset

    def chance(self, purpose: str, number: int, share: float) -> bool:
        """Decide whether the numbered event is among the given share, the same way every time."""
        digest = hashlib.sha256(f"{self.now.seed}:{purpose}:{number}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < share
