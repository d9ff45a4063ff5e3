"""The life of order lines: each line that was ordered, and what the supplier's answers say of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = ["account", "reference", "article_key"]


def upgrade() -> None:
    _order_line()
    _answer()


def _order_line() -> None:
    op.create_table(
        "order_line",
        sa.Column("id", ID, nullable=False),
        sa.Column("interchange_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        *_texts("account", "customer", "reference", "article", "article_key", "qualifier"),
        sa.Column("mark", sa.String()),
        sa.Column("quantity", sa.Integer(), nullable=False),
        *_texts("state"),
        sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False),
        *_counts("delivered", "announced"),
        *_report(),
        *_counts("changes"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", ID, nullable=False),
        *_counts("told"),
        *_texts("told_state"),
        _interchange("order_line", "interchange_id"),
        _interchange("order_line", "changed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_order_line"),
        sa.UniqueConstraint("interchange_id", "line", name="uq_order_line_interchange_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_line_key", "order_line", KEY)
    for name, columns, where in (("open", ["account", "state"], "open"), ("untold", ["account", "id"], UNTOLD)):
        partial = sa.text(where)
        op.create_index(f"ix_order_line_{name}", "order_line", columns, sqlite_where=partial, postgresql_where=partial)


UNTOLD = "told != changes"


def _answer() -> None:
    op.create_table(
        "answer",
        sa.Column("interchange_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        *_texts("account", "reference", "article", "article_key"),
        sa.Column("mark", sa.String()),
        *_texts("says"),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("position", sa.Integer()),
        sa.Column("day", sa.Date()),
        *_report(),
        _interchange("answer", "interchange_id"),
        sa.PrimaryKeyConstraint("interchange_id", "line", name="pk_answer"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answer_key", "answer", KEY)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in names]


def _report() -> list[sa.Column[object]]:
    return [sa.Column("code", sa.Integer()), sa.Column("back_ordered", sa.Boolean()), sa.Column("expected", sa.Date())]


def _interchange(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["interchange.id"], name=f"fk_{table}_{column}")
