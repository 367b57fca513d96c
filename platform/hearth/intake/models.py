"""The table of referrals, each with the one decision taken about it."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.closings import Ended, NotADoor, Withdrawn
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from hearth.families.codes import code_column, one_of
from hearth.families.models import CaseEpisode
from hearth.families.vocabulary import TOLD_BY_NEED, Need
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency
from hearth.sealing import Kind, sealed
from tenants.models import TenantModel, new_id

KNOWN_NEEDS = ", ".join(f"'{need.value}'" for need in Need)


class Referral(TenantModel):
    """A request for help as it was told; nothing in it is checked against anybody's papers."""

    __tablename__ = "referrals"
    __closes__ = (
        Withdrawn(
            kind="referrals by whom it is not safe to call",
            columns=("safe_to_call",),
            opens=True,
            said_of=("mother_contact_sealed",),
        ),
        # An accepted one is read by those alone who see the family.
        Ended(
            kind="referrals that were decided",
            columns=(
                "decided_at",
                "decided_by",
                "state",
                "decision_reason",
                "decision_note_sealed",
                "referred_on_to_sealed",
                "episode_id",
            ),
            into="episode_id",
            whose="household_id",
        ),
        NotADoor(columns=("needs",), because="what was asked for opens nothing of a call"),
    )
    __table_args__ = (
        one_of("source", Source),
        one_of("channel", Channel),
        one_of("urgency", Urgency),
        one_of("state", ReferralState),
        one_of("decision_reason", DecisionReason),
        CheckConstraint(f"needs <@ ARRAY[{KNOWN_NEEDS}]", name="needs"),
        CheckConstraint("children_count BETWEEN 0 AND 30", name="children_count"),
        CheckConstraint(
            "(state = 'received') = (decided_at IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        CheckConstraint("(state = 'accepted') = (episode_id IS NOT NULL)", name="accepted"),
        CheckConstraint("state <> 'declined' OR decision_reason IS NOT NULL", name="declined"),
        CheckConstraint(
            "state <> 'referred_on' OR referred_on_to_sealed IS NOT NULL", name="referred_on"
        ),
        Index("ix_referrals_state_received_at", "state", "received_at"),
    )

    __record__ = DataRecord(
        group=DataGroup.REFERRALS,
        purpose=Purpose.REFERRALS,
        basis=Basis.VITAL_INTEREST,
        classes={
            "safe_to_call": FieldClass.CONTACT,
            "children_count": FieldClass.CASEWORK,
            "needs": FieldClass.CASEWORK,
        },
        subject=(
            SubjectPath(SubjectKind.HOUSEHOLD, "episode_id", "household_id"),
            SubjectPath(SubjectKind.REFERRAL, "id"),
        ),
        others=frozenset(
            {
                "referrer_name",
                "referrer_phone",
                "mother_name",
                "mother_contact",
                "safe_to_call",
                "children_count",
                "children_ages",
                "needs",
                "situation",
                "decision_note",
            }
        ),
        dated=("received_at",),
        asks={"needs": TOLD_BY_NEED},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    received_at: Mapped[datetime]
    received_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    source: Mapped[Source] = mapped_column(code_column(Source))
    channel: Mapped[Channel] = mapped_column(code_column(Channel))
    urgency: Mapped[Urgency] = mapped_column(code_column(Urgency))
    referrer_body = sealed(FieldClass.FREE_TEXT, subject="id", kind=Kind.BODY)
    referrer_name = sealed(FieldClass.IDENTITY, subject="id", kind=Kind.SURNAME)
    referrer_phone = sealed(FieldClass.CONTACT, subject="id", kind=Kind.PHONE)
    mother_name = sealed(FieldClass.IDENTITY, subject="id", required=True, kind=Kind.SURNAME)
    mother_contact = sealed(FieldClass.CONTACT, subject="id", kind=Kind.PHONE)
    safe_to_call: Mapped[bool | None]
    """None means that nobody has asked yet, which is treated as "do not call"."""
    children_count: Mapped[int | None] = mapped_column(SmallInteger)
    children_ages = sealed(FieldClass.FREE_TEXT, subject="id")
    needs: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    situation = sealed(FieldClass.FREE_TEXT, subject="id")
    state: Mapped[ReferralState] = mapped_column(
        code_column(ReferralState), default=ReferralState.RECEIVED, server_default="received"
    )
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decision_reason: Mapped[DecisionReason | None] = mapped_column(code_column(DecisionReason))
    decision_note = sealed(FieldClass.FREE_TEXT, subject="id")
    referred_on_to = sealed(FieldClass.FREE_TEXT, subject="id")
    episode_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_episodes.id"), index=True)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    receiver: Mapped[User] = relationship(foreign_keys=[received_by])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])
    episode: Mapped[CaseEpisode | None] = relationship()

    @property
    def is_waiting(self) -> bool:
        """Whether a decision has yet to be taken."""
        return self.state is ReferralState.RECEIVED

    @property
    def household_id(self) -> uuid.UUID | None:
        """The family whose case it opened or belongs to."""
        return self.episode.household_id if self.episode else None
