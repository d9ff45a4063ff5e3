"""The tables of the configuration as they may stand in TOML: names, types, defaults, and what each supplier allows.

This is the border: pydantic lives here and in the sinks' `Settings`, and nothing behind it sees these classes
(`syncd.config.settings` holds what the house works with). Every check is a field validator, so that one pass reports
everything that is wrong. Defaults are checked too: many of them come from the supplier, which is why `supplier` is the
first field of an account and `host` stands before what depends on it.
"""

import ipaddress
from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PlainValidator,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from syncd.config.guard import GuardTable
from syncd.config.ola import OlaTable
from syncd.config.table import CUSTOMER, DATABASE, HOST, NAME, RELATION, USER, AbsolutePath, Table
from syncd.config.units import Duration, Size, show_duration
from syncd.config.visits import ScheduleTable
from syncd.retention import Retention
from syncd.secret import Secret
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Encryption, Inbound, Supplier
from syncd.urls import has_sound_port, holds_secret

IMPLICIT_PORT = 990
"""FTP over TLS from the first byte: IANA's port for it."""


def choice(value: str, choices: Iterable[str], what: str) -> str:
    """Return `value` when it is one of `choices`; else raise ValueError with the nearest one, or all of them."""
    known = sorted(choices)
    if value in known:
        return value
    near = get_close_matches(value, known, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(known) or 'none'}"
    raise ValueError(f'unknown {what} "{value}"; {hint}')


def _supplier(value: object) -> Supplier:
    return SUPPLIERS[choice(str(value), SUPPLIERS, "supplier")]


AccountName = Annotated[str, StringConstraints(pattern=NAME, max_length=64)]
SupplierName = Annotated[Supplier, PlainValidator(_supplier), WithJsonSchema({"enum": list(SUPPLIERS)})]


class LogTable(Table):
    """How the log is written."""

    format: Literal["auto", "console", "json"] = "auto"
    """`auto`: coloured lines on a terminal, journal lines under systemd, JSON otherwise."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe level that is written."""


class SpoolTable(Table):
    """What the spool keeps of files that are done. What waits for anything is always kept."""

    keep: Annotated[Duration, Field(validate_default=False)] = Retention.keep
    """How long the bytes of a file are kept after it is done."""
    most: Annotated[Size, Field(validate_default=False)] = Retention.most
    """How large the spool may become before the bytes of the oldest go earlier."""

    def retention(self) -> Retention:
        """Return it as the decisions want it."""
        return Retention(self.keep, self.most)


class AccountTable(Table):
    """A login at a supplier."""

    supplier: SupplierName
    """The trading partner whose server is visited."""
    enabled: bool = True
    """`false`: never visited; what waits, waits."""
    host: Annotated[str, Field(pattern=HOST)] = ""
    """The server's name or address. Default: the supplier's, where it is public."""
    tls: Encryption | None = None
    """`none`, `explicit` (AUTH TLS) or `implicit`: one that the supplier allows."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Default: the supplier's; 990 with `tls = "implicit"`."""
    user: Annotated[str, Field(pattern=USER)]
    """The login name."""
    password: Secret
    """The password, by the place that holds it."""
    ca_file: AbsolutePath | None = None
    """Trust this CA, or this very certificate, instead of the system's (PEM)."""
    strict_tls_end: bool = True
    """Refuse a download that ends without a TLS close; `false` for servers that never send one."""
    customers: tuple[Annotated[str, Field(pattern=CUSTOMER)], ...] = ()
    """Our customer numbers, six digits; the first is the sender of orders."""
    relation_id: Annotated[str, Field(pattern=RELATION)] | None = None
    """Our relation number at CB."""
    outbox: AbsolutePath | None = None
    """The folder into which the shop drops orders."""
    channels: tuple[str, ...] | None = None
    """What is fetched. Default: every channel of the supplier that is not optional."""
    consume: Consume | None = None
    """Who removes a file that was read, where the supplier leaves the choice."""
    schedule: ScheduleTable | None = None
    """When to visit. Default: the supplier's times."""
    login_interval: Duration | None = None
    """The least time between two logins: never below the supplier's, except at a server on this machine."""
    longest_visit: Annotated[Duration, Field(validate_default=False)] = timedelta(hours=2)
    """After it no further order or file is begun, and a single transfer that takes as long is cut."""
    lease: Annotated[Duration, Field(validate_default=False)] = timedelta(minutes=15)
    """How long a session that gives no sign of life keeps other hosts away: at least 2m."""
    guard: Annotated[GuardTable, Field(validate_default=False)] = GuardTable()
    """What is normal; what is beyond it waits for a person."""
    late_after: Duration | None = None
    """How late a stock list may be before a person is told. Default: the supplier's, 45 minutes at CB."""
    unanswered_after: Annotated[Duration, Field(validate_default=False)] = timedelta(days=4)
    """How long an order, or a line of one, may go unanswered."""
    sinks: tuple[str, ...] | None = None
    """Which sinks get what was fetched. Default: all."""
    ola: OlaTable | None = None
    """The availability query, at suppliers that have one; without this table nothing is ever asked."""

    @field_validator("host")
    @classmethod
    def _known_host(cls, host: str, info: ValidationInfo) -> str:
        supplier = info.data.get("supplier")
        if supplier and not (host or supplier.host):
            raise ValueError(f"is required: {supplier.title} tells the address of its server on request")
        return host or (supplier.host if supplier else "")

    @field_validator("tls")
    @classmethod
    def _allowed_tls(cls, tls: Encryption | None, info: ValidationInfo) -> Encryption | None:
        supplier = info.data.get("supplier")
        if not supplier:
            return tls
        allowed = supplier.tls.allowed
        if tls is None and Encryption.NONE in allowed:
            raise ValueError(
                'is required: "explicit" or "implicit" as your contract says, or "none" in so many words'
                " (the password then travels in clear)"
            )
        if tls is not None and tls not in allowed:
            raise ValueError(f"should be {_either(allowed)}: {supplier.title} demands it")
        return tls or allowed[0]

    @field_validator("port")
    @classmethod
    def _default_port(cls, port: int, info: ValidationInfo) -> int:
        if port or "supplier" not in info.data:
            return port
        implicit = info.data.get("tls") is Encryption.IMPLICIT
        return IMPLICIT_PORT if implicit else int(info.data["supplier"].port)

    @field_validator("customers")
    @classmethod
    def _sender(cls, customers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        supplier = info.data.get("supplier")
        if supplier and not customers and any("{customer}" in channel.name_template for channel in supplier.outbound):
            raise ValueError("is required: the names of order files carry the customer number")
        return customers

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, channels: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        supplier = info.data.get("supplier")
        if not supplier:
            return channels
        if channels is None:
            return tuple(channel.name for channel in supplier.inbound if not channel.optional)
        known = [channel.name for channel in supplier.inbound]
        return tuple(choice(name, known, "channel") for name in channels)

    @field_validator("consume")
    @classmethod
    def _allowed_consume(cls, consume: Consume | None, info: ValidationInfo) -> Consume | None:
        supplier, names = info.data.get("supplier"), info.data.get("channels")
        if consume is None or not supplier or names is None:
            return consume
        for channel in supplier.inbound:
            if channel.name in names and consume not in (allowed := _consume_choices(channel)):
                raise ValueError(
                    f"should be {_either(allowed)} for the channel {channel.name}: {supplier.title}'s rule"
                )
        return consume

    @field_validator("ola")
    @classmethod
    def _has_ola(cls, ola: OlaTable | None, info: ValidationInfo) -> OlaTable | None:
        supplier = info.data.get("supplier")
        if ola and supplier and not supplier.ola:
            raise ValueError(f"{supplier.title} has no availability query")
        return ola

    @field_validator("login_interval")
    @classmethod
    def _polite(cls, interval: timedelta | None, info: ValidationInfo) -> timedelta | None:
        supplier = info.data.get("supplier")
        if not supplier:
            return interval
        least = supplier.login_interval
        if interval is not None and interval < least and not is_loopback(info.data.get("host", "")):
            raise ValueError(f"should be at least {show_duration(least)}: {supplier.title} demands it")
        return least if interval is None else interval

    @field_validator("lease")
    @classmethod
    def _long_enough(cls, lease: timedelta, info: ValidationInfo) -> timedelta:
        if lease < LEAST_LEASE and not is_loopback(info.data.get("host", "")):
            raise ValueError(f"should be at least {show_duration(LEAST_LEASE)}: a slow server is silent for so long")
        return lease


LEAST_LEASE = timedelta(minutes=2)


class Document(BaseSettings):
    """The configuration of syncd."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=True,
        env_prefix="SYNCD_",
        env_nested_delimiter="__",
        title="syncd.toml",
    )

    state_dir: AbsolutePath | None = None
    """Spool, quarantine and database. Default: $STATE_DIRECTORY, else ~/.local/state/syncd."""
    database: Annotated[str, Field(pattern=DATABASE)] | None = None
    """A PostgreSQL URL without a password. Default: SQLite in `state_dir`."""
    database_password: Secret | None = None
    """The database's password, by the place that holds it."""
    stop_timeout: Annotated[Duration, Field(validate_default=False)] = timedelta(seconds=120)
    """How long a stop waits for a step that must not be cut."""
    reserve: Annotated[Size, Field(validate_default=False)] = 64 * 10**6
    """Disk space that must stay free: nothing is fetched that would touch it."""
    spool: Annotated[SpoolTable, Field(validate_default=False)] = SpoolTable()
    """What is kept of files that are done."""
    log: LogTable = LogTable()
    account: dict[AccountName, AccountTable] = {}
    """The logins, by name."""
    sink: dict[AccountName, dict[str, Any]] = {}
    """Where accepted files go, by name: `type`, and the keys of that sink."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `syncd.config.sources` alone, which knows where each of them stands."""
        return (init_settings,)

    @field_validator("account", mode="before")
    @classmethod
    def _some_account(cls, accounts: object) -> object:
        if not accounts:
            raise ValueError("is required: a table [account.NAME] for each login at a supplier")
        return accounts

    @field_validator("database")
    @classmethod
    def _usable(cls, url: str | None) -> str | None:
        if url and holds_secret(url):
            raise ValueError("must not hold the password: name its place in database_password")
        if url and not has_sound_port(url):
            raise ValueError("should have a number up to 65535 as its port")
        return url


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, where no supplier's rule can be hurt."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _consume_choices(channel: Inbound) -> tuple[Consume, ...]:
    return (channel.consume, *channel.consume_choices)


def _either(choices: Iterable[str]) -> str:
    return " or ".join(f'"{value}"' for value in choices)
