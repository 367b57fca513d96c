"""${message}

Sent to the database of keys as one transaction, beside people at work:
* import no model and ask no question of the database: this is rendered once to SQL;
* grant the role `key_keeper` no more than a page needs, and never DELETE or TRUNCATE;
* expand, then deploy, then contract: the release before this one must still work afterwards.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute('SELECT 1')"}
