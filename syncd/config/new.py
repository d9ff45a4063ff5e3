"""A first configuration: commented, for one account and one folder, checked before it takes its place."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syncd.config import load
from syncd.config.show import toml_value
from syncd.config.tables import is_loopback
from syncd.config.troubles import InvalidError
from syncd.errors import UsageError
from syncd.suppliers.rules import Encryption, Supplier

TEMPLATE = """\
# syncd: {title}.
# `syncd config check` says whether this file is right, `syncd config show` what is in force.
# docs/config.md describes every key.

# Spool, quarantine and database.
state_dir = {state_dir}

[account.{name}]
{account}

# What was fetched appears in this folder, unchanged and whole.
[sink.folder]
type = "directory"
path = {folder}
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody must say before a configuration can be written; None where the supplier's default will do."""

    supplier: Supplier
    host: str | None
    port: int | None
    tls: Encryption | None
    user: str
    customers: tuple[str, ...]
    relation_id: str | None
    ca_file: Path | None
    password_file: Path
    state_dir: Path
    outbox: Path
    folder: Path


def needs_customer(supplier: Supplier) -> bool:
    """Tell whether the names of a supplier's order files carry the customer number."""
    return any("{customer}" in channel.name_template for channel in supplier.outbound)


def compose(answers: Answers) -> str:
    """Write the configuration as commented TOML."""
    return TEMPLATE.format(
        title=answers.supplier.title,
        name=answers.supplier.name,
        state_dir=toml_value(str(answers.state_dir)),
        account="\n".join(_account_lines(answers)),
        folder=toml_value(str(answers.folder)),
    )


def write_new(path: Path, answers: Answers, password: str) -> list[Path]:
    """Write the configuration, the password's file and the folders; return what was made.

    A password's file that is there already stays as it is. Raises UsageError when the answers make no configuration, or
    a place cannot be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        made = _folders(path.parent)
        _write_private(draft, compose(answers))
        load(draft)
        made += _folders(answers.password_file.parent, answers.state_dir, answers.outbox, answers.folder)
        if not answers.password_file.exists():
            _write_private(answers.password_file, f"{password}\n" if password else "")
            made.append(answers.password_file)
        draft.replace(path)
    except InvalidError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each.key))}: {each.message}" for each in error.troubles)
        raise UsageError(f"this makes no configuration: {wrong}", remedy="No configuration was written.") from error
    except OSError as error:
        raise UsageError(
            f"{error.filename}: cannot be written: {error.strerror}",
            remedy="Choose other places: syncd config new FILE --state-dir DIR.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return [*made, path]


def _account_lines(answers: Answers) -> Iterator[str]:
    supplier = answers.supplier
    yield f"supplier = {toml_value(supplier.name)}"
    if answers.host:
        yield f"host = {toml_value(answers.host)}"
    if answers.port:
        yield f"port = {answers.port}"
    if answers.tls:
        plain = "  # the password travels in clear" if answers.tls is Encryption.NONE else ""
        yield f"tls = {toml_value(answers.tls.value)}{plain}"
    if answers.ca_file:
        yield f"ca_file = {toml_value(str(answers.ca_file))}"
    yield f"user = {toml_value(answers.user)}"
    yield "# The password stands alone in this file, which only its owner may read."
    yield f"password = {toml_value({'file': str(answers.password_file)})}"
    if answers.customers:
        yield f"customers = {toml_value(list(answers.customers))}  # the first is the sender of orders"
    if answers.relation_id:
        yield f"relation_id = {toml_value(answers.relation_id)}"
    yield "# Orders are dropped here, under another name first and then renamed: dot files and *.tmp are not looked at."
    yield f"outbox = {toml_value(str(answers.outbox))}"
    if answers.host and is_loopback(answers.host) and supplier.login_interval:
        yield '# login_interval = "10s"  # a server on this machine may be visited at any distance'


def _folders(*paths: Path) -> list[Path]:
    """Make the folders that are missing, for their owner alone."""
    made = []
    for path in dict.fromkeys(paths):
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True)
            made.append(path)
    return made


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # an old file would keep its permissions
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
