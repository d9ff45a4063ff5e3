"""Who says an answer, and to whom: with them a report is known when it is told again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("sender", "receiver"):
        op.add_column("answer", sa.Column(name, sa.String, nullable=False, server_default=sa.text("''")))
