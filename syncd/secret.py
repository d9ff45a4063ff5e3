"""Where a password comes from: a file, a systemd credential, the environment, or, as a last choice, the configuration.

`Secret` is the table that stands in the configuration in place of a password. Nothing is read until `read()` is called,
so that a configuration can be checked and shown on a machine that has no secrets. What was read is hidden from every
log line from then on, and no `repr` shows it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema

from syncd.errors import ConfigError
from syncd.log import hide


class Secret(BaseModel):
    """Name the one place that holds a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(default=None, description="a file that holds nothing but the secret")
    credential: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$",
        description="the name of a systemd credential (LoadCredential=)",
    )
    env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="an environment variable")
    _inline: SecretStr | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _inline_or_table(cls, value: Any, read: Callable[[Any], Self]) -> Self:
        """Take a text as the secret itself; whether it may stand there is for the configuration to judge."""
        if not isinstance(value, str):
            return read(value)
        secret = cls.model_construct()
        secret._inline = SecretStr(value)  # noqa: SLF001 - our own class
        return secret

    @field_validator("file")
    @classmethod
    def _absolute(cls, file: Path | None) -> Path | None:
        if file is None or file.expanduser().is_absolute():
            return file and file.expanduser()
        raise ValueError("should be an absolute path")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self._inline is None and len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give exactly one of file, credential, env")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe a table of one key, or the secret itself."""
        table = handler.resolve_ref_schema(handler(schema))
        for entry in table["properties"].values():
            entry.pop("default", None)
        table |= {"minProperties": 1, "maxProperties": 1}
        return {"anyOf": [table, {"type": "string"}], "description": "A secret, by the place that holds it."}

    def read(self) -> str:
        """Return the secret without its line end; raise ConfigError when it is not there, is empty, or is exposed."""
        secret = self._found()
        if not secret:
            raise ConfigError(f"the secret in {self.place} is empty", remedy="Write the password there.")
        hide(secret)
        return secret

    @property
    def place(self) -> str:
        """Say where the secret is, in words for an operator."""
        if self.env:
            return f"environment variable {self.env}"
        if self.credential:
            return f"credential {self.credential}"
        return f"file {self.file}" if self.file else "the configuration"

    def __repr__(self) -> str:
        """Show the place, never the secret."""
        return f"Secret({self.place})"

    def __str__(self) -> str:
        """Write the secret as the configuration names it, `***` when the configuration holds it."""
        table = self.model_dump(mode="json", exclude_none=True)
        return "".join(f'{{ {key} = "{value}" }}' for key, value in table.items()) or "***"

    def _found(self) -> str:
        if self._inline is not None:
            return self._inline.get_secret_value()
        return os.environ.get(self.env, "") if self.env else self._from_file()

    def _from_file(self) -> str:
        path = self._path()
        try:
            text = path.read_text(encoding="utf-8")
            exposed = path.stat().st_mode & 0o077
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot read the secret in {self.place}: {_reason(error)}",
                remedy="The user that syncd runs as must be able to read it, as UTF-8 text.",
            ) from error
        if exposed and self.file:  # systemd guards a credential by its directory
            raise ConfigError(f"the secret in {self.place} is open to others", remedy=f"Run: chmod 600 {self.file}")
        return text.removesuffix("\n").removesuffix("\r")

    def _path(self) -> Path:
        if self.file:
            return self.file
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise ConfigError(
                f"there is no {self.place}: CREDENTIALS_DIRECTORY is not set",
                remedy="Credentials exist only under systemd, in a unit with LoadCredential=.",
            )
        return Path(directory, self.credential or "")


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """Say what went wrong without quoting what was read."""
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
