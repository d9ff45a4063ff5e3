"""The invented shop: a folder with a configuration, passwords, an order sheet, an outbox and an inbox."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from syncd.errors import UsageError

CUSTOMER = "900900"
RELATION = "1234567"
REFERENCE = "2611-01"

ORDERS = f"""\
article;qualifier;quantity;reference;mark;back_order
9783442756841;EN;2;{REFERENCE};Abholfach 7;J
9783869170596;EN;1;{REFERENCE};MUSTER;J
9783100052285;EN;4;{REFERENCE};;N
9783406501579;EN;10;{REFERENCE};Buchclub;J
"""
"""What the shop orders. The simulated house decides by the second-last digit: 9 is missing, of 8 there is a half."""

CONFIG = """\
# The demonstration's own configuration. Only the two intervals are shorter than a real supplier allows, which syncd
# accepts for servers on this machine and for no other.
state_dir = "{folder}/state"

[log]
format = "json"

[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {umbreit}
user = "{customer}"
password = {{ file = "{folder}/secrets/umbreit" }}
tls = "none"
customers = ["{customer}"]
outbox = "{folder}/outbox"
schedule = {{ every = "1s" }}

[account.cb]
supplier = "cb"
host = "127.0.0.1"
port = {cb}
user = "shop"
password = {{ file = "{folder}/secrets/cb" }}
ca_file = "{folder}/secrets/ca.pem"
relation_id = "{relation}"
login_interval = "{interval}s"
schedule = {{ every = "{interval}s" }}

[sink.inbox]
type = "directory"
path = "{folder}/inbox"
raw = true
records = true

[sink.database]
type = "sql"
url = "sqlite:///{folder}/shop.sqlite"
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop's folder; every path in it is a property."""

    folder: Path
    umbreit_password: str
    cb_password: str

    @property
    def config(self) -> Path:
        """The configuration of the daemon."""
        return self.folder / "syncd.toml"

    @property
    def sheet(self) -> Path:
        """The shop's orders as a spreadsheet saved them."""
        return self.folder / "orders.csv"

    @property
    def outbox(self) -> Path:
        """Where orders are dropped."""
        return self.folder / "outbox"

    @property
    def inbox(self) -> Path:
        """Where the directory sink puts what came."""
        return self.folder / "inbox"

    @property
    def database(self) -> Path:
        """Where the SQL sink puts what came."""
        return self.folder / "shop.sqlite"

    @property
    def ca_file(self) -> Path:
        """The certificate authority of the simulated CB."""
        return self.folder / "secrets" / "ca.pem"

    @property
    def log(self) -> Path:
        """The daemon's log."""
        return self.folder / "daemon.log"


def open_shop(folder: Path) -> Shop:
    """Make the folder with everything but the configuration, which needs the houses' ports.

    Raises UsageError when the folder is there already.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already", remedy="Remove it, or name another: syncd demo FOLDER")
    shop = Shop(folder, secrets.token_urlsafe(9), secrets.token_urlsafe(9))
    for each in (folder, shop.outbox, shop.inbox, folder / "secrets"):
        each.mkdir(mode=0o700, parents=True)
    for name, password in (("umbreit", shop.umbreit_password), ("cb", shop.cb_password)):
        path = folder / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(password, encoding="utf-8")
    shop.sheet.write_text(ORDERS, encoding="cp1252")
    return shop


def write_config(shop: Shop, *, umbreit: int, cb: int, interval: int) -> None:
    """Write the configuration for houses on these ports, with CB's login interval in seconds."""
    text = CONFIG.format(
        folder=shop.folder, umbreit=umbreit, cb=cb, interval=interval, customer=CUSTOMER, relation=RELATION
    )
    shop.config.touch(mode=0o600)
    shop.config.write_text(text, encoding="utf-8")
