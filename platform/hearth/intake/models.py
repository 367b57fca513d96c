"""The table of referrals, each with the one decision taken about it."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hearth.accounts.models import User
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose, SubjectKind, SubjectPath
from hearth.families.codes import code_column, one_of
from hearth.families.models import CaseEpisode
from hearth.families.vocabulary import Need
from hearth.intake.vocabulary import Channel, DecisionReason, ReferralState, Source, Urgency
from tenants.models import TenantModel, new_id

KNOWN_NEEDS = ", ".join(f"'{need.value}'" for need in Need)


class Referral(TenantModel):
    """A request for help as it was told; nothing in it is checked against anybody's papers."""

    __tablename__ = "referrals"
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
        CheckConstraint("state <> 'referred_on' OR referred_on_to IS NOT NULL", name="referred_on"),
        Index("ix_referrals_state_received_at", "state", "received_at"),
        Index(
            "ix_referrals_search_key",
            "search_key",
            postgresql_using="gin",
            postgresql_ops={"search_key": "extensions.gin_trgm_ops"},
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.REFERRALS,
        purpose=Purpose.REFERRALS,
        basis=Basis.VITAL_INTEREST,
        classes={
            "referrer_body": FieldClass.CASEWORK,
            "referrer_name": FieldClass.IDENTITY,
            "referrer_phone": FieldClass.CONTACT,
            "mother_name": FieldClass.IDENTITY,
            "mother_contact": FieldClass.CONTACT,
            "safe_to_call": FieldClass.CONTACT,
            "children_count": FieldClass.CASEWORK,
            "children_ages": FieldClass.IDENTITY,
            "needs": FieldClass.CASEWORK,
            "situation": FieldClass.FREE_TEXT,
            "search_key": FieldClass.IDENTITY,
            "decision_note": FieldClass.FREE_TEXT,
            "referred_on_to": FieldClass.CASEWORK,
        },
        subject=(
            SubjectPath(SubjectKind.HOUSEHOLD, "episode_id", "household_id"),
            SubjectPath(SubjectKind.REFERRAL, "id"),
        ),
        others=frozenset({"referrer_name", "referrer_phone", "situation", "decision_note"}),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    received_at: Mapped[datetime]
    received_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    source: Mapped[Source] = mapped_column(code_column(Source))
    channel: Mapped[Channel] = mapped_column(code_column(Channel))
    urgency: Mapped[Urgency] = mapped_column(code_column(Urgency))
    referrer_body: Mapped[str | None]
    referrer_name: Mapped[str | None]
    referrer_phone: Mapped[str | None] = mapped_column(String(40))
    mother_name: Mapped[str]
    mother_contact: Mapped[str | None]
    safe_to_call: Mapped[bool | None]
    """None means that nobody has asked yet, which is treated as "do not call"."""
    children_count: Mapped[int | None] = mapped_column(SmallInteger)
    children_ages: Mapped[str | None]
    needs: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    situation: Mapped[str | None]
    search_key: Mapped[str]
    state: Mapped[ReferralState] = mapped_column(
        code_column(ReferralState), default=ReferralState.RECEIVED, server_default="received"
    )
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    decision_reason: Mapped[DecisionReason | None] = mapped_column(code_column(DecisionReason))
    decision_note: Mapped[str | None]
    referred_on_to: Mapped[str | None]
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
