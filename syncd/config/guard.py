"""The table `[account.NAME.guard]`: what an account calls normal; what is beyond it waits for a person."""

from typing import Annotated

from pydantic import Field

from syncd.config.table import Table
from syncd.config.units import Duration
from syncd.plan.guards import Guard


class GuardTable(Table):
    """What is normal here. What is beyond it is held until `syncd approve`."""

    most_orders: Annotated[int, Field(ge=1)] = Guard.most_orders
    """Order files that may lie in the outbox at once."""
    oldest: Annotated[Duration, Field(validate_default=False)] = Guard.oldest
    """How old an order file may be."""
    allow_empty_snapshot: bool = Guard.allow_empty_snapshot
    """`true`: a stock list without an article is handed on like any other."""
    least_stock: Annotated[int, Field(ge=0, le=100)] = Guard.least_stock
    """Percent of the stock list before that the next one must have; 0: any."""

    def guard(self) -> Guard:
        """Return it as the decisions want it."""
        return Guard(self.most_orders, self.oldest, self.allow_empty_snapshot, self.least_stock)
