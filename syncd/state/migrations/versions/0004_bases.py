"""Bases: the list that each sink has taken last, against which it is told what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = ("sink", "account", "channel", "kind")


def upgrade() -> None:
    op.create_table(
        "base",
        *(sa.Column(name, sa.String(), nullable=False) for name in WORDS),
        sa.Column("interchange_id", ID, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("stamp", "key")),
        sa.Column("trying", sa.BigInteger()),
        sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name="fk_base_interchange_id"),
        sa.PrimaryKeyConstraint(*WORDS, name="pk_base"),
    )
