"""Hosts: which of several that share a database has a file's bytes, and which one a problem of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("interchange", "problem"):
        op.add_column(table, sa.Column("host", sa.String(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "host",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_host"),
    )
    unsolved = sa.text("closed_at IS NULL")
    op.drop_index("ix_problem_open", "problem")
    op.create_index(
        "ix_problem_open",
        "problem",
        ["account", "code", "host"],
        unique=True,
        sqlite_where=unsolved,
        postgresql_where=unsolved,
    )
