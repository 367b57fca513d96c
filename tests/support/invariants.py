"""What must be true of gifts, books and mails when everything has come to rest."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hearth.giving.gateway import PaymentState
from hearth.giving.models import Gift, GiftState, Payment
from hearth.ledger.models import Account, LedgerEntry, LedgerTransaction
from hearth.outbox.models import OutboxMessage
from tenants.context import tenant_session
from tests.support.house import House

UNBALANCED = (
    select(LedgerEntry.transaction_id)
    .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
    .having(func.sum(LedgerEntry.amount_minor) != 0)
)


@dataclass
class Findings:
    """What was counted, and every sentence on what is wrong."""

    gifts: int
    mails: int
    mails_twice: int
    wrong: list[str]


def at_rest(house: House) -> bool:
    """Whether all money has come, with its fees, and nothing waits anywhere."""
    with house.owner() as owner:
        row = owner.execute("SELECT count(*) FROM shared.inbox WHERE done_at IS NULL").fetchone()
    if row is None or row[0]:
        return False
    settled = 0
    for organisation in house.organisations:
        with tenant_session(organisation) as session:
            waiting = OutboxMessage.done_at.is_(None)
            if session.scalar(select(func.count()).select_from(OutboxMessage).where(waiting)):
                return False
            settled += (
                session.scalar(
                    select(func.count())
                    .select_from(Payment)
                    .where(Payment.state == PaymentState.SUCCEEDED, Payment.fee_minor.is_not(None))
                )
                or 0
            )
    letters = house.sandbox("state")["deliveries"]
    return (
        settled == house.given and not letters.get("waiting", 0) and not letters.get("under_way", 0)
    )


def examine(house: House) -> Findings:
    """Look at every organisation's books and at the post."""
    wrong: list[str] = []
    thanked: set[str] = set()
    for organisation in house.organisations:
        with tenant_session(organisation) as session:
            wrong += [f"{organisation.slug}: {one}" for one in _books(session)]
            thanked |= {
                str(one)
                for one in session.scalars(
                    select(OutboxMessage.id).where(OutboxMessage.done_at.is_not(None))
                )
            }
    with house.owner() as owner:
        late = owner.execute(
            "SELECT outcome, count(*) FROM shared.inbox WHERE done_at IS NULL"
            " OR outcome NOT IN ('handled', 'repeated') GROUP BY outcome"
        ).fetchall()
    wrong += [f"{count} events ended as {outcome}" for outcome, count in late]
    if len(thanked) != house.given:
        wrong.append(f"{len(thanked)} mails lay in outboxes for {house.given} gifts")
    arrived = Counter(_name(str(mail.parsed["Message-ID"])) for mail in house.mails())
    if set(arrived) != thanked:
        missing, strange = len(thanked - set(arrived)), len(set(arrived) - thanked)
        wrong.append(f"{missing} mails never arrived, {strange} came from nowhere")
    twice = sum(count - 1 for count in arrived.values())
    return Findings(house.given, arrived.total(), twice, wrong)


def _books(session: Session) -> list[str]:
    wrong = []
    unbooked = session.scalar(
        select(func.count()).select_from(Gift).where(Gift.state != GiftState.RECEIVED)
    )
    if unbooked:
        wrong.append(f"{unbooked} gifts are not received")
    unbalanced = len(session.scalars(UNBALANCED).all())
    if unbalanced:
        wrong.append(f"{unbalanced} transactions do not balance")
    for kind in ("gift", "fee"):
        booked = Counter(
            session.scalars(
                select(LedgerTransaction.subject_id).where(LedgerTransaction.kind == kind)
            )
        )
        expected = set(session.scalars(select(Gift.id)))
        if set(booked) != expected or any(count != 1 for count in booked.values()):
            wrong.append(f"{kind}s are booked {booked.total()} times for {len(expected)} gifts")
    clearing = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0)).where(
            LedgerEntry.account_code == Account.STRIPE_CLEARING
        )
    )
    net = session.scalar(text("SELECT coalesce(sum(amount_minor - fee_minor), 0) FROM payments"))
    if clearing != net:
        wrong.append(f"clearing holds {clearing}, gifts less fees are {net}")
    return wrong


def _name(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0]
