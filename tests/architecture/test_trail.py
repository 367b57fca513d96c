"""Whatever changes something in any slice records it, or says here why not."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_stdlib import ROOT

HEARTH = ROOT / "platform/hearth"
# What writes organisations of its own, which nobody works in.
NOT_AT_WORK = {"demo", "proof"}
SLICES = sorted({path.parent.name for path in HEARTH.glob("*/__init__.py")} - NOT_AT_WORK)
NOT_SERVICES = {"views", "models", "access_models", "schemas", "words", "indicators"}
CHANGES = {"session.add", "session.add_all", "session.delete", "session.flush", "insert", "update"}
RECORDS = {"audit.record", "trail.record", "record"}
# Parts of a change that the function which calls them records as a whole.
RECORDED_BY_CALLER = {
    "accounts.approving.entrust": "staff.roles.hand_out, the roles with who gave them",
    "accounts.factors.note_second_factor": "the app or the passkey that was added",
    "accounts.links.make_link": "the invitation or second factor begun anew; a reset, when used",
    "accounts.links.use_link": "the password that was chosen by it",
    "accounts.passkeys.prove": "entering.as_owner_of_passkey, a sign-in",
    "accounts.recovery.make_codes": "my_account.services.new_codes",
    "accounts.recovery.use_code": "factors.check_code",
    "accounts.sessions.confirm": "confirming.confirm",
    "accounts.sessions.end_all": "what ends them: a password, a role, an account, a factor",
    "accounts.sessions.end_session": "my_account.services.end_session",
    "accounts.sessions.raise_assurance": "the second factor that was shown or set up",
    "accounts.sessions.sign_out": "the view of signing out",
    "accounts.sessions.start_session": "the sign-in, with whatever proved who it is",
    "families.membership.add_person": "open_household, and joining a family",
    "files.content.keep": "documents.services, the document it belongs to",
    "sealing.services.destroy_key": "subject_rights.erasure.carry_out",
    "service_delivery.note_readers.carry_over": "service_delivery.services.correct_service",
    "shelter.nights.cut": "shelter.services",
    "shelter.nights.move_end": "shelter.services",
    "staff.openings.end_rows": "staff.openings.end_opened",
    "subject_rights.erasing.erase": "subject_rights.erasure.carry_out",
}
# What changes nothing that anybody here decided, or is itself the trace of it.
NOTHING_TO_RECORD = {
    "accounts.api_tokens.use_token": "each use of a key has a row of its own",
    "accounts.devices.remember_device": "a browser that was seen before",
    "accounts.limits.count_failure": "a failed try, counted to slow down the next",
    "accounts.services.recognise": "when a session was last seen",
    "aggregates.services.build_cubes": "figures counted anew from what is there",
    "aggregates.services.store_cubes": "figures counted anew from what is there",
    "audit.anchors.anchor": "the log's own head",
    "audit.chain.append": "the log itself",
    "audit.services.record_read": "the list of looks itself",
    "families.services.lock": "a lock, and no change",
    "files.services.make_link": "a link for a minute, behind a look that is recorded",
    "files.services.open_link": "a link for a minute, behind a look that is recorded",
    "giving.refunds.book_refunds": "news of the provider, kept in its inbox and booked",
    "giving.services.record_earlier_gift": "gifts of an earlier book, with their own state",
    "giving.services.start_gift": "a donor's own doing, and no colleague's",
    "giving.settlement.apply_snapshot": "news of the provider, kept in its inbox and booked",
    "incidents.services.lock": "a lock, and no change",
    "ledger.services.post": "the book itself, to which lines are only added",
    "ledger.services.reverse": "the book itself, to which lines are only added",
    "outbox.services.handled_now": "what was to be done, and is",
    "outbox.services.put": "what is to be done because of what was recorded",
    "safekeeping.forgetting.forget_erased": "the operator's restore, on its own output",
    "safekeeping.narrowing.end_wider": "the operator's restore, on its own output",
    "safekeeping.narrowing.narrow": "the operator's restore, on its own output",
    "safekeeping.unknown.close_all": "the operator's restore, on its own output",
    "safekeeping.unknown.close_unknown": "the operator's restore, on its own output",
    "sealing.blind.index_words": "words to search by, of what was recorded",
    "sealing.services.sweep_destructions": "keys of those whose erasure is recorded",
    "subject_rights.erasing.forget_again": "erasures that were recorded, done in a restore",
    "subject_rights.services.lock": "a lock, and no change",
    "web.tokens.claim": "a form's key, so that it counts once",
    "web.tokens.remember": "a form's key, so that it counts once",
}
ACCOUNTED_FOR = RECORDED_BY_CALLER | NOTHING_TO_RECORD


def _services() -> list[Path]:
    paths = [path for one in SLICES for path in sorted((HEARTH / one).glob("*.py"))]
    return [path for path in paths if path.stem not in NOT_SERVICES]


@cache
def _functions(path: Path) -> dict[str, ast.FunctionDef]:
    body = ast.parse(path.read_text()).body
    return {one.name: one for one in body if isinstance(one, ast.FunctionDef)}


def _called(function: ast.FunctionDef) -> set[str]:
    calls = [one.func for one in ast.walk(function) if isinstance(one, ast.Call)]
    return {ast.unparse(one) for one in calls if isinstance(one, ast.Attribute | ast.Name)}


@cache
def _imported(path: Path) -> dict[str, tuple[Path, str]]:
    """What a module has from others of the house: which one, and what of it if not the whole."""
    nodes = ast.walk(ast.parse(path.read_text()))
    imports = [one for one in nodes if isinstance(one, ast.ImportFrom)]
    known: dict[str, tuple[Path, str]] = {}
    for one in imports:
        if one.module is None or not one.module.startswith("hearth."):
            continue
        place = ROOT / "platform" / one.module.replace(".", "/")
        for alias in one.names:
            module = place / f"{alias.name}.py"
            there = (module, "") if module.exists() else (place.with_suffix(".py"), alias.name)
            known[alias.asname or alias.name] = there
    return known


def _behind(path: Path, call: str) -> tuple[Path, str] | None:
    """Where the function of the house stands that a call in this module leads to."""
    first, _, rest = call.partition(".")
    if call in _functions(path):
        return path, call
    module, name = _imported(path).get(first, (path, ""))
    there = (module, name or rest)
    return there if module.exists() and there[1] in _functions(module) else None


def _reaches(path: Path, name: str, wanted: set[str], *, elsewhere: bool = False) -> bool:
    """Whether a function calls one of these, itself or through others of its module.

    ``elsewhere`` follows it into the other modules of the house, too.
    """
    seen = {(path, name)}
    waiting = [(path, name)]
    while waiting:
        here, inner = waiting.pop()
        called = _called(_functions(here)[inner])
        if called & wanted:
            return True
        led = {one for call in called if (one := _behind(here, call)) is not None}
        waiting += [one for one in led - seen if elsewhere or one[0] == path]
        seen |= led
    return False


def _records(path: Path, name: str) -> bool:
    return _reaches(path, name, RECORDS, elsewhere=True)


def _writing() -> list[tuple[str, Path, str]]:
    return [
        (f"{path.parent.name}.{path.stem}.{name}", path, name)
        for path in _services()
        for name in _functions(path)
        if not name.startswith("_") and _reaches(path, name, CHANGES)
    ]


@pytest.mark.parametrize(("place", "path", "name"), _writing(), ids=lambda one: str(one)[-60:])
def test_what_changes_something_records_it(place: str, path: Path, name: str) -> None:
    records = _records(path, name)

    assert records or place in ACCOUNTED_FOR, f"{place} changes something and records nothing"


def test_those_that_are_recorded_elsewhere_still_are() -> None:
    writing = {place: _records(path, name) for place, path, name in _writing()}

    assert {place for place in ACCOUNTED_FOR if writing.get(place, True)} == set()
