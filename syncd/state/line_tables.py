"""The tables of order lines and of what the supplier's answers say of them: `syncd.life` tells what they mean.

A row of `order_line` is written with the order it stands in, a row of `answer` with the verdict on its file; where a
line stands is worked out again from all of them whenever one is added.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    text,
    true,
)

from syncd.state.tables import ID, METADATA, Instant

_ZERO = text("0")
_NOBODY = text("''")
"""Of answers that were written down before it was asked who says them, and to whom."""

order_line = Table(
    "order_line",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("interchange_id", ID, ForeignKey("interchange.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("customer", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("article", String, nullable=False),
    Column("article_key", String, nullable=False),
    Column("qualifier", String, nullable=False),
    Column("mark", String),
    Column("quantity", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("open", Boolean, nullable=False, server_default=true()),
    Column("delivered", Integer, nullable=False, server_default=_ZERO),
    Column("announced", Integer, nullable=False, server_default=_ZERO),
    Column("code", Integer),
    Column("back_ordered", Boolean),
    Column("expected", Date),
    Column("changes", Integer, nullable=False, server_default=_ZERO),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", ID, ForeignKey("interchange.id"), nullable=False),
    Column("told", Integer, nullable=False, server_default=_ZERO),
    Column("told_state", String, nullable=False),
    UniqueConstraint("interchange_id", "line"),
    sqlite_autoincrement=True,
)
Index("ix_order_line_key", *(order_line.c[name] for name in ("account", "reference", "article_key")))
_OPEN = order_line.c.open
Index("ix_order_line_open", order_line.c.account, order_line.c.state, sqlite_where=_OPEN, postgresql_where=_OPEN)
UNTOLD = order_line.c.told != order_line.c.changes
"""Changes that no sink was told of yet."""
Index("ix_order_line_untold", order_line.c.account, order_line.c.id, sqlite_where=UNTOLD, postgresql_where=UNTOLD)

answer = Table(
    "answer",
    METADATA,
    Column("interchange_id", ID, ForeignKey("interchange.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("article", String, nullable=False),
    Column("article_key", String, nullable=False),
    Column("mark", String),
    Column("says", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("note", String),
    Column("position", Integer),
    Column("day", Date),
    Column("code", Integer),
    Column("back_ordered", Boolean),
    Column("expected", Date),
    Column("sender", String, nullable=False, server_default=_NOBODY),
    Column("receiver", String, nullable=False, server_default=_NOBODY),
    PrimaryKeyConstraint("interchange_id", "line"),
    sqlite_with_rowid=False,
)
Index("ix_answer_key", *(answer.c[name] for name in ("account", "reference", "article_key")))
