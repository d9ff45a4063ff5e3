"""The table `[account.NAME.ola]`: the availability query of a supplier that has one, at a server of its own."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from syncd.config.table import CUSTOMER, HOST, USER, Table
from syncd.formats.ola_session import LOGIN_PROMPT, PASSWORD_PROMPT
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

    @field_validator("login_prompt", "password_prompt")
    @classmethod
    def _expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        return pattern
