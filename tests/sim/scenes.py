"""The histories that are told again and again, once for each fault: an order and what comes back."""

import asyncio
from datetime import timedelta

from syncd.simulate.stocklist import invented_rows
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Every
from tests.sim.faults import Plan
from tests.sim.shop import cb_order, umbreit_order
from tests.sim.verdict import violations
from tests.sim.world import Place, World

UMBREIT = Place("umbreit", "umbreit", "900900", Consume.WE_REMOVE, Every(timedelta(minutes=5)))
KEEPING = Place("keeping", "umbreit", "900901", Consume.KEEP, Every(timedelta(minutes=30)))
CB = Place("cb", "cb", "shop", Consume.SERVER_REMOVES, SUPPLIERS["cb"].visits, login_interval=600.0)


async def _order_and_answers(world: World) -> None:
    world.order("umbreit", *umbreit_order(1, world.clock.true()))


async def _order_and_stock_list(world: World) -> None:
    world.order("cb", *cb_order(1))
    await asyncio.sleep(70)
    world.houses["cb"].publish_stock(invented_rows(40))  # type: ignore[attr-defined]


def umbreit(plan: Plan, **options: object) -> World:
    """One order to Umbreit, its ERM and its ELS, which we remove."""
    return World((UMBREIT,), _order_and_answers, plan, judge=violations, **options)  # type: ignore[arg-type]


def cb(plan: Plan, **options: object) -> World:
    """One order to CB, and a stock list that vanishes as it is read."""
    return World((CB,), _order_and_stock_list, plan, judge=violations, **options)  # type: ignore[arg-type]


SCENES = {"umbreit": umbreit, "cb": cb}
