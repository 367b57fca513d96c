"""The command `hearth keys`: how an organisation's key stands, rotating, unlocking, accounting."""

import argparse
import sys
from collections.abc import Callable

from config.settings import Settings
from hearth.keys import services as keys
from hearth.sealing.errors import SealingError
from hearth.sealing.rotation import rotate
from hearth.sealing.services import KEY_BACKUPS_LAST, sweep_destructions
from hearth.sealing.store import Mode, key_store
from tenants import context
from tenants.registry import OrgRef

Arguments = argparse.Namespace


def run(arguments: Arguments) -> None:
    """One of the commands on keys."""
    runtime = context.configure(Settings.from_env())
    COMMANDS[arguments.verb](runtime.registry.get(arguments.slug), arguments)


def add_to(command: argparse.ArgumentParser) -> None:
    """Give the command its verbs."""
    inner = command.add_subparsers(required=True, dest="verb", metavar="VERB")
    for verb, text in TEXTS.items():
        one = inner.add_parser(verb, help=text, description=text)
        one.add_argument("slug")
        if verb == "unlock":
            one.add_argument("--hours", type=float, default=12)
        if verb == "rotate":
            one.add_argument("--mode", choices=[mode.value for mode in Mode])
            one.add_argument("--reference", help="which HEARTH_KMS_<REFERENCE> wraps the key")


def _status(organisation: OrgRef, _arguments: Arguments) -> None:
    state = keys.state_of(organisation.schema_name)
    _print(f"{organisation.slug} {state.mode} {'open' if state.is_open else 'locked'}")


def _rotate(organisation: OrgRef, arguments: Arguments) -> None:
    mode = Mode(arguments.mode) if arguments.mode else None
    wanted = mode or keys.state_of(organisation.schema_name).mode
    done = rotate(
        organisation.schema_name,
        mode=mode,
        reference=arguments.reference,
        passphrase=_passphrase() if wanted is Mode.HELD else None,
        report=lambda number: _print(f"{number} keys wrapped anew"),
    )
    begun = "an interrupted rotation was brought to its end" if done.resumed else "rotated"
    _print(f"{organisation.slug} {begun}: {done.keys} keys, generation {done.generation}")


def _unlock(organisation: OrgRef, arguments: Arguments) -> None:
    if not 0 < arguments.hours <= 12:
        raise SealingError("a key is unlocked for twelve hours at the most")
    keys.unlock(organisation.schema_name, _passphrase(), hours=arguments.hours)
    _print(f"{organisation.slug} is unlocked for {arguments.hours:g} h")


def _lock(organisation: OrgRef, _arguments: Arguments) -> None:
    keys.lock(organisation.schema_name)
    _print(f"{organisation.slug} is locked")


def _destroyed(organisation: OrgRef, _arguments: Arguments) -> None:
    _print("subject                               destroyed         last backup ends")
    for subject, at in key_store().destroyed(organisation.schema_name):
        ends = at + KEY_BACKUPS_LAST
        _print(f"{subject}  {at:%Y-%m-%d %H:%M}  {ends:%Y-%m-%d %H:%M}")


def _sweep(organisation: OrgRef, _arguments: Arguments) -> None:
    with context.tenant_session(organisation) as session:
        _print(f"{sweep_destructions(session)} subjects dealt with")


TEXTS = {
    "status": "who keeps the organisation's key, and whether it is open",
    "rotate": "wrap every key anew, perhaps in another mode; repeat it when it was interrupted",
    "unlock": "unlock a key that the organisation holds; the passphrase comes as one line",
    "lock": "lock it again at once",
    "destroyed": "which keys were destroyed, and when the last backup of each ends",
    "sweep": "destroy what waits for it; run it on a restored database before it opens",
}
COMMANDS: dict[str, Callable[[OrgRef, Arguments], None]] = {
    "status": _status,
    "rotate": _rotate,
    "unlock": _unlock,
    "lock": _lock,
    "destroyed": _destroyed,
    "sweep": _sweep,
}


def _passphrase() -> str:
    """One line of standard input: a passphrase never stands in a command, which others can read."""
    return sys.stdin.readline().rstrip("\n")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
