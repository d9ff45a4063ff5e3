"""The questions of `syncd config new`: what an option said is not asked, and with `--yes` nothing is."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from syncd.config import DEFAULT_PATH
from syncd.config.new import Answers, needs_customer
from syncd.config.settings import default_state_dir
from syncd.config.tables import is_loopback
from syncd.errors import UsageError
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Encryption, Supplier


class Interview:
    """Options first, then questions, then defaults."""

    def __init__(self, given: Mapping[str, object], *, quiet: bool) -> None:
        self._given = given
        self._quiet = quiet

    def answers(self, path: Path) -> Answers:
        """Ask for everything that a configuration at `path` needs."""
        supplier = SUPPLIERS[self._text("supplier", "Supplier", choices=list(SUPPLIERS))]
        host = self._optional("host") if supplier.host else self._text("host", "Server (name or address)")
        state_dir = self._path("state_dir", "Directory for spool and database", _state_dir(path))
        return Answers(
            supplier=supplier,
            host=host,
            port=self._given["port"] if isinstance(self._given["port"], int) else None,
            tls=self._tls(supplier, host or ""),
            user=self._text("user", "Login name"),
            customers=self._customers(supplier),
            relation_id=self._optional("relation_id"),
            ca_file=self._given_path("ca_file"),
            password_file=self._path(
                "password_file", "File for the password", path.parent / "credentials" / supplier.name
            ),
            state_dir=state_dir,
            outbox=self._path("outbox", "Folder where the shop drops orders", state_dir / "outbox"),
            folder=self._path("folder", "Folder where fetched files appear", state_dir / "inbox"),
        )

    def password(self, path: Path) -> str:
        """Ask for the password unless its file is there; empty: it is written into the file later."""
        if self._quiet or path.exists():
            return ""
        answer: str = click.prompt(
            "Password (empty: write it into the file later)", "", hide_input=sys.stdin.isatty(), show_default=False
        )
        return answer

    def _tls(self, supplier: Supplier, host: str) -> Encryption | None:
        allowed = supplier.tls.allowed
        if Encryption.NONE not in allowed and not self._given["tls"]:
            return None
        default = Encryption.NONE if is_loopback(host) else Encryption.EXPLICIT
        return Encryption(
            self._text("tls", "TLS, as your contract says", default.value, [each.value for each in allowed])
        )

    def _customers(self, supplier: Supplier) -> tuple[str, ...]:
        given = self._given["customer"]
        if given and isinstance(given, tuple):
            return given
        return (self._text("customer", "Customer number (six digits)"),) if needs_customer(supplier) else ()

    def _optional(self, key: str) -> str | None:
        return str(self._given[key]) if self._given[key] else None

    def _text(self, key: str, question: str, default: str | None = None, choices: Sequence[str] = ()) -> str:
        if given := self._optional(key):
            return given
        if not self._quiet:
            answer: str = click.prompt(question, default, type=click.Choice(choices) if choices else str)
            return answer
        if default is None:
            raise UsageError(f"--{key.replace('_', '-')} is needed", remedy="With --yes nothing is asked.")
        return default

    def _path(self, key: str, question: str, default: Path) -> Path:
        return Path(self._text(key, question, str(default))).expanduser().absolute()

    def _given_path(self, key: str) -> Path | None:
        given = self._optional(key)
        return Path(given).expanduser().absolute() if given else None


def _state_dir(path: Path) -> Path:
    return Path("/var/lib/syncd") if path == DEFAULT_PATH else default_state_dir(os.environ)
