"""What was released is compared with what stands there when it is handed out.

What was released before has no mark, so that it is read again before it goes out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject_disclosures", sa.Column("read_mark", sa.String(64), nullable=True))
