"""${message}

The schema is called shared, and its tables are read by every web process while this runs:
* name the schema, import no model, ask no question of the database: this is rendered once to SQL;
* take no lock for long: a new column is nullable or has a constant default; an index on a table
  with many rows, a validated constraint or a rewrite gets a revision of its own;
* expand, then deploy, then contract: the release before this one must still work afterwards, so
  nothing is renamed or dropped in the release that stops using it;
* a table whose facts are never changed revokes UPDATE and DELETE from the role platform_app.
"""

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute('SELECT 1')"}
