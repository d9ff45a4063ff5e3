"""The tables, as the program uses them; how a database gets them is told by the migrations.

Times are whole microseconds since 1970 in UTC, as integers: SQLite and PostgreSQL compare and index them alike.
Names that a server gave are hostile: they are column values and nothing else. Sentences about a file (its verdict) are
kept as one JSON document. Order marks, which may be customers' names, stand in the order lines and their answers alone.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
    true,
)

REVISION = "0007"
"""The newest migration; revisions are numbers, so that a database newer than the program is known as such."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970. Raises ValueError for a time without a zone: it is none for certain."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return (moment - EPOCH) // MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware time, kept as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds since 1970."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts by itself only in a column called INTEGER
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _interchange_id(**options: Any) -> Column[int]:
    return Column("interchange_id", ID, ForeignKey("interchange.id"), nullable=False, **options)


# -- accounts ---------------------------------------------------------------------------------------------------

account = Table(
    "account",
    METADATA,
    Column("name", String, primary_key=True),
    Column("supplier", String, nullable=False),
    Column("next_due", Instant),
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("paused_by", String),
    Column("paused_at", Instant),
    Column("pause_reason", Text),
    Column("last_success", Instant),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("last_failure", Instant),
    Column("last_error_code", String),
    Column("last_error", Text),
)

gate = Table(
    "gate",
    METADATA,
    Column("account", String, primary_key=True),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
    Column("holder", String),
    Column("login_at", Instant),
    Column("login_boot_id", String),
    Column("login_boot_time", Double),
    Column("settled", Boolean, nullable=False, server_default=false()),
    Column("lease_at", Instant),
    Column("lease_boot_id", String),
    Column("lease_boot_time", Double),
    Column("lease_microseconds", BigInteger, nullable=False, server_default=text("0")),
)

login = Table(
    "login",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("account", String, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("holder", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", String),
    Column("detail", Text),
    Column("tls", String),
    UniqueConstraint("account", "fence"),
    sqlite_autoincrement=True,
)

host = Table(
    "host",
    METADATA,
    Column("name", String, primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

# -- interchanges -----------------------------------------------------------------------------------------------

interchange = Table(
    "interchange",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("account", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("direction", String, nullable=False),
    Column("name", String, nullable=False),
    Column("state", String, nullable=False),
    Column("size", BigInteger),
    Column("modified", Instant),
    Column("sha256", String),
    Column("spool", String),
    Column("proven", Boolean, nullable=False, server_default=false()),
    Column("hold", String),
    Column("reason", Text),
    Column("temp_name", String),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("intent_at", Instant),
    Column("kind", String),
    Column("source", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("for_sinks", Boolean, nullable=False, server_default=true()),
    Column("host", String, nullable=False, server_default=text("''")),
    sqlite_autoincrement=True,  # an id names a file in the spool: it is never used again
)

# What a listing is looked up by: the order is that of the names as they arrive, so new keys go to the end.
Index(
    "ix_interchange_key",
    *(interchange.c[name] for name in ("name", "account", "channel", "direction", "size", "modified", "id")),
)
Index("ix_interchange_state", interchange.c.state, interchange.c.account, interchange.c.id)
Index("ix_interchange_sha256", interchange.c.sha256)
_IN_OUTBOX = interchange.c.source.is_not(None)
Index("ix_interchange_source", interchange.c.account, sqlite_where=_IN_OUTBOX, postgresql_where=_IN_OUTBOX)

event = Table(
    "event",
    METADATA,
    Column("id", ID, primary_key=True),
    _interchange_id(index=True),
    Column("at", Instant, nullable=False),
    Column("before", String),
    Column("after", String, nullable=False),
    Column("note", Text),
    sqlite_autoincrement=True,
)

reference = Table(
    "reference",
    METADATA,
    Column("reference", String, nullable=False),
    _interchange_id(index=True),
    PrimaryKeyConstraint("reference", "interchange_id"),
    sqlite_with_rowid=False,
)

verdict = Table(
    "verdict",
    METADATA,
    _interchange_id(primary_key=True),
    Column("document", Text, nullable=False),
    Column("suppressed", Text, nullable=False),
)

goods = Table(
    "goods",
    METADATA,
    Column("account", String, nullable=False),
    Column("supplier", String, nullable=False),
    Column("receiver", String, nullable=False),
    Column("note", String, nullable=False),
    Column("position", Integer, nullable=False),
    _interchange_id(),
    PrimaryKeyConstraint("account", "supplier", "receiver", "note", "position"),
    sqlite_with_rowid=False,
)

snapshot = Table(
    "snapshot",
    METADATA,
    Column("account", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("stamp", String, nullable=False),
    _interchange_id(),
    PrimaryKeyConstraint("account", "channel", "kind"),
)

# -- what people say --------------------------------------------------------------------------------------------

audit = Table(
    "audit",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("account", String, nullable=False),
    Column("interchange_id", ID, ForeignKey("interchange.id"), index=True),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_autoincrement=True,
)

# -- deliveries and problems ------------------------------------------------------------------------------------

delivery = Table(
    "delivery",
    METADATA,
    Column("id", ID, primary_key=True),
    _interchange_id(index=True),
    Column("sink", String, nullable=False),
    Column("key", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt", Instant),
    Column("last_attempt", Instant),
    Column("last_error", Text),
    Column("delivered_at", Instant),
    UniqueConstraint("sink", "key"),
    sqlite_autoincrement=True,
)
_OPEN = delivery.c.delivered_at.is_(None)
Index("ix_delivery_open", delivery.c.next_attempt, sqlite_where=_OPEN, postgresql_where=_OPEN)

base = Table(
    "base",
    METADATA,
    Column("sink", String, nullable=False),
    Column("account", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    _interchange_id(),
    Column("stamp", String, nullable=False),
    Column("key", String, nullable=False),
    Column("trying", BigInteger),
    PrimaryKeyConstraint("sink", "account", "channel", "kind"),
)

problem = Table(
    "problem",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("account", String, nullable=False),
    Column("code", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Column("closed_at", Instant),
    Column("host", String, nullable=False, server_default=text("''")),
    sqlite_autoincrement=True,
)
_UNSOLVED = problem.c.closed_at.is_(None)
Index(
    "ix_problem_open",
    problem.c.account,
    problem.c.code,
    problem.c.host,
    unique=True,
    sqlite_where=_UNSOLVED,
    postgresql_where=_UNSOLVED,
)
