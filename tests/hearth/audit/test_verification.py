"""An edit, a deletion and a cut tail are each found, and each at its own event."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

import workers.audit
from hearth.audit.anchors import ChainBrokenError, FileAnchors, anchor
from hearth.audit.chain import hash_of
from hearth.audit.models import AuditEvent
from hearth.audit.signing import SignedHead, sign
from hearth.audit.verification import Finding, Harm, Verdict, verify
from tenants.context import runtime, tenant_session
from tenants.registry import OrgRef

Write = Callable[[int], None]
Hurt = Callable[[str], None]


def verified(house: OrgRef) -> Verdict:
    with tenant_session(house) as session:
        return verify(session, runtime().settings)


def anchored(house: OrgRef) -> SignedHead | None:
    with tenant_session(house) as session:
        return anchor(session, runtime().settings)


def test_an_untouched_chain_is_whole(house: OrgRef, write: Write) -> None:
    write(5)
    anchored(house)
    write(2)

    verdict = verified(house)

    assert verdict.is_whole
    assert (verdict.events, verdict.anchors, verdict.vouched) == (7, 1, 5)


@pytest.mark.parametrize(
    "edit",
    [
        "action = 'service.cancelled'",
        "at = at + interval '1 second'",
        "facts = '{\"at\": 7}'",
        "actor_id = '00000000-0000-0000-0000-000000000001'",
        "household_id = '00000000-0000-0000-0000-000000000001'",
        "salt = '\\x00000000000000000000000000000000'",
        "salt = NULL",
    ],
)
def test_an_edit_is_found_at_its_event(house: OrgRef, write: Write, harm: Hurt, edit: str) -> None:
    write(5)

    harm(f"UPDATE audit_events SET {edit} WHERE seq = 3")

    assert verified(house).findings == (Finding(3, Harm.EDITED),)


def test_a_chain_that_began_without_salt_goes_on_with_it(
    house: OrgRef, write: Write, harm: Hurt
) -> None:
    write(3)
    _as_it_was_written_before(house, harm)
    anchored(house)
    write(2)
    anchored(house)

    verdict = verified(house)

    assert verdict.is_whole
    assert (verdict.events, verdict.anchors, verdict.vouched) == (5, 2, 5)
    assert _salted(house) == [False, False, False, True, True]


@pytest.mark.parametrize("seq", [2, 5])
@pytest.mark.parametrize("edit", ["action = 'x'", "salt = '\\x00000000000000000000000000000000'"])
def test_an_edit_is_found_on_either_side_of_the_first_salt(
    house: OrgRef, write: Write, harm: Hurt, seq: int, edit: str
) -> None:
    write(3)
    _as_it_was_written_before(house, harm)
    write(3)

    harm(f"UPDATE audit_events SET {edit} WHERE seq = {seq}")

    assert verified(house).findings == (Finding(seq, Harm.EDITED),)


def _as_it_was_written_before(house: OrgRef, harm: Hurt) -> None:
    """Take the salt out of the chain, as a release that knew none would have written it."""
    harm("UPDATE audit_events SET salt = NULL")
    _write_anew(house, harm, seq=0)


def _salted(house: OrgRef) -> list[bool]:
    with tenant_session(house) as session:
        salts = session.scalars(select(AuditEvent.salt).order_by(AuditEvent.seq)).all()
    return [salt is not None for salt in salts]


def test_a_deletion_in_the_middle_is_found(house: OrgRef, write: Write, harm: Hurt) -> None:
    write(6)

    harm("DELETE FROM audit_events WHERE seq IN (3, 4)")

    assert verified(house).findings == (Finding(3, Harm.MISSING), Finding(4, Harm.MISSING))


def test_a_deletion_with_new_numbers_is_found(house: OrgRef, write: Write, harm: Hurt) -> None:
    write(5)

    harm("DELETE FROM audit_events WHERE seq = 3")
    harm("UPDATE audit_events SET seq = seq - 1 WHERE seq > 3")

    found = {finding.seq for finding in verified(house).findings}
    assert min(found) == 3


def test_a_cut_tail_is_found_by_what_was_anchored(house: OrgRef, write: Write, harm: Hurt) -> None:
    write(5)
    anchored(house)

    harm("DELETE FROM audit_events WHERE seq > 3")

    assert verified(house).findings == (Finding(5, Harm.CUT),)


def test_a_cut_tail_is_found_when_the_database_forgot_its_anchors_too(
    house: OrgRef, write: Write, harm: Hurt
) -> None:
    write(5)
    anchored(house)

    harm("TRUNCATE audit_events, audit_anchors")

    assert verified(house).findings == (Finding(5, Harm.CUT),)


def test_a_history_that_was_written_anew_is_found(house: OrgRef, write: Write, harm: Hurt) -> None:
    write(4)
    anchored(house)
    _write_anew(house, harm, seq=2)

    assert verified(house).findings == (Finding(4, Harm.NOT_AS_ANCHORED),)


def _write_anew(house: OrgRef, harm: Hurt, *, seq: int) -> None:
    """What somebody would do who knows how the chain is made: mend every hash behind the edit."""
    with tenant_session(house) as session:
        events = list(session.scalars(select(AuditEvent).order_by(AuditEvent.seq)))
        session.expunge_all()
    previous = bytes(32)
    for event in events:
        if event.seq == seq:
            event.action = "nothing.happened"
        made = hash_of(event, previous)
        harm(
            f"UPDATE audit_events SET action = '{event.action}', hash = '\\x{made.hex()}',"
            f" previous_hash = '\\x{previous.hex()}' WHERE seq = {event.seq}"
        )
        previous = made


def test_an_anchor_that_nobody_of_us_signed_is_found(
    house: OrgRef, write: Write, tmp_path: Path
) -> None:
    write(2)
    stranger = replace(runtime().settings, audit_signing_key="a stranger's own secret " * 2)
    with tenant_session(house) as session:
        forged = sign(stranger, organisation=house.schema_name, seq=2, head=bytes(32))
        FileAnchors(tmp_path).keep(session, forged)

    assert verified(house).findings == (Finding(2, Harm.NOT_SIGNED),)


def test_a_signature_does_not_fit_another_head(house: OrgRef, write: Write) -> None:
    write(2)
    head = anchored(house)
    assert head is not None

    with tenant_session(house) as session:
        verdict = verify(session, runtime().settings, more=[replace(head, seq=1)])

    assert verdict.findings == (Finding(1, Harm.NOT_SIGNED),)


def test_a_former_key_still_counts(house: OrgRef, write: Write) -> None:
    write(2)
    head = anchored(house)
    assert head is not None
    settings = runtime().settings
    renewed = replace(settings, secret_key="another secret key " * 3)

    with tenant_session(house) as session:
        forgotten = verify(session, renewed)
        known = verify(session, replace(renewed, audit_former_keys=(head.public_key,)))

    assert forgotten.findings == (Finding(2, Harm.NOT_SIGNED),)
    assert known.is_whole


def test_a_chain_that_lost_its_anchor_is_not_anchored_again(
    house: OrgRef, write: Write, harm: Hurt
) -> None:
    write(5)
    anchored(house)
    harm("DELETE FROM audit_events WHERE seq > 3")
    write(4)

    with pytest.raises(ChainBrokenError, match="event 5"):
        anchored(house)


def test_a_history_is_not_anchored_over_what_lies_outside(
    house: OrgRef, write: Write, harm: Hurt, tmp_path: Path
) -> None:
    write(1)
    anchored(house)
    write(3)
    anchored(house)
    kept = (tmp_path / f"{house.schema_name}.heads").read_text("utf-8")
    # What whoever owns the database can do, and what a restored snapshot does.
    harm("DELETE FROM audit_events WHERE seq > 1")
    harm("DELETE FROM audit_anchors WHERE seq > 1")

    with pytest.raises(ChainBrokenError, match="event 4"):
        anchored(house)
    write(5)
    with pytest.raises(ChainBrokenError, match="event 4"):
        anchored(house)

    assert (tmp_path / f"{house.schema_name}.heads").read_text("utf-8") == kept


def test_a_strangers_line_among_the_heads_does_not_stop_the_anchoring(
    house: OrgRef, write: Write, tmp_path: Path
) -> None:
    write(1)
    stranger = replace(runtime().settings, audit_signing_key="a stranger's own secret " * 2)
    with tenant_session(house) as session:
        forged = sign(stranger, organisation=house.schema_name, seq=9, head=bytes(32))
        FileAnchors(tmp_path).keep(session, forged)

    head = anchored(house)

    assert head is not None
    assert head.seq == 1


def test_nothing_new_is_not_anchored_twice(house: OrgRef, write: Write, tmp_path: Path) -> None:
    write(1)
    first, second = anchored(house), anchored(house)

    lines = (tmp_path / f"{house.schema_name}.heads").read_text("utf-8").splitlines()

    assert second is None
    assert [SignedHead.from_line(line) for line in lines] == [first]


def test_without_a_place_outside_nobody_vouches(house: OrgRef, write: Write) -> None:
    write(2)
    nowhere = replace(runtime().settings, audit_anchors=None)

    with tenant_session(house) as session:
        anchor(session, nowhere)
    with tenant_session(house) as session:
        alone = verify(session, nowhere)
        mailed = verify(session, replace(nowhere, audit_anchor_mail="auditor@example.org"))

    assert (alone.is_whole, alone.vouched) == (True, 0)
    assert mailed.vouched == 2


def test_the_daily_reading_raises_the_alarm_for_a_chain_that_was_edited(
    house: OrgRef, write: Write, harm: Hurt, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(workers.audit, "begun", lambda *_arguments: None)
    write(3)
    workers.audit.verify_logs()
    quiet = [record.message for record in caplog.records]

    harm("UPDATE audit_events SET action = 'service.cancelled' WHERE seq = 2")
    workers.audit.verify_logs()

    (alarm,) = (one for one in caplog.records if one.message == "audit_log_harmed")
    assert "audit_log_harmed" not in quiet
    assert (vars(alarm)["organisation"], vars(alarm)["reason"]) == ("spb", "EDITED")
