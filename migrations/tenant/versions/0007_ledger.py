"""The books in double entry; the database refuses what does not balance and what was booked."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    _transactions()
    _entries()
    op.execute(BALANCED)
    op.execute(UNCHANGED)
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE"
        " ON ledger_accounts, ledger_transactions, ledger_entries FROM %I',"
        " current_schema()); END $$"
    )


def _accounts() -> None:
    accounts = op.create_table(
        "ledger_accounts",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'income', 'expense')",
            name=op.f("ck_ledger_accounts_kind"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_accounts")),
    )
    op.bulk_insert(
        accounts,
        [
            {"code": "stripe_clearing", "kind": "asset"},
            {"code": "disputed_gifts", "kind": "asset"},
            {"code": "earlier_gifts", "kind": "asset"},
            {"code": "gifts", "kind": "income"},
            {"code": "payment_fees", "kind": "expense"},
        ],
    )


def _transactions() -> None:
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("effect_key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reverses_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_transactions_reverses_id_ledger_transactions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("effect_key", name=op.f("uq_ledger_transactions_effect_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_transactions_reverses_id")),
    )
    for column in ("occurred_on", "subject_id"):
        op.create_index(op.f(f"ix_ledger_transactions_{column}"), "ledger_transactions", [column])


def _entries() -> None:
    # The key to the fund is added by the next revision, which creates the funds.
    op.create_table(
        "ledger_entries",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("account_code", sa.String(40), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_ledger_entries_amount_minor")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_entries_currency")),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transactions.id"],
            name=op.f("fk_ledger_entries_transaction_id_ledger_transactions"),
        ),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["ledger_accounts.code"],
            name=op.f("fk_ledger_entries_account_code_ledger_accounts"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", "line", name=op.f("pk_ledger_entries")),
    )
    for column in ("account_code", "fund_id"):
        op.create_index(op.f(f"ix_ledger_entries_{column}"), "ledger_entries", [column])


# Checked when the database transaction ends, because its entries are written one after another.
# Entries belong to the same database transaction as their head: a booked fact gets no further line.
BALANCED = """
CREATE FUNCTION refuse_unbalanced_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head uuid;
    lines bigint;
BEGIN
    IF TG_TABLE_NAME = 'ledger_transactions' THEN head := NEW.id;
    ELSE head := NEW.transaction_id;
    END IF;
    IF NOT EXISTS (
        SELECT FROM ledger_transactions
        WHERE id = head AND recorded_at = transaction_timestamp()
    ) THEN
        RAISE EXCEPTION 'a booked transaction gets no further entries'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transactions_closed';
    END IF;
    SELECT count(*) INTO lines FROM ledger_entries WHERE transaction_id = head;
    IF lines < 2 OR EXISTS (
        SELECT FROM ledger_entries WHERE transaction_id = head
        GROUP BY currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'a ledger transaction has two entries or more and sums to zero'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_ledger_transactions_balanced';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION refuse_unbalanced_transaction();
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION refuse_unbalanced_transaction()
"""

# The organisation's role has no right to change the books; this holds the owner back as well.
UNCHANGED = """
CREATE FUNCTION refuse_change_of_the_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are never changed; book a reversal'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_the_books();
CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_the_books()
"""
