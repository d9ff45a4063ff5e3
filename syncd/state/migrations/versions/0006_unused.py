"""What nothing used: stamps of order names, which the outbox remembers itself, and blocks of the login gate."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("stamp")
    op.drop_column("gate", "blocked_until")
