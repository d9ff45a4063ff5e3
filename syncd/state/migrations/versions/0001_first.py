"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, needed: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=not needed)


def word(name: str, *, needed: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=not needed)


def instant(name: str, *, needed: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def count(name: str, kind: sa.types.TypeEngine[int] | None = None) -> sa.Column[int]:
    return sa.Column(name, kind or sa.Integer(), server_default=sa.text("0"), nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def counted() -> sa.Column[int]:
    return sa.Column("id", ID, nullable=False)


def owner(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    column = sa.Column("interchange_id", ID, nullable=False)
    name = f"fk_{table}_interchange_id"
    return column, sa.ForeignKeyConstraint(["interchange_id"], ["interchange.id"], name=name)


def partial_index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    accounts()
    gate()
    interchanges()
    accepted()
    deliveries()
    problems()


def accounts() -> None:
    op.create_table(
        "account",
        word("name", needed=True),
        word("supplier", needed=True),
        instant("next_due"),
        flag("paused"),
        word("paused_by"),
        instant("paused_at"),
        text("pause_reason"),
        instant("last_success"),
        count("failures"),
        instant("last_failure"),
        word("last_error_code"),
        text("last_error"),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )
    op.create_table(
        "stamp",
        word("customer", needed=True),
        word("stamp", needed=True),
        sa.PrimaryKeyConstraint("customer", name="pk_stamp"),
    )


def gate() -> None:
    op.create_table(
        "gate",
        word("account", needed=True),
        count("fence", sa.BigInteger()),
        word("holder"),
        instant("login_at"),
        word("login_boot_id"),
        sa.Column("login_boot_time", sa.Double()),
        flag("settled"),
        instant("lease_at"),
        word("lease_boot_id"),
        sa.Column("lease_boot_time", sa.Double()),
        count("lease_microseconds", sa.BigInteger()),
        instant("blocked_until"),
        sa.PrimaryKeyConstraint("account", name="pk_gate"),
    )
    op.create_table(
        "login",
        counted(),
        word("account", needed=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        word("holder", needed=True),
        instant("at", needed=True),
        instant("ended_at"),
        word("outcome"),
        text("detail"),
        word("tls"),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
        sa.UniqueConstraint("account", "fence", name="uq_login_account"),
        sqlite_autoincrement=True,
    )


def interchanges() -> None:
    op.create_table(
        "interchange",
        counted(),
        *(word(name, needed=True) for name in ("account", "channel", "direction", "name", "state")),
        sa.Column("size", sa.BigInteger()),
        instant("modified"),
        word("sha256"),
        word("spool"),
        flag("proven"),
        word("hold"),
        text("reason"),
        word("temp_name"),
        count("attempt"),
        instant("intent_at"),
        word("kind"),
        text("source"),
        instant("created_at", needed=True),
        instant("updated_at", needed=True),
        sa.PrimaryKeyConstraint("id", name="pk_interchange"),
        sqlite_autoincrement=True,
    )
    key = ["name", "account", "channel", "direction", "size", "modified", "id"]
    op.create_index("ix_interchange_key", "interchange", key)
    op.create_index("ix_interchange_state", "interchange", ["state", "account", "id"])
    op.create_index("ix_interchange_sha256", "interchange", ["sha256"])
    partial_index("ix_interchange_source", "interchange", ["account"], "source IS NOT NULL")
    op.create_table(
        "event",
        counted(),
        *owner("event"),
        instant("at", needed=True),
        word("before"),
        word("after", needed=True),
        text("note"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_interchange_id", "event", ["interchange_id"])


def accepted() -> None:
    op.create_table(
        "reference",
        word("reference", needed=True),
        *owner("reference"),
        sa.PrimaryKeyConstraint("reference", "interchange_id", name="pk_reference"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reference_interchange_id", "reference", ["interchange_id"])
    op.create_table(
        "verdict",
        *owner("verdict"),
        text("document", needed=True),
        text("suppressed", needed=True),
        sa.PrimaryKeyConstraint("interchange_id", name="pk_verdict"),
    )
    op.create_table(
        "goods",
        *(word(name, needed=True) for name in ("account", "supplier", "receiver", "note")),
        sa.Column("position", sa.Integer(), nullable=False),
        *owner("goods"),
        sa.PrimaryKeyConstraint("account", "supplier", "receiver", "note", "position", name="pk_goods"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "snapshot",
        *(word(name, needed=True) for name in ("account", "channel", "kind", "stamp")),
        *owner("snapshot"),
        sa.PrimaryKeyConstraint("account", "channel", "kind", name="pk_snapshot"),
    )


def deliveries() -> None:
    op.create_table(
        "delivery",
        counted(),
        *owner("delivery"),
        word("sink", needed=True),
        word("key", needed=True),
        count("attempts"),
        instant("next_attempt"),
        instant("last_attempt"),
        text("last_error"),
        instant("delivered_at"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("sink", "key", name="uq_delivery_sink"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_interchange_id", "delivery", ["interchange_id"])
    partial_index("ix_delivery_open", "delivery", ["next_attempt"], "delivered_at IS NULL")


def problems() -> None:
    op.create_table(
        "problem",
        counted(),
        word("account", needed=True),
        word("code", needed=True),
        text("message", needed=True),
        text("remedy", needed=True),
        instant("opened_at", needed=True),
        instant("last_seen_at", needed=True),
        sa.Column("count", sa.Integer(), nullable=False),
        instant("closed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_problem"),
        sqlite_autoincrement=True,
    )
    partial_index("ix_problem_open", "problem", ["account", "code"], "closed_at IS NULL", unique=True)
