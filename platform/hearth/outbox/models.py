"""What came in and what has to go out; the organisation's own rows and the shared hand-over."""

import uuid
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hearth.closings import Ended
from hearth.data_classes import FieldClass
from hearth.data_records import Basis, DataGroup, DataRecord, Purpose
from tenants.models import SharedModel, TenantModel, new_id


class HandledEvent(TenantModel):
    """A provider's event that this organisation has dealt with."""

    __tablename__ = "inbox"

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={
            "provider": FieldClass.TECHNICAL,
            "event_id": FieldClass.TECHNICAL,
        },
    )

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    handled_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OutboxColumns:
    """One effect on the outside; its key is what makes it happen once. Holds ids, no addresses."""

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={
            "key": FieldClass.TECHNICAL,
            "kind": FieldClass.TECHNICAL,
            "payload": FieldClass.TECHNICAL,
            "attempts": FieldClass.TECHNICAL,
            "last_error": FieldClass.TECHNICAL,
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    done_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(100))


class OutboxMessage(OutboxColumns, TenantModel):
    """What an organisation has to send."""

    __tablename__ = "outbox"
    __closes__ = (
        Ended(kind="mails that were sent and are not sent again", columns=("done_at",)),
        Ended(kind="mails that were given up", columns=("given_up_at",)),
    )
    __table_args__ = (
        Index(
            "ix_outbox_available_at",
            "available_at",
            postgresql_where=text("done_at IS NULL AND given_up_at IS NULL"),
        ),
    )


class FederationOutboxMessage(OutboxColumns, SharedModel):
    """What the federation has to send to its own staff."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_shared_outbox_available_at",
            "available_at",
            postgresql_where=text("done_at IS NULL AND given_up_at IS NULL"),
        ),
    )


def outbox_of(session: Session) -> type[OutboxMessage]:
    """The outbox of whoever's session this is."""
    if session.info["organisation"] is None:
        # The same columns by the same mixin, which no type can say.
        return cast("type[OutboxMessage]", FederationOutboxMessage)
    return OutboxMessage


class SharedEvent(SharedModel):
    """A provider's event before its organisation has handled it: ids only, no donor's data."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_shared_inbox_available_at",
            "available_at",
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    __record__ = DataRecord(
        group=DataGroup.OPERATION,
        purpose=Purpose.OPERATION,
        basis=Basis.NOT_PERSONAL,
        classes={
            "provider": FieldClass.TECHNICAL,
            "event_id": FieldClass.TECHNICAL,
            "event_type": FieldClass.TECHNICAL,
            "object_type": FieldClass.TECHNICAL,
            "object_id": FieldClass.TECHNICAL,
            "payment_intent_id": FieldClass.TECHNICAL,
            "schema_name": FieldClass.TECHNICAL,
            "attempts": FieldClass.TECHNICAL,
            "outcome": FieldClass.TECHNICAL,
        },
    )

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    event_type: Mapped[str] = mapped_column(String(100))
    object_type: Mapped[str] = mapped_column(String(50))
    object_id: Mapped[str] = mapped_column(String(255))
    payment_intent_id: Mapped[str | None] = mapped_column(String(255))
    schema_name: Mapped[str | None] = mapped_column(String(63))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    outcome: Mapped[str | None] = mapped_column(String(40))
