"""The demo's own secrets: made once, kept beside its data, read by their owner alone."""

import os
import secrets
from pathlib import Path

_MADE: dict[str, str] = {
    "HEARTH_SECRET_KEY": "",
    "HEARTH_DATABASE_SECRET": "",
    "HEARTH_KEYS_SECRET": "",
    # Stripe's own prefixes, which its SDK and its signature check expect.
    "STRIPE_API_KEY": "sk_test_",
    "STRIPE_WEBHOOK_SECRETS": "whsec_",
}


def demo_secrets(path: Path) -> dict[str, str]:
    """Read the secrets, making those that the file does not have yet.

    The database's passwords are derived from them, so file and data live and go together.
    """
    kept = _read(path)
    made = {
        name: prefix + secrets.token_hex(24) for name, prefix in _MADE.items() if name not in kept
    }
    if made:
        kept |= made
        _write(path, kept)
    return kept


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _write(path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another name first: a half-written file would lock everybody out of the data.
    unfinished = path.with_suffix(".unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    unfinished.replace(path)
