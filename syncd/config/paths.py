"""What a configuration points to on this machine: folders to write in, certificates and secrets to read."""

import os
import ssl
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from syncd.config.lines import Key
from syncd.config.settings import Settings
from syncd.errors import ConfigError
from syncd.secret import Secret
from syncd.sinks.names import FILE

Told = tuple[Key, str]


def unusable(settings: Settings) -> Iterator[Told]:
    """Yield what the user that asks could not use, with the key that names it."""
    yield from _folder(("state_dir",), settings.state_dir)
    if settings.database_password:
        yield from _secret(("database_password",), settings.database_password)
    for name, account in settings.accounts.items():
        key: Key = ("account", name)
        yield from _secret((*key, "password"), account.password)
        if account.ola:
            yield from _secret((*key, "ola", "password"), account.ola.password)
        if account.ola and account.ola.watch and not os.access(account.ola.watch, os.R_OK):
            yield (*key, "ola", "watch"), f"{account.ola.watch} is not there, or not readable for this user"
        if account.outbox:
            yield from _folder((*key, "outbox"), account.outbox)
        if account.ca_file:
            yield from _certificate((*key, "ca_file"), account.ca_file)
    for name, sink in settings.sinks.items():
        yield from _of_sink(("sink", name), sink.settings)


def _of_sink(key: Key, settings: BaseModel) -> Iterator[Told]:
    """Look at paths and secrets by their types, and at what only the sink's own settings know to be on this machine."""
    for field, value in settings:
        if isinstance(value, Path) and field == "ca_file":
            yield from _certificate((*key, field), value)
        elif isinstance(value, Path) and type(settings).model_fields[field].json_schema_extra == FILE:
            yield from _file((*key, field), value)
        elif isinstance(value, Path):
            yield from _folder((*key, field), value)
        elif isinstance(value, Secret):
            yield from _secret((*key, field), value)
    own: Callable[[], Iterable[tuple[str, str]]] = getattr(settings, "unusable", tuple)
    for field, why in own():
        yield (*key, field), why


def _file(key: Key, path: Path) -> Iterator[Told]:
    if not path.is_file() or not os.access(path, os.R_OK):
        yield key, f"{path} is no file that this user can read"


def _folder(key: Key, path: Path) -> Iterator[Told]:
    """A folder may still be missing where syncd can make it: its parent is there, and writable."""
    there = path if path.exists() else path.parent
    if path.exists() and not path.is_dir():
        yield key, f"{path} is not a directory"
    elif not there.is_dir():
        yield key, f"{path} is not there, and neither is its parent: mkdir -p {path}"
    elif not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        yield key, f"{there} is not writable for this user"


def _secret(key: Key, secret: Secret) -> Iterator[Told]:
    try:
        secret.read()
    except ConfigError as error:
        yield key, f"{error}. {error.remedy}"


def _certificate(key: Key, path: Path) -> Iterator[Told]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # an SSLError is one
        yield key, f"{path} holds no certificate that can be read (PEM): {error.strerror or error}"
