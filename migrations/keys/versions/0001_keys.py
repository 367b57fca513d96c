"""Organisations' keys by generation, the key of every subject, and what happened to them."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE keys.organisation_keys (
    schema_name varchar(63) NOT NULL,
    generation integer NOT NULL,
    mode varchar(10) NOT NULL,
    reference text,
    wrapped text,
    salt bytea,
    check_value bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    CONSTRAINT pk_organisation_keys PRIMARY KEY (schema_name, generation),
    CONSTRAINT ck_organisation_keys_mode CHECK (mode IN ('platform', 'kms', 'held')),
    CONSTRAINT ck_organisation_keys_kms CHECK (
        (mode = 'kms') = (reference IS NOT NULL) AND (mode = 'kms') = (wrapped IS NOT NULL)
    ),
    CONSTRAINT ck_organisation_keys_held CHECK ((mode = 'held') = (salt IS NOT NULL))
);
CREATE TABLE keys.subject_keys (
    schema_name varchar(63) NOT NULL,
    subject_id uuid NOT NULL,
    purpose varchar(20) NOT NULL,
    wrapped bytea NOT NULL,
    kek_generation integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CONSTRAINT pk_subject_keys PRIMARY KEY (schema_name, subject_id, purpose),
    CONSTRAINT ck_subject_keys_destroyed CHECK ((destroyed_at IS NULL) = (wrapped <> '')),
    CONSTRAINT fk_subject_keys_organisation_keys FOREIGN KEY (schema_name, kek_generation)
        REFERENCES keys.organisation_keys (schema_name, generation)
);
CREATE INDEX ix_subject_keys_kek_generation
    ON keys.subject_keys (schema_name, kek_generation) WHERE destroyed_at IS NULL;
CREATE INDEX ix_subject_keys_destroyed_at
    ON keys.subject_keys (schema_name, destroyed_at) WHERE destroyed_at IS NOT NULL;
CREATE TABLE keys.key_events (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_key_events PRIMARY KEY,
    schema_name varchar(63) NOT NULL,
    kind varchar(20) NOT NULL,
    generation integer,
    subject_id uuid,
    happened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ck_key_events_kind CHECK (
        kind IN ('opened', 'rotation_begun', 'rotation_ended', 'destroyed', 'unlocked', 'locked')
    )
);
CREATE INDEX ix_key_events_schema_name ON keys.key_events (schema_name, id)
"""
# A destroyed key never comes back, whatever a program tries, and its bytes go with the mark.
RULES = """
CREATE FUNCTION keys.keep_destroyed() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF OLD.destroyed_at IS NOT NULL THEN
        RAISE EXCEPTION 'this key was destroyed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.destroyed_at IS NOT NULL THEN
        NEW.wrapped := '';
        INSERT INTO keys.key_events (schema_name, kind, generation, subject_id)
        VALUES (OLD.schema_name, 'destroyed', OLD.kek_generation, OLD.subject_id);
    END IF;
    RETURN NEW;
END $body$;
CREATE TRIGGER keep_destroyed BEFORE UPDATE ON keys.subject_keys
    FOR EACH ROW EXECUTE FUNCTION keys.keep_destroyed();
GRANT USAGE ON SCHEMA keys TO key_keeper;
GRANT SELECT, INSERT ON keys.organisation_keys, keys.subject_keys, keys.key_events TO key_keeper;
GRANT UPDATE (retired_at, wrapped) ON keys.organisation_keys TO key_keeper;
GRANT UPDATE (wrapped, kek_generation, destroyed_at) ON keys.subject_keys TO key_keeper
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RULES)
