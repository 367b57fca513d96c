"""Requests of people about their data, retention, legal holds, erasures, incidents, consents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WRITTEN_ONCE = (
    "subject_request_steps",
    "erasure_certificates",
    "erasures",
    "incident_entries",
    "incident_searches",
    "incident_people",
    "incident_person_notices",
)
NEVER_DELETED = (
    "subject_requests",
    "subject_disclosures",
    "erasure_proposals",
    "legal_holds",
    "retention_notices",
    "incidents",
    "consents",
)


def upgrade() -> None:
    _consents()
    _incidents()
    _legal_holds()
    _retention_notices()
    _subject_requests()
    _erasure_certificates()
    _erasure_proposals()
    _incident_entries()
    _incident_person_notices()
    _incident_searches()
    _subject_disclosures()
    _subject_request_steps()
    _erasures()
    _incident_people()
    _for_role(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {', '.join(WRITTEN_ONCE)} FROM %1$I",
        f"REVOKE DELETE, TRUNCATE ON {', '.join(NEVER_DELETED)} FROM %1$I",
        "GRANT UPDATE (counts) ON erasure_certificates TO %1$I",
    )


def _for_role(*statements: str) -> None:
    # The role bears the schema's name, which is another one in every organisation.
    for statement in statements:
        op.execute(f"DO $$ BEGIN EXECUTE format('{statement}', current_schema()); END $$")


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(30), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("recipients_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("giver", sa.String(30), nullable=False),
        sa.Column("giver_name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("assent", sa.Boolean(), nullable=True),
        sa.Column("medium", sa.String(30), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawal_note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("effect_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effect_by", sa.Uuid(), nullable=True),
        sa.Column("effect_note_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "giver = 'self' OR giver_name_sealed IS NOT NULL", name=op.f("ck_consents_giver_name")
        ),
        sa.CheckConstraint("giver IN ('self', 'guardian')", name=op.f("ck_consents_giver")),
        sa.CheckConstraint(
            "medium IN ('paper', 'spoken', 'screen')", name=op.f("ck_consents_medium")
        ),
        sa.CheckConstraint(
            "purpose IN ('file', 'share_with_body', 'handover', 'photo_story', "
            "'contact_afterwards')",
            name=op.f("ck_consents_purpose"),
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_consents_withdrawn")
        ),
        sa.CheckConstraint(
            "effect_at IS NULL OR withdrawn_at IS NOT NULL", name=op.f("ck_consents_effect")
        ),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_consents_valid_until")),
        sa.ForeignKeyConstraint(
            ["effect_by"], ["users.id"], name=op.f("fk_consents_effect_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_consents_household_id_households")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_consents_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["users.id"], name=op.f("fk_consents_recorded_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["users.id"], name=op.f("fk_consents_withdrawn_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_household_id", "consents", ["household_id"], unique=False)
    op.create_index(op.f("ix_consents_person_id"), "consents", ["person_id"], unique=False)
    op.create_index("ix_consents_valid_until", "consents", ["valid_until"], unique=False)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("systems", sa.Text(), nullable=False),
        sa.Column("high_risk", sa.Boolean(), nullable=False),
        sa.Column("aware_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('seen', 'sent_wrong', 'lost', 'stolen', 'broken_into', 'changed', "
            "'unavailable', 'other')",
            name=op.f("ck_incidents_kind"),
        ),
        sa.CheckConstraint("closed_at >= opened_at", name=op.f("ck_incidents_closed_at")),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=op.f("fk_incidents_closed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["users.id"], name=op.f("fk_incidents_opened_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )


def _legal_holds() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column(
            "set_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifting_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "subject_kind IN ('person', 'household', 'referral', 'donor', 'staff')",
            name=op.f("ck_legal_holds_subject_kind"),
        ),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_legal_holds_lifted")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["users.id"], name=op.f("fk_legal_holds_lifted_by_users")
        ),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name=op.f("fk_legal_holds_set_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index("ix_legal_holds_subject_id", "legal_holds", ["subject_id"], unique=False)


def _retention_notices() -> None:
    op.create_table(
        "retention_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_group", sa.String(30), nullable=False),
        sa.Column("subject_kind", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("noticed_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("answer", sa.String(30), nullable=True),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "(answer = 'keep') = (keep_until IS NOT NULL)",
            name=op.f("ck_retention_notices_keep_until"),
        ),
        sa.CheckConstraint(
            "answer IN ('keep', 'let_go')", name=op.f("ck_retention_notices_answer")
        ),
        sa.CheckConstraint(
            "answer IS DISTINCT FROM 'keep' OR reason IS NOT NULL",
            name=op.f("ck_retention_notices_reason"),
        ),
        sa.CheckConstraint(
            "data_group IN ('family_files', 'referrals', 'donors', 'books', 'staff', "
            "'security', 'rights', 'figures', 'operation')",
            name=op.f("ck_retention_notices_data_group"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('person', 'household', 'referral', 'donor', 'staff')",
            name=op.f("ck_retention_notices_subject_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name=op.f("fk_retention_notices_answered_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_notices")),
    )
    op.create_index(
        "uq_retention_notices_open",
        "retention_notices",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL AND answer IS DISTINCT FROM 'keep'"),
    )


def _subject_requests() -> None:
    op.create_table(
        "subject_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject_kind", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.String(30), nullable=False),
        sa.Column("asker_name", sa.Text(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("needs_safeguarding", sa.Boolean(), nullable=False),
        sa.Column("whole_family", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wish", sa.Text(), nullable=True),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(30), nullable=True),
        sa.CheckConstraint(
            "asked_by IN ('self', 'guardian', 'authority', 'third')",
            name=op.f("ck_subject_requests_asked_by"),
        ),
        sa.CheckConstraint(
            "kind IN ('access', 'correction', 'erasure', 'restriction', 'objection', "
            "'portability')",
            name=op.f("ck_subject_requests_kind"),
        ),
        sa.CheckConstraint(
            "outcome IN ('received', 'identity_confirmed', 'identity_doubtful', 'safe', "
            "'unsafe', 'extended', 'prepared', 'exported', 'export_renewed', 'corrected', "
            "'restricted', 'erasure_asked', 'erasure_refused', 'erased', 'answered', "
            "'refused', 'withdrawn')",
            name=op.f("ck_subject_requests_outcome"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('person', 'household', 'referral', 'donor', 'staff')",
            name=op.f("ck_subject_requests_subject_kind"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_subject_requests_closed")
        ),
        sa.CheckConstraint("due_on >= received_on", name=op.f("ck_subject_requests_due_on")),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.id"],
            name=op.f("fk_subject_requests_household_id_households"),
        ),
        sa.ForeignKeyConstraint(
            ["received_by"], ["users.id"], name=op.f("fk_subject_requests_received_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_requests")),
    )
    op.create_index("ix_subject_requests_due_on", "subject_requests", ["due_on"], unique=False)
    op.create_index(
        "ix_subject_requests_subject_id", "subject_requests", ["subject_id"], unique=False
    )


def _erasure_certificates() -> None:
    op.create_table(
        "erasure_certificates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject_hash", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("kept", postgresql.JSONB(), nullable=False),
        sa.Column("last_key_backup_ends_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('request', 'retention')", name=op.f("ck_erasure_certificates_kind")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_erasure_certificates_approved_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name=op.f("fk_erasure_certificates_asked_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["subject_requests.id"],
            name=op.f("fk_erasure_certificates_request_id_subject_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_certificates")),
    )


def _erasure_proposals() -> None:
    op.create_table(
        "erasure_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("verdict", sa.String(30), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "subject_kind IN ('person', 'household', 'referral', 'donor', 'staff')",
            name=op.f("ck_erasure_proposals_subject_kind"),
        ),
        sa.CheckConstraint(
            "verdict IN ('approved', 'refused')", name=op.f("ck_erasure_proposals_verdict")
        ),
        sa.CheckConstraint(
            "(verdict IS NULL) = (decided_at IS NULL)", name=op.f("ck_erasure_proposals_decided")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by",
            name=op.f("ck_erasure_proposals_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name=op.f("fk_erasure_proposals_asked_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_erasure_proposals_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["subject_requests.id"],
            name=op.f("fk_erasure_proposals_request_id_subject_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_proposals")),
    )
    op.create_index(
        op.f("ix_erasure_proposals_request_id"), "erasure_proposals", ["request_id"], unique=False
    )
    op.create_index(
        "uq_erasure_proposals_open",
        "erasure_proposals",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("verdict IS NULL"),
    )


def _incident_entries() -> None:
    op.create_table(
        "incident_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('fact', 'correction', 'consequence', 'measure', 'authority_first', "
            "'authority_result', 'lessons')",
            name=op.f("ck_incident_entries_kind"),
        ),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name=op.f("fk_incident_entries_by_users")),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_entries_incident_id_incidents"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_entries")),
    )
    op.create_index(
        op.f("ix_incident_entries_incident_id"), "incident_entries", ["incident_id"], unique=False
    )


def _incident_person_notices() -> None:
    op.create_table(
        "incident_person_notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(30), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("told_by", sa.Uuid(), nullable=False),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.CheckConstraint(
            "way IN ('in_person', 'call', 'letter', 'by_key_worker', 'not_told')",
            name=op.f("ck_incident_person_notices_way"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_person_notices_incident_id_incidents"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_incident_person_notices_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["told_by"], ["users.id"], name=op.f("fk_incident_person_notices_told_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_person_notices")),
    )
    op.create_index(
        op.f("ix_incident_person_notices_incident_id"),
        "incident_person_notices",
        ["incident_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_incident_person_notices_person_id"),
        "incident_person_notices",
        ["person_id"],
        unique=False,
    )


def _incident_searches() -> None:
    op.create_table(
        "incident_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_searches_incident_id_incidents"),
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["users.id"], name=op.f("fk_incident_searches_made_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_searches")),
    )
    op.create_index(
        op.f("ix_incident_searches_incident_id"), "incident_searches", ["incident_id"], unique=False
    )


def _subject_disclosures() -> None:
    op.create_table(
        "subject_disclosures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=63), nullable=False),
        sa.Column("decision", sa.String(30), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decision IN ('release', 'redact')", name=op.f("ck_subject_disclosures_decision")
        ),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL)", name=op.f("ck_subject_disclosures_decided")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_subject_disclosures_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["subject_requests.id"],
            name=op.f("fk_subject_disclosures_request_id_subject_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_disclosures")),
        sa.UniqueConstraint(
            "request_id",
            "table_name",
            "row_id",
            "field",
            name=op.f("uq_subject_disclosures_request_id"),
        ),
    )


def _subject_request_steps() -> None:
    op.create_table(
        "subject_request_steps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(30), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.CheckConstraint(
            "step IN ('received', 'identity_confirmed', 'identity_doubtful', 'safe', "
            "'unsafe', 'extended', 'prepared', 'exported', 'export_renewed', 'corrected', "
            "'restricted', 'erasure_asked', 'erasure_refused', 'erased', 'answered', "
            "'refused', 'withdrawn')",
            name=op.f("ck_subject_request_steps_step"),
        ),
        sa.ForeignKeyConstraint(
            ["by"], ["users.id"], name=op.f("fk_subject_request_steps_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["subject_requests.id"],
            name=op.f("fk_subject_request_steps_request_id_subject_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_request_steps")),
    )
    op.create_index(
        op.f("ix_subject_request_steps_request_id"),
        "subject_request_steps",
        ["request_id"],
        unique=False,
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("last_key_backup_ends_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('request', 'retention')", name=op.f("ck_erasures_kind")),
        sa.CheckConstraint(
            "subject_kind IN ('person', 'household', 'referral', 'donor', 'staff')",
            name=op.f("ck_erasures_subject_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name=op.f("fk_erasures_approved_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["erasure_certificates.id"],
            name=op.f("fk_erasures_certificate_id_erasure_certificates"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(
        op.f("ix_erasures_certificate_id"), "erasures", ["certificate_id"], unique=False
    )
    op.create_index(op.f("ix_erasures_subject_id"), "erasures", ["subject_id"], unique=False)


def _incident_people() -> None:
    op.create_table(
        "incident_people",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("search_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_people_incident_id_incidents")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_incident_people_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["incident_searches.id"],
            name=op.f("fk_incident_people_search_id_incident_searches"),
        ),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name=op.f("pk_incident_people")),
    )
    op.create_index(
        op.f("ix_incident_people_person_id"), "incident_people", ["person_id"], unique=False
    )
