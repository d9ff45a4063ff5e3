"""Where a password comes from: a file, a systemd credential or the environment; never the configuration itself.

`Secret` is the table that stands in the configuration in place of a password. Nothing is read until `read()` is called,
so that a configuration can be checked and shown on a machine that has no secrets.
"""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syncd.errors import ConfigError


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

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give exactly one of file, credential, env")
        return self

    def read(self) -> str:
        """Return the secret without its line end; raise ConfigError when it is not there or is empty."""
        secret = self._from_environment() if self.env else self._from_file()
        if not secret:
            raise ConfigError(f"the secret in {self.place} is empty", remedy="Write the password there.")
        return secret

    @property
    def place(self) -> str:
        """Say where the secret is, in words for an operator."""
        if self.env:
            return f"environment variable {self.env}"
        return f"credential {self.credential}" if self.credential else f"file {self.file}"

    def _from_environment(self) -> str:
        return os.environ.get(self.env or "", "")

    def _from_file(self) -> str:
        try:
            return self._path().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot read the secret in {self.place}: {error}",
                remedy="The user that syncd runs as must be able to read it, as UTF-8 text.",
            ) from error

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
