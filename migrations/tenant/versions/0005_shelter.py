"""Houses, places, stays, the nights in them, and what was decided about each stay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _houses()
    _places()
    _stays()
    _stay_places()
    _stay_changes()


def _houses() -> None:
    op.create_table(
        "houses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=False),
        sa.Column("open_to", sa.Date(), nullable=True),
        sa.Column("guideline_nights", sa.SmallInteger(), nullable=True),
        _written_at("created_at"),
        sa.CheckConstraint(
            "kind IN ('crisis_flat', 'shelter', 'family_house')", name=op.f("ck_houses_kind")
        ),
        sa.CheckConstraint("open_to > open_from", name=op.f("ck_houses_open_to")),
        sa.CheckConstraint(
            "guideline_nights BETWEEN 1 AND 3660", name=op.f("ck_houses_guideline_nights")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_houses")),
        sa.UniqueConstraint("name", name=op.f("uq_houses_name")),
    )


def _places() -> None:
    op.create_table(
        "places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("open_from", sa.Date(), nullable=False),
        sa.Column("open_to", sa.Date(), nullable=True),
        _written_at("created_at"),
        sa.CheckConstraint("kind IN ('bed', 'cot')", name=op.f("ck_places_kind")),
        sa.CheckConstraint("open_to > open_from", name=op.f("ck_places_open_to")),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_places_house_id_houses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("house_id", "name", name=op.f("uq_places_house_id")),
        sa.UniqueConstraint("id", "house_id", name=op.f("uq_places_id")),
    )


def _stays() -> None:
    op.create_table(
        "stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("planned_until", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(30), nullable=True),
        sa.Column("destination", sa.String(30), nullable=True),
        sa.Column("departure_note", sa.Text(), nullable=True),
        sa.Column("admitted_by", sa.Uuid(), nullable=False),
        _written_at("created_at"),
        sa.CheckConstraint("planned_until > admitted_on", name=op.f("ck_stays_planned_until")),
        sa.CheckConstraint("ended_on >= admitted_on", name=op.f("ck_stays_ended_on")),
        sa.CheckConstraint(
            "(ended_on IS NULL) = (end_reason IS NULL)"
            " AND (ended_on IS NULL) = (destination IS NULL)",
            name=op.f("ck_stays_ended"),
        ),
        sa.CheckConstraint(
            "end_reason IN ('as_agreed', 'own_wish', 'other_help', 'house_rules',"
            " 'left_without_word', 'entered_by_mistake')",
            name=op.f("ck_stays_end_reason"),
        ),
        sa.CheckConstraint(
            "destination IN ('own_home', 'rented_home', 'family_or_friends', 'supported_housing',"
            " 'institution', 'unsafe_home', 'unknown')",
            name=op.f("ck_stays_destination"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_stays_household_id_households")
        ),
        sa.ForeignKeyConstraint(["house_id"], ["houses.id"], name=op.f("fk_stays_house_id_houses")),
        sa.ForeignKeyConstraint(
            ["admitted_by"], ["users.id"], name=op.f("fk_stays_admitted_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stays")),
    )
    op.create_index(op.f("ix_stays_household_id"), "stays", ["household_id"])
    op.create_index(
        "uq_stays_open_household",
        "stays",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )


def _stay_places() -> None:
    op.create_table(
        "stay_places",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("nights", postgresql.DATERANGE(), nullable=False),
        sa.CheckConstraint(
            "NOT (isempty(nights) OR lower_inf(nights) OR upper_inf(nights))",
            name=op.f("ck_stay_places_nights"),
        ),
        sa.ForeignKeyConstraint(
            ["stay_id"], ["stays.id"], name=op.f("fk_stay_places_stay_id_stays")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_stay_places_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["house_id"], ["houses.id"], name=op.f("fk_stay_places_house_id_houses")
        ),
        sa.ForeignKeyConstraint(
            ["place_id", "house_id"],
            ["places.id", "places.house_id"],
            name=op.f("fk_stay_places_place_id_places"),
        ),
        # One sleeper in a place and one place for a person, on any night.
        postgresql.ExcludeConstraint(
            (sa.literal_column("place_id"), "="),
            (sa.literal_column("nights"), "&&"),
            using="gist",
            name="ex_stay_places_place_id",
        ),
        postgresql.ExcludeConstraint(
            (sa.literal_column("person_id"), "="),
            (sa.literal_column("nights"), "&&"),
            using="gist",
            name="ex_stay_places_person_id",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_places")),
    )
    op.create_index(op.f("ix_stay_places_stay_id"), "stay_places", ["stay_id"])


def _stay_changes() -> None:
    op.create_table(
        "stay_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stay_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("before_on", sa.Date(), nullable=True),
        sa.Column("after_on", sa.Date(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("place_before_id", sa.Uuid(), nullable=True),
        sa.Column("place_after_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        _written_at("recorded_at"),
        sa.CheckConstraint(
            "kind IN ('admitted', 'extended', 'shortened', 'moved', 'ended', 'corrected')",
            name=op.f("ck_stay_changes_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["stay_id"], ["stays.id"], name=op.f("fk_stay_changes_stay_id_stays")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_stay_changes_person_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["place_before_id"], ["places.id"], name=op.f("fk_stay_changes_place_before_id_places")
        ),
        sa.ForeignKeyConstraint(
            ["place_after_id"], ["places.id"], name=op.f("fk_stay_changes_place_after_id_places")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["users.id"], name=op.f("fk_stay_changes_recorded_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay_changes")),
    )
    op.create_index(op.f("ix_stay_changes_stay_id"), "stay_changes", ["stay_id"])
    # What was decided stays on record: a correction is a further row.
    op.execute(
        "DO $$ BEGIN EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON stay_changes FROM %I',"
        " current_schema()); END $$"
    )


def _written_at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
