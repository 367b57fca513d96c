"""Whoever sleeps in somebody's bed sleeps in the house where the family's beds are.

Moving a mother to another house left the baby in her bed behind, in the house they had fled, and
moving the baby pulled the stay back there. Its nights follow now, each with a dated decision of
its own, by whoever decided the move that it follows; nothing that was decided is taken away.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Each night in somebody's bed, with the houses in which the family has beds on it: the same house
# while there is one, else where one was taken last. Nights in a row in one house are a piece.
PIECES = """
    WITH moving AS (
        SELECT stay_id FROM stay_places GROUP BY stay_id HAVING count(DISTINCT house_id) > 1
    ), slept AS (
        SELECT shared.id, stay_id, person_id, house_id AS was, CAST(night AS date) AS night,
            (SELECT array_agg(beds.house_id ORDER BY lower(beds.nights) DESC, beds.id DESC)
                FROM stay_places AS beds WHERE beds.stay_id = shared.stay_id
                AND beds.place_id IS NOT NULL AND beds.nights @> CAST(night AS date)) AS theirs
        FROM stay_places AS shared JOIN moving USING (stay_id),
            generate_series(lower(nights), upper(nights) - 1, interval '1 day') AS night
        WHERE place_id IS NULL
    ), housed AS (
        SELECT *, CASE WHEN was = ANY (coalesce(theirs, ARRAY[was])) THEN was ELSE theirs[1] END
            AS house FROM slept
    ), runs AS (
        SELECT *, night - CAST(row_number() OVER (PARTITION BY id, house ORDER BY night) AS int)
            AS run FROM housed
    )
    SELECT id, stay_id, person_id, was, house, min(night) AS starts_on, max(night) + 1 AS ends_on,
        row_number() OVER (PARTITION BY id ORDER BY min(night)) AS number
    FROM runs WHERE id IN (SELECT id FROM housed WHERE house <> was)
    GROUP BY id, stay_id, person_id, was, house, run ORDER BY id, starts_on
"""
FOLLOW = """
DO $$
DECLARE piece record;
BEGIN
    FOR piece IN (pieces) LOOP
        IF piece.number = 1 AND piece.house = piece.was THEN
            UPDATE stay_places SET nights = daterange(piece.starts_on, piece.ends_on)
                WHERE id = piece.id;
            CONTINUE;
        ELSIF piece.number = 1 THEN
            DELETE FROM stay_places WHERE id = piece.id;
        END IF;
        INSERT INTO stay_places (id, stay_id, person_id, house_id, nights) VALUES
            (gen_random_uuid(), piece.stay_id, piece.person_id, piece.house,
            daterange(piece.starts_on, piece.ends_on));
        INSERT INTO stay_changes (id, stay_id, kind, effective_on, person_id, recorded_by)
            SELECT gen_random_uuid(), stays.id, 'moved', piece.starts_on, piece.person_id,
                coalesce((SELECT recorded_by FROM stay_changes WHERE stay_id = stays.id
                    AND kind = 'moved' AND effective_on <= piece.starts_on
                    ORDER BY effective_on DESC, recorded_at DESC LIMIT 1), admitted_by)
            FROM stays WHERE stays.id = piece.stay_id;
    END LOOP;
END $$
""".replace("(pieces)", PIECES)
# Where a stay is, is where its last beds are.
SET_HOUSE = """
WITH last AS (
    SELECT DISTINCT ON (stay_id) stay_id, house_id, upper(nights) AS until
    FROM stay_places WHERE place_id IS NOT NULL
    ORDER BY stay_id, upper(nights) DESC, lower(nights) DESC, id DESC
)
UPDATE stays SET house_id = last.house_id FROM last
WHERE last.stay_id = stays.id AND stays.house_id <> last.house_id
    AND NOT EXISTS (SELECT FROM stay_places AS beds WHERE beds.stay_id = stays.id
        AND beds.place_id IS NOT NULL AND beds.house_id = stays.house_id
        AND upper(beds.nights) = last.until)
"""
REPAIR = (FOLLOW, SET_HOUSE)


def upgrade() -> None:
    for statement in REPAIR:
        op.execute(statement)
