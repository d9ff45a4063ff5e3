"""What each supplier demands, as data. `SUPPLIERS` is the register: one line for each."""

from collections.abc import Mapping
from types import MappingProxyType

from syncd.suppliers.cb import CB
from syncd.suppliers.rules import Supplier
from syncd.suppliers.umbreit import UMBREIT

SUPPLIERS: Mapping[str, Supplier] = MappingProxyType({supplier.name: supplier for supplier in (UMBREIT, CB)})
