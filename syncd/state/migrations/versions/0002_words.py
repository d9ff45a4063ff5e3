"""What people say: the audit trail; and files that are recorded and handed to nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("interchange", sa.Column("for_sinks", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("who", "verb", "account")),
        sa.Column("interchange_id", ID),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("what", "why")),
        sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name="fk_audit_interchange_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_interchange_id", "audit", ["interchange_id"])
