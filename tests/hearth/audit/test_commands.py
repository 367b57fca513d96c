"""`hearth audit`, the hourly job and the mail that carries a head away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from config.settings import MissingSettingError
from hearth import cli, cli_audit
from hearth.audit.mails import anchor_mail
from hearth.audit.signing import SignedHead
from hearth.outbox.models import OutboxMessage
from hearth.web.request import HearthFlask
from tenants import context
from tenants.context import runtime, tenant_session
from tenants.registry import OrgRef
from tests.support.servers import Addresses, settings_for
from workers import audit

Write = Callable[[int], None]
Hurt = Callable[[str], None]


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, house: OrgRef) -> None:
    """Let the command find the service as this test has it."""
    ready = runtime()
    monkeypatch.setattr(cli_audit, "own_settings", lambda: ready.settings)
    monkeypatch.setattr(context, "configure", lambda _settings: ready)


def test_whole_records_are_confirmed(
    write: Write, capsys: pytest.CaptureFixture[str], house: OrgRef
) -> None:
    write(3)

    anchored = cli.main(["audit", "anchor", house.slug])
    verified = cli.main(["audit", "verify", house.slug])

    head, verdict = capsys.readouterr().out.splitlines()
    assert (anchored, verified) == (0, 0)
    assert SignedHead.from_line(head).seq == 3
    assert verdict == "spb: 3 events, 1 anchors"


def test_a_harmed_event_is_named_and_the_command_fails(
    write: Write, harm: Hurt, capsys: pytest.CaptureFixture[str]
) -> None:
    write(3)
    harm("UPDATE audit_events SET action = 'x' WHERE seq = 2")

    code = cli.main(["audit", "verify"])

    told = capsys.readouterr()
    assert code == 1
    assert "spb: event 2 is not what was written" in told.out
    assert "1 organisations are not whole" in told.err


def test_heads_from_elsewhere_find_a_cut_tail(
    write: Write, harm: Hurt, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(3)
    cli.main(["audit", "anchor", "spb"])
    printed = tmp_path / "drawer"
    printed.write_text(capsys.readouterr().out)
    for file in tmp_path.glob("*.heads"):
        file.unlink()
    harm("DELETE FROM audit_events WHERE seq = 3")
    harm("TRUNCATE audit_anchors")

    without = cli.main(["audit", "verify", "spb"])
    with_it = cli.main(["audit", "verify", "spb", "--heads", str(printed)])

    assert (without, with_it) == (0, 1)
    assert "event 3 was anchored, but the log ends before it" in capsys.readouterr().out


def test_the_job_anchors_every_organisation_and_mails_the_head(
    write: Write, house: OrgRef, app: HearthFlask, tmp_path: Path
) -> None:
    write(2)
    mailing = replace(runtime().settings, audit_anchor_mail="auditor@example.org")
    context.install(replace(runtime(), settings=mailing))

    audit.anchor_logs()
    audit.anchor_logs()

    (line,) = (tmp_path / f"{house.schema_name}.heads").read_text("utf-8").splitlines()
    with tenant_session(house) as session:
        keys = session.scalars(select(OutboxMessage.key)).all()
        with app.app_context():
            mail = anchor_mail(session, {"template": "audit_anchor", "seq": 2})
    assert keys == ["audit_anchor:2"]
    assert mail.to == "auditor@example.org"
    assert line in mail.text


@pytest.mark.parametrize("key", ["00", "x" * 64, "00" * 33])
def test_a_key_that_is_none_is_refused_at_the_start(addresses: Addresses, key: str) -> None:
    with pytest.raises(MissingSettingError, match="64 hexadecimal"):
        settings_for(addresses, "nowhere", HEARTH_AUDIT_FORMER_KEYS=key)
