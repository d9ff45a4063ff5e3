"""What the house works with: checked settings as plain frozen values, every default filled in.

Passwords are `Secret`s: named here, read when they are needed. Times are `timedelta`, sizes are bytes, paths absolute.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BaseModel

from syncd.config.sources import Sources
from syncd.config.tables import AccountTable, Document
from syncd.config.visits import Schedule
from syncd.plan.guards import Guard
from syncd.retention import Retention
from syncd.secret import Secret
from syncd.sinks.base import Terms
from syncd.suppliers.rules import Encryption, Every, Inbound, Supplier

WATCH_SCHEDULE = Every(timedelta(hours=1))
"""When a watch list is asked if nothing else is said; the supplier's document says nothing of it."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the log is written: `auto`, `console` or `json`; the least severe level."""

    format: str
    level: str


@dataclass(frozen=True, slots=True)
class OlaSettings:
    """An account's availability query: a server and a login of its own."""

    host: str
    port: int
    user: str
    password: Secret
    customer: str
    """The customer number that asks and orders."""
    login_prompt: str
    password_prompt: str
    window: int
    watch: Path | None
    schedule: Schedule
    """When the watch list is asked; in the supplier's time zone."""
    watch_price: bool


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """A login at a supplier, with everything the shop chose and everything it left to the supplier."""

    name: str
    supplier: Supplier
    enabled: bool
    host: str
    port: int
    user: str
    password: Secret
    tls: Encryption
    ca_file: Path | None
    strict_tls_end: bool
    customers: tuple[str, ...]
    """The first is the sender of orders."""
    relation_id: str | None
    outbox: Path | None
    inbound: tuple[Inbound, ...]
    """The channels to fetch, `consume` as the account chose it."""
    schedule: Schedule
    """In the supplier's time zone."""
    login_interval: timedelta
    longest_visit: timedelta
    lease: timedelta
    guard: Guard
    late_after: timedelta | None
    """How late a stock list may be; None: as the supplier's entry says."""
    unanswered_after: timedelta
    """An order of which nothing was heard for so long is unanswered, and so is a line of one."""
    sinks: tuple[str, ...]
    event_sinks: tuple[str, ...]
    """Those of the sinks that are told what becomes of order lines."""
    ola: OlaSettings | None


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """A sink: `type` names its entry point, `settings` is an instance of its class's `Settings`."""

    name: str
    type: str
    settings: BaseModel
    terms: Terms


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration."""

    sources: Sources = field(repr=False)
    """The file and the variables it was read from."""
    state_dir: Path
    database: str | None
    """A PostgreSQL URL without a password; None: SQLite in `state_dir`."""
    database_password: Secret | None
    stop_timeout: timedelta
    reserve: int
    """Bytes of disk that stay free."""
    retention: Retention
    log: LogSettings
    accounts: Mapping[str, AccountSettings]
    sinks: Mapping[str, SinkSettings]

    def database_url(self) -> str | None:
        """Return the database's URL with its password, read now; None for SQLite. Raises ConfigError."""
        if self.database is None or self.database_password is None:
            return self.database
        parts = urlsplit(self.database)
        user, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.database_password.read(), safe='')}@{host}"))


def settings_from(document: Document, sinks: Mapping[str, tuple[str, BaseModel, Terms]], sources: Sources) -> Settings:
    """Fill in the defaults that depend on the machine and on other tables."""
    terms = {name: made[2] for name, made in sinks.items()}
    return Settings(
        sources=sources,
        state_dir=document.state_dir or default_state_dir(os.environ),
        database=document.database,
        database_password=document.database_password,
        stop_timeout=document.stop_timeout,
        reserve=document.reserve,
        retention=document.spool.retention(),
        log=LogSettings(document.log.format, document.log.level),
        accounts=MappingProxyType({n: _account(n, table, terms) for n, table in document.account.items()}),
        sinks=MappingProxyType({name: SinkSettings(name, *made) for name, made in sinks.items()}),
    )


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Return the directory that systemd made for us, else the one of the XDG base directories."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "syncd"


def _account(name: str, table: AccountTable, terms: Mapping[str, Terms]) -> AccountSettings:
    supplier = table.supplier
    sinks = tuple(terms) if table.sinks is None else table.sinks
    chosen = [channel for channel in supplier.inbound if channel.name in (table.channels or ())]
    return AccountSettings(
        name=name,
        supplier=supplier,
        enabled=table.enabled,
        host=table.host,
        port=table.port,
        user=table.user,
        password=table.password,
        tls=table.tls or supplier.tls.allowed[0],
        ca_file=table.ca_file,
        strict_tls_end=table.strict_tls_end,
        customers=table.customers,
        relation_id=table.relation_id,
        outbox=table.outbox,
        inbound=tuple(replace(channel, consume=table.consume or channel.consume) for channel in chosen),
        schedule=table.schedule.schedule() if table.schedule else supplier.visits,
        login_interval=supplier.login_interval if table.login_interval is None else table.login_interval,
        longest_visit=table.longest_visit,
        lease=table.lease,
        guard=table.guard.guard(),
        late_after=table.late_after,
        unanswered_after=table.unanswered_after,
        sinks=sinks,
        event_sinks=tuple(sink for sink in sinks if terms[sink].events),
        ola=_ola(table),
    )


def _ola(table: AccountTable) -> OlaSettings | None:
    if table.ola is None or table.supplier.ola is None:
        return None
    return OlaSettings(
        host=table.ola.host,
        port=table.ola.port or table.supplier.ola.port,
        user=table.ola.user,
        password=table.ola.password,
        customer=table.ola.customer or table.customers[0],
        login_prompt=table.ola.login_prompt,
        password_prompt=table.ola.password_prompt,
        window=table.ola.window,
        watch=table.ola.watch,
        schedule=table.ola.schedule.schedule() if table.ola.schedule else WATCH_SCHEDULE,
        watch_price=table.ola.watch_price,
    )
