"""The simulated houses: suppliers on loopback that enforce their own rules and keep books on every visitor.

A house is a real server (FTP; HTTP for `AlmaHouse`; a line protocol for `ola.OlaHouse`), written from the supplier's
document alone. It imports nothing of what syncd knows about suppliers and formats, so that a misreading cannot confirm
itself. It never asks the time or the dice: clock and random source are handed in, and it waits by the event loop only,
so the same house runs on sockets and on a simulated network.

`async with UmbreitHouse(...) as house:` or `CbHouse(...)`; then `house.orders`, `house.violations` and `house.books()`
say what happened. docs/simulate.md lists the rules and the faults.
"""

from syncd.simulate.alma import AlmaHouse
from syncd.simulate.books import Command, Handed, Login, Order, Placed, Post, Struck, Violation
from syncd.simulate.cb import CbHouse
from syncd.simulate.certificates import Certificate, make_certificate
from syncd.simulate.host import Tls
from syncd.simulate.house import House
from syncd.simulate.umbreit import UmbreitHouse

__all__ = [
    "AlmaHouse",
    "CbHouse",
    "Certificate",
    "Command",
    "Handed",
    "House",
    "Login",
    "Order",
    "Placed",
    "Post",
    "Struck",
    "Tls",
    "UmbreitHouse",
    "Violation",
    "make_certificate",
]
