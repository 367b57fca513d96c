"""The federation's staff: second factors, links, keys, events, and an outbox to write to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOW = sa.func.now()
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _users_and_sessions()
    _second_factors()
    _ways_in()
    _events()
    _outbox()


def _users_and_sessions() -> None:
    # An invited person has no password until she has chosen one.
    op.alter_column("users", "password_hash", nullable=True, schema="shared")
    op.add_column("users", sa.Column("second_factor_at", MOMENT, nullable=True), schema="shared")
    op.add_column(
        "users",
        sa.Column("enrols_by_mail", sa.Boolean(), server_default="false", nullable=False),
        schema="shared",
    )
    # Whoever is signed in signs in once more: an old session does not say how it began.
    op.execute("DELETE FROM shared.user_sessions")
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assurance", sa.String(20), server_default="password", nullable=False),
        sa.Column("confirmed_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("may_enrol", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("shared_computer", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("device", sa.String(60), server_default="", nullable=False),
    )
    for column in columns:
        op.add_column("user_sessions", column, schema="shared")
    op.create_unique_constraint(
        op.f("uq_user_sessions_id"), "user_sessions", ["id"], schema="shared"
    )


def _second_factors() -> None:
    _owned(
        "authenticator_apps",
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
    )
    _owned(
        "passkeys",
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("added_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    _owned(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
    )


def _ways_in() -> None:
    _owned(
        "account_links",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.UniqueConstraint("token_hash", name=op.f("uq_account_links_token_hash")),
        anybody=True,
    )
    _owned(
        "api_tokens",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "api_token_uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.String(100), nullable=False),
        sa.Column("used_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["shared.api_tokens.id"],
            name=op.f("fk_api_token_uses_token_id_api_tokens"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token_uses")),
        schema="shared",
    )
    op.create_index(
        op.f("ix_shared_api_token_uses_token_id"), "api_token_uses", ["token_id"], schema="shared"
    )
    _owned(
        "known_devices",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.create_index(
        op.f("ix_shared_known_devices_token_hash"), "known_devices", ["token_hash"], schema="shared"
    )


def _events() -> None:
    _owned(
        "account_events",
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("device", sa.String(60), server_default="", nullable=False),
        sa.Column("happened_at", MOMENT, server_default=NOW, nullable=False),
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON shared.authenticator_apps, shared.passkeys,"
        " shared.recovery_codes, shared.account_links, shared.api_tokens, shared.api_token_uses,"
        " shared.known_devices TO platform_app"
    )
    op.execute("GRANT SELECT, INSERT ON shared.account_events TO platform_app")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("available_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("given_up_at", MOMENT, nullable=True),
        sa.Column("last_error", sa.String(100), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        schema="shared",
    )
    op.create_index(
        "ix_shared_outbox_available_at",
        "outbox",
        ["available_at"],
        schema="shared",
        postgresql_where=sa.text("done_at IS NULL AND given_up_at IS NULL"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON shared.outbox TO platform_app")


def _owned(name: str, *parts: sa.schema.SchemaItem, anybody: bool = False) -> None:
    """A table of things that belong to one member of staff."""
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        *parts,
        sa.Column("user_id", sa.Uuid(), nullable=anybody),
        sa.ForeignKeyConstraint(
            ["user_id"], ["shared.users.id"], name=op.f(f"fk_{name}_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        schema="shared",
    )
    op.create_index(op.f(f"ix_shared_{name}_user_id"), name, ["user_id"], schema="shared")
