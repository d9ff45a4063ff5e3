"""The table `[account.NAME.ola]`: the availability query of a supplier that has one, at a server of its own."""

import re
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from syncd.config.table import CUSTOMER, HOST, USER, AbsolutePath, Table
from syncd.config.visits import ScheduleTable
from syncd.formats.ola_session import LOGIN_PROMPT, PASSWORD_PROMPT, WINDOW
from syncd.secret import Secret


class OlaTable(Table):
    """The availability query (OLA): it knows no TLS, so user, password and order marks travel in clear."""

    host: Annotated[str, Field(pattern=HOST, min_length=1)]
    """The server's name or address, which the supplier tells on request; not that of the FTP server."""
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Default: the supplier's for live data."""
    user: Annotated[str, Field(pattern=USER)]
    """The login name."""
    password: Secret
    """The password, by the place that holds it."""
    customer: Annotated[str, Field(pattern=CUSTOMER)] | None = None
    """The customer number that asks and orders. Default: the first of the account's `customers`."""
    login_prompt: str = LOGIN_PROMPT
    """A regular expression for what the server shows before the login name."""
    password_prompt: str = PASSWORD_PROMPT
    """A regular expression for what the server shows before the password."""
    window: Annotated[int, Field(ge=1, le=1000)] = WINDOW
    """Queries under way at once; 1 asks, waits, asks."""
    watch: AbsolutePath | None = None
    """A watch list: `ARTICLE[:QUANTITY]` a line, asked on `schedule`; the answers go to the account's sinks."""
    schedule: ScheduleTable | None = None
    """When the watch list is asked. Default: every hour."""
    watch_price: bool = False
    """Ask for the retail price of what is watched as well."""

    @field_validator("schedule", "watch_price")
    @classmethod
    def _needs_a_list(cls, value: Any, info: ValidationInfo) -> Any:
        if value and "watch" in info.data and info.data["watch"] is None:
            raise ValueError("is for a watch list: set watch as well")
        return value

    @field_validator("login_prompt", "password_prompt")
    @classmethod
    def _expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return pattern
