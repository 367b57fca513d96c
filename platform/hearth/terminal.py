"""What the commands of the terminal share: adding, printing, and what they refuse."""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from config.settings import MissingSettingError
from hearth.sealing.errors import SealingError
from tenants.backup_keys import LostKeyError
from tenants.copying import CopyError
from tenants.migrator import MigrationError, RollOutRunningError
from tenants.placement import PlacementError
from tenants.registry import UnknownOrganisationError
from tenants.restoring import NotABackupError
from tenants.roles import OrganisationError
from tenants.sealed_stream import DamagedStreamError

Arguments = argparse.Namespace
# Each says in one sentence what is wrong and is no fault of the program's.
REFUSALS = (
    MissingSettingError,
    MigrationError,
    RollOutRunningError,
    OrganisationError,
    UnknownOrganisationError,
    PlacementError,
    CopyError,
    DamagedStreamError,
    LostKeyError,
    NotABackupError,
    SealingError,
)


def add(
    verbs: Any, name: str, run: Callable[[Arguments], None], text: str
) -> argparse.ArgumentParser:
    """Add a command that runs a function with what was asked for."""
    command: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    command.set_defaults(run=run, command=name)
    return command


def say(line: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{line}\n")
