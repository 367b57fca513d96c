"""Measures what opening a family's file costs with sealed names and notes, and without."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import cast
from unittest.mock import patch
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.accounts import sessions
from hearth.accounts.guard import COOKIE
from hearth.accounts.models import User
from hearth.accounts.permissions import Role
from hearth.accounts.sessions import Assurance
from hearth.app import create_app
from hearth.sealing.cipher import TAG_BYTES
from hearth.sealing.store import Purpose
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import tenant_session
from tenants.engines import Engines
from tenants.registry import OrgRef
from tests.benchmarks.harness import Laboratory, Row, Target, in_turns, seconds
from tests.factories.families import child, mother, open_family
from tests.factories.service_delivery import record_service
from tests.support.servers import BASE_DOMAIN

CHILDREN = 4
SERVICES = 30
TIMES = 10
ROUNDS = 40
LIMIT = Target(1.15)
NOTE = "Brought warm clothes and spoke about the papers for the child benefit. " * 3


class NullCipher:
    """Encrypts nothing; for the baseline alone."""

    def encrypt(self, _nonce: bytes, text: bytes, _bound: bytes) -> bytes:
        return text + bytes(TAG_BYTES)

    def decrypt(self, _nonce: bytes, text: bytes, _bound: bytes) -> bytes:
        return text[:-TAG_BYTES]


class NullKeyring:
    """Knows one key for everybody and asks no database for it."""

    key = cast("AESGCM", NullCipher())

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def knows(self, _subject_id: UUID) -> bool:
        return True

    def for_reading(self, _subject_id: UUID) -> AESGCM:
        return self.key

    def for_writing(self, subjects: Collection[UUID]) -> dict[UUID, AESGCM]:
        return dict.fromkeys(subjects, self.key)

    def organisation_key(self, _purpose: Purpose) -> bytes:
        return bytes(32)


def null_keyring(session: Session) -> NullKeyring:
    return NullKeyring(session.info["organisation"].schema_name)


@contextmanager
def unsealed() -> Iterator[None]:
    """Everything as it is, but for the encryption and its keys."""
    with ExitStack() as patches:
        for module in ("fields", "flushing", "blind"):
            patches.enter_context(patch(f"hearth.sealing.{module}.keyring", null_keyring))
        yield


@contextmanager
def unread() -> Iterator[None]:
    """Nobody notes who looked."""
    with patch("hearth.families.services.record_read", lambda *_told, **_more: None):
        yield


def measure(laboratory: Laboratory) -> Iterable[Row]:
    """Open one family's file over and over: sealed in one organisation, bare in the other."""
    with laboratory.database("sealing") as settings:
        runtime = context.configure(settings)
        app = create_app(settings)
        sealed = _reader(app, runtime.registry.get("spb"))
        with unsealed():
            bare = _reader(app, runtime.registry.get("pskov"))
        yield _row("opening a file: sealed, read log on both sides", sealed, _under(unsealed, bare))
        with unread():
            yield _row(
                "opening a file: sealed, read log on neither side", sealed, _under(unsealed, bare)
            )
        without_both = _under(unread, _under(unsealed, bare))
        yield _row("opening a file: sealed with read log, against neither", sealed, without_both)
        assert isinstance(runtime.bindings, Engines)
        runtime.bindings.dispose()


def _row(name: str, ours: Callable[[], object], baseline: Callable[[], object]) -> Row:
    pair = in_turns(
        lambda: seconds(ours, times=TIMES),
        lambda: seconds(baseline, times=TIMES),
        rounds=ROUNDS,
        warm_up=2,
    )
    return Row(
        name=name,
        unit="ms",
        ours=pair.ours * 1000 / TIMES,
        baseline=pair.baseline * 1000 / TIMES,
        ratio=pair.ratio,
        target=LIMIT,
        note=f"all rounds {pair.all_rounds:.2f}; {2 + CHILDREN} people, {SERVICES} notes",
    )


def _under(
    manner: Callable[[], AbstractContextManager[None]], work: Callable[[], object]
) -> Callable[[], object]:
    def run() -> None:
        with manner():
            work()

    return run


def _reader(app: HearthFlask, organisation: OrgRef) -> Callable[[], object]:
    """Somebody who opens the file of a family that was accompanied for a while."""
    members = [mother(phone="+7 000 000 00 00", contact_note="In the morning only"), mother()]
    with tenant_session(organisation) as session:
        family = [*members, *(child(number) for number in range(CHILDREN))]
        household = open_family(session, members=family)
        for _ in range(SERVICES):
            record_service(session, household, note=NOTE)
        reader = select(User.id).where(User.roles == [Role.SOCIAL_WORKER.value])
        host = f"{organisation.slug}.{BASE_DOMAIN}"
        user_id = session.scalars(reader).one()
        token = sessions.start_session(
            session, user_id=user_id, host=host, assurance=Assurance.SECOND_FACTOR
        )
        path = f"/families/{household.id}"
    client: FlaskClient = app.test_client()
    client.set_cookie(COOKIE, token, domain=host, secure=True)

    def read() -> None:
        page = client.get(path, base_url=f"https://{host}")
        assert page.status_code == 200
        assert "Brought warm clothes" in page.text

    return read
