"""Umbreit's OLA on loopback: a line protocol over telnet that tells what is there, and takes reservations as orders.

Written from "Technische Dokumentation Bestelldaten, ELS, OLA", Stand 12/2021, chapter 5. What the document leaves open
is decided in the most awkward way that a visitor must expect: after a good login the house says nothing at all.
Every reservation is an order in its books, however often the same line comes.
"""

from syncd.simulate.ola.house import OlaHouse
from syncd.simulate.ola.manners import Fault, Manners, Stock, parse_faults

__all__ = ["Fault", "Manners", "OlaHouse", "Stock", "parse_faults"]
