"""The federation's staff are invited, written to and recognised like everybody else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from hearth import cli
from hearth.accounts.invitations import invite
from hearth.accounts.models import FederationUser
from hearth.accounts.permissions import Role
from hearth.demo.mail_catcher import MailCatcher
from hearth.outbox.models import FederationOutboxMessage
from hearth.outbox.services import backlog, deliver_next
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import shared_session
from tenants.engines import Engines
from tests.support.servers import Addresses, copy_template, drop_database, environment_for

EMAIL = "lena@federation.example.org"


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path / "mail.sqlite") as running:
        yield running


def test_the_federation_has_an_outbox_of_its_own(
    shared: Session, app: HearthFlask, settings: Settings, catcher: MailCatcher
) -> None:
    invite(shared, email=EMAIL, name="Lena", roles=[Role.FEDERATION_STAFF], locale="en")
    with_catcher = replace(settings, smtp_port=catcher.smtp_port)
    waiting = backlog(shared).waiting

    with app.app_context():
        delivered = deliver_next(shared, with_catcher)
        again = deliver_next(shared, with_catcher)

    (letter,) = catcher.messages(to=EMAIL)
    assert (waiting, delivered, again) == (1, True, False)
    assert letter.subject == "Your account"
    assert "https://federation.hearth.test/invitation?link=" in letter.text
    assert EMAIL not in letter.subject
    assert EMAIL not in str(shared.scalars(select(FederationOutboxMessage.payload)).all())


@pytest.fixture
def own_database(
    runtime: context.Runtime, addresses: Addresses, worker: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A database of the command's own, named in the environment as an administrator would."""
    database = copy_template(addresses, f"{worker}_cli")
    for name, value in environment_for(addresses, database).items():
        monkeypatch.setenv(name, value)
    yield
    _hang_up()
    drop_database(addresses, database)


def test_the_command_line_invites_and_never_asks_for_a_password(
    own_database: None, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["organisations", "add-user"]
    person = [EMAIL, "--name", "Lena", "--role"]

    code = _run([*order, "federation", *person, "federation-staff", "--print-link"])
    taken = _run([*order, "federation", *person, "federation-staff"])
    wrong = _run([*order, "spb", *person, "federation-staff"])
    anew = _run(["organisations", "second-factor-anew", "federation", EMAIL, "--print-link"])
    every = _run(["organisations", "second-factors-anew", "federation"])

    with shared_session() as session:
        user = session.scalars(select(FederationUser).where(FederationUser.email == EMAIL)).one()
        needs_letter = user.enrols_by_mail
    told = capsys.readouterr()
    assert (anew, every) == (0, 0)
    assert "0 second factors are off" in told.out
    assert needs_letter
    assert "https://federation.hearth.test/second-factor-anew?link=" in told.out
    assert (code, taken, wrong) == (0, 1, 1)
    assert user.password_hash is None
    assert "https://federation.hearth.test/invitation?link=" in told.out
    assert "somebody there has an account" in told.err
    assert "no role of spb" in told.err


def _run(order: list[str]) -> int:
    """Run a command as a process of its own would, which ends with its connections."""
    _hang_up()
    return cli.main(order)


def _hang_up() -> None:
    bindings = context.runtime().bindings
    if isinstance(bindings, Engines):
        bindings.dispose()
