"""Funds, donors, gifts, and the payments and refunds that move their money."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CURRENCY = "currency ~ '^[A-Z]{3}$'"


def upgrade() -> None:
    _funds()
    _donors()
    _gifts()
    _payments()
    _payment_events()
    _refunds()
    op.create_foreign_key(
        op.f("fk_ledger_entries_fund_id_funds"), "ledger_entries", "funds", ["fund_id"], ["id"]
    )
    # What was given and paid stays on record; a fund is closed, a payment fails or is refunded.
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE DELETE, TRUNCATE ON funds, gifts, payments, refunds"
        " FROM %I', current_schema()); EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE"
        " ON payment_events FROM %I', current_schema()); END $$"
    )


def _funds() -> None:
    op.create_table(
        "funds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("titles", postgresql.JSONB(), nullable=False),
        sa.Column("purposes", postgresql.JSONB(), nullable=False),
        sa.Column("goal_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9-]{0,39}$'", name=op.f("ck_funds_code")),
        sa.CheckConstraint(
            "kind IN ('general', 'accompaniment', 'shelter', 'material_aid')",
            name=op.f("ck_funds_kind"),
        ),
        sa.CheckConstraint("goal_minor > 0", name=op.f("ck_funds_goal_minor")),
        sa.CheckConstraint(CURRENCY, name=op.f("ck_funds_currency")),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_funds_closed_on")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funds")),
        sa.UniqueConstraint("code", name=op.f("uq_funds_code")),
    )


def _donors() -> None:
    op.create_table(
        "donors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False),
        sa.Column("name", sa.String(500), nullable=True),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("news_wanted_at", sa.DateTime(timezone=True), nullable=True),
        _written_at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donors")),
        sa.UniqueConstraint("email_key", name=op.f("uq_donors_email_key")),
    )


def _gifts() -> None:
    op.create_table(
        "gifts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(12), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=True),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("donor_name", sa.String(500), nullable=True),
        sa.Column("anonymous", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('online', 'earlier')", name=op.f("ck_gifts_channel")),
        sa.CheckConstraint(
            "state IN ('started', 'on_its_way', 'received', 'failed', 'refunded', 'disputed')",
            name=op.f("ck_gifts_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_gifts_amount_minor")),
        sa.CheckConstraint(CURRENCY, name=op.f("ck_gifts_currency")),
        sa.ForeignKeyConstraint(["donor_id"], ["donors.id"], name=op.f("fk_gifts_donor_id_donors")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fk_gifts_fund_id_funds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gifts")),
        sa.UniqueConstraint("reference", name=op.f("uq_gifts_reference")),
        sa.UniqueConstraint("token", name=op.f("uq_gifts_token")),
    )
    for column in ("donor_id", "fund_id", "given_at", "received_at"):
        op.create_index(op.f(f"ix_gifts_{column}"), "gifts", [column])
    op.create_index("ix_gifts_state_given_at", "gifts", ["state", "given_at"])


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gift_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("idempotency_key", sa.String(100), nullable=False),
        sa.Column("request_key", sa.String(100), nullable=True),
        sa.Column("checkout_session_id", sa.String(255), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("payment_intent_id", sa.String(255), nullable=True),
        sa.Column("charge_id", sa.String(255), nullable=True),
        sa.Column("balance_transaction_id", sa.String(255), nullable=True),
        sa.Column("method", sa.String(40), nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("net_minor", sa.BigInteger(), nullable=True),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dispute_state", sa.String(10), nullable=True),
        sa.Column("failure_code", sa.String(100), nullable=True),
        sa.Column("flag", sa.String(40), nullable=True),
        _written_at("created_at"),
        sa.CheckConstraint(
            "state IN ('created', 'action_required', 'processing', 'succeeded', 'failed',"
            " 'refunded', 'disputed')",
            name=op.f("ck_payments_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_minor")),
        sa.CheckConstraint(CURRENCY, name=op.f("ck_payments_currency")),
        sa.CheckConstraint("fee_minor >= 0", name=op.f("ck_payments_fee_minor")),
        sa.CheckConstraint(
            "refunded_minor BETWEEN 0 AND amount_minor", name=op.f("ck_payments_refunded_minor")
        ),
        sa.CheckConstraint(
            "dispute_state IN ('inquiry', 'open', 'won', 'lost')",
            name=op.f("ck_payments_dispute_state"),
        ),
        sa.ForeignKeyConstraint(["gift_id"], ["gifts.id"], name=op.f("fk_payments_gift_id_gifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_payments_{column}"))
            for column in (
                "idempotency_key",
                "request_key",
                "checkout_session_id",
                "payment_intent_id",
                "charge_id",
                "balance_transaction_id",
            )
        ),
    )
    for column in ("gift_id", "state"):
        op.create_index(op.f(f"ix_payments_{column}"), "payments", [column])


def _payment_events() -> None:
    op.create_table(
        "payment_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(100), nullable=True),
        _written_at("recorded_at"),
        sa.CheckConstraint(
            "outcome IN ('followed', 'flagged')", name=op.f("ck_payment_events_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_payment_events_payment_id_payments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_events")),
    )
    op.create_index(op.f("ix_payment_events_payment_id"), "payment_events", ["payment_id"])


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("provider_id", sa.String(255), nullable=True),
        sa.Column("request_key", sa.String(100), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(500), nullable=True),
        _written_at("created_at"),
        sa.CheckConstraint(
            "state IN ('pending', 'succeeded', 'failed')", name=op.f("ck_refunds_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_minor")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["users.id"], name=op.f("fk_refunds_requested_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_refunds_provider_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_refunds_request_key")),
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"])


def _written_at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
