"""Taking down a referral, and the one decision about it."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hearth.audit import services as audit
from hearth.families import services as families
from hearth.families.membership import NewMember
from hearth.families.models import CaseEpisode, Household, HouseholdMember
from hearth.families.names import tidy, tidy_or_none
from hearth.families.vocabulary import Need
from hearth.intake.models import Referral
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency


class ReferralDecidedError(ValueError):
    """The decision about the referral has been taken."""

    def __init__(self, referral: Referral) -> None:
        super().__init__("the referral was decided already")
        self.referral = referral


@dataclass(frozen=True, kw_only=True)
class ReferralDetails:
    """A request for help as it was told."""

    source: Source
    channel: Channel
    urgency: Urgency
    mother_name: str
    mother_contact: str | None = None
    safe_to_call: bool | None = None
    children_count: int | None = None
    children_ages: str | None = None
    needs: Collection[Need] = ()
    situation: str | None = None
    referrer_body: str | None = None
    referrer_name: str | None = None
    referrer_phone: str | None = None


def take_referral(
    session: Session, details: ReferralDetails, *, received_at: datetime, received_by: uuid.UUID
) -> Referral:
    """Take down a request for help."""
    referral = Referral(
        received_at=received_at,
        received_by=received_by,
        source=details.source,
        channel=details.channel,
        urgency=details.urgency,
        referrer_body=tidy_or_none(details.referrer_body),
        referrer_name=tidy_or_none(details.referrer_name),
        referrer_phone=tidy_or_none(details.referrer_phone),
        mother_name=tidy(details.mother_name),
        mother_contact=tidy_or_none(details.mother_contact),
        safe_to_call=details.safe_to_call,
        children_count=details.children_count,
        children_ages=tidy_or_none(details.children_ages),
        needs=sorted(need.value for need in details.needs),
        situation=(details.situation or "").strip() or None,
    )
    session.add(referral)
    session.flush()
    _note(session, "referral.taken", referral, received_by)
    return referral


def referrals_of(session: Session, household_id: uuid.UUID) -> list[Referral]:
    """The referrals that opened a family's episodes or arrived during them, the oldest first."""
    return list(
        session.scalars(
            select(Referral)
            .join(CaseEpisode, CaseEpisode.id == Referral.episode_id)
            .where(CaseEpisode.household_id == household_id)
            .order_by(Referral.received_at)
        )
    )


def open_family(
    session: Session,
    referral: Referral,
    *,
    members: Sequence[NewMember],
    needs: Collection[Need],
    primary_need: Need | None,
    opened_on: date,
    opened_by: uuid.UUID,
    today: date,
) -> Household:
    """Accept a referral by opening a case; whoever opens it accompanies the family at first.

    Two people who accept the same referral at the same moment open one family: the second waits
    for the first and is told.

    :raises ReferralDecidedError: the decision was taken already.
    :raises FamilyError: the family cannot be opened like this.
    """
    _lock_waiting(session, referral)
    household = families.open_household(
        session,
        members=members,
        needs=needs,
        primary_need=primary_need,
        opened_on=opened_on,
        opened_by=opened_by,
        key_worker_id=opened_by,
        today=today,
    )
    _accept(referral, household.episodes[-1], opened_by)
    session.flush()
    _note(session, "referral.accepted", referral, opened_by, household)
    return household


def accept_for_known_family(
    session: Session,
    referral: Referral,
    household: Household,
    *,
    decided_by: uuid.UUID,
    today: date,
) -> None:
    """Accept a referral of a family we know: its case is reopened unless it is open.

    :raises ReferralDecidedError: the decision was taken already.
    """
    _lock_waiting(session, referral)
    families.lock(session, household)
    episode = household.open_episode or families.reopen_case(
        session,
        household,
        opened_on=today,
        needs=[Need(code) for code in referral.needs],
        primary_need=None,
        opened_by=decided_by,
        today=today,
    )
    _accept(referral, episode, decided_by)
    session.flush()
    _note(session, "referral.accepted", referral, decided_by, household)


def decline(
    session: Session,
    referral: Referral,
    *,
    state: ReferralState,
    reason: DecisionReason | None,
    referred_on_to: str | None,
    note: str | None,
    decided_by: uuid.UUID,
) -> None:
    """Decide not to open a case: declined, referred on to somebody else, or withdrawn.

    :raises ReferralDecidedError: the decision was taken already.
    """
    if state in (ReferralState.RECEIVED, ReferralState.ACCEPTED):
        raise ValueError("a referral is accepted by opening a case")
    _lock_waiting(session, referral)
    referral.state = state
    referral.decision_reason = reason
    referral.referred_on_to = tidy_or_none(referred_on_to)
    referral.decision_note = tidy_or_none(note)
    _decided(referral, decided_by)
    session.flush()
    _note(session, "referral.decided", referral, decided_by)


def record_read(session: Session, referral: Referral, *, user_id: uuid.UUID) -> None:
    """Note that somebody looks at a referral, and at its family if it has one."""
    if referral.episode is not None:
        families.record_read(
            session,
            household_id=referral.episode.household_id,
            user_id=user_id,
            purpose="referral",
        )
        return
    audit.record_read(session, subject_id=referral.id, user_id=user_id, purpose="referral")


def record_listed(session: Session, listed: Sequence[Referral], *, user_id: uuid.UUID) -> None:
    """Note that a list showed somebody these referrals, with everybody of their families.

    One that has no family yet stands there by its own id.
    """
    if not listed:
        return
    families_shown = (
        select(HouseholdMember.person_id)
        .join(CaseEpisode, CaseEpisode.household_id == HouseholdMember.household_id)
        .where(
            CaseEpisode.id.in_({one.episode_id for one in listed if one.episode_id}),
            HouseholdMember.superseded_at.is_(None),
        )
    )
    shown = [*session.scalars(families_shown), *(one.id for one in listed if not one.episode_id)]
    audit.record_read(
        session, user_id=user_id, person_ids=shown, purpose="referrals", number=len(listed)
    )


def _note(
    session: Session,
    action: str,
    referral: Referral,
    actor_id: uuid.UUID,
    household: Household | None = None,
) -> None:
    audit.record(
        session,
        action=action,
        subject_type="referral",
        subject_id=referral.id,
        actor_id=actor_id,
        household_id=household.id if household else None,
        facts={"state": referral.state.value if referral.state else ""},
    )


def _accept(referral: Referral, episode: CaseEpisode, decided_by: uuid.UUID) -> None:
    referral.state = ReferralState.ACCEPTED
    referral.episode = episode
    _decided(referral, decided_by)


def _decided(referral: Referral, decided_by: uuid.UUID) -> None:
    referral.decided_at = datetime.now(UTC)
    referral.decided_by = decided_by


def _lock_waiting(session: Session, referral: Referral) -> None:
    session.refresh(referral, with_for_update=True)
    if not referral.is_waiting:
        raise ReferralDecidedError(referral)
