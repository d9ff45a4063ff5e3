"""The histories that are told again and again, once for each fault: an order and what comes back.

Each is short, and meets every step of the protocol once.
"""

from asyncio import sleep
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from syncd.plan.guards import Guard
from syncd.simulate.slips import Line, delivered, slip_name
from syncd.simulate.stocklist import invented_rows
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Every
from tests.sim.machine import Place
from tests.sim.shop import CUSTOMER, cb_order, umbreit_order
from tests.sim.verdict import after_a_copy, violations
from tests.sim.world import World

UMBREIT = Place("umbreit", "umbreit", "900900", Consume.WE_REMOVE, Every(timedelta(minutes=5)))
KEEPING = Place("keeping", "umbreit", "900901", Consume.KEEP, Every(timedelta(minutes=5)))
CB = Place("cb", "cb", "shop", Consume.SERVER_REMOVES, SUPPLIERS["cb"].visits, login_interval=600.0)
HOUR = 3600.0
HOURLY = Every(timedelta(hours=1))
GUARDED = (replace(UMBREIT, schedule=HOURLY, guard=Guard(most_orders=2)), replace(CB, guard=Guard()))
COPIED = (replace(UMBREIT, schedule=HOURLY), replace(KEEPING, schedule=HOURLY), CB)


async def _order_and_answers(world: World) -> None:
    world.order("umbreit", *umbreit_order(1, world.clock.true()))


async def _order_and_stock_list(world: World) -> None:
    world.order("cb", *cb_order(1))
    await sleep(70)
    world.houses["cb"].publish_stock(invented_rows(40))  # type: ignore[attr-defined]
    world.clock.step(7200)


async def _answers_that_stay(world: World) -> None:
    """Tell of goods, of other goods under the same name, and of the first goods again under another name."""
    for wait, note, dice in ((10, "24000001", 1), (300, "24000002", 1), (300, "24000001", 2)):
        await sleep(wait)
        put_goods(world, note, dice)


def put_goods(world: World, note: str, dice: int, account: str = "900901") -> None:
    """Put a delivery note into an `out`; `dice` makes its file's name."""
    today = world.clock.true().date()
    lines = [Line(CUSTOMER, "", f"{note[-4:]}-{each}", "9783442756841", "EN", 1) for each in (1, 2)]
    text = [
        delivered(line, quantity=1, price=99900, on=today, slip=note, position=each) for each, line in enumerate(lines)
    ]
    world.houses["umbreit"].out(account)[slip_name(CUSTOMER, "24000001", dice)] = "".join(text).encode()


async def _masses(world: World) -> None:
    """Drop three orders where more than two at once are held, and put a short stock list in the place of a long one."""
    for number in (1, 2, 3):
        world.order("umbreit", *umbreit_order(number, world.clock.true() + timedelta(seconds=number)))
    for articles in (40, 10):
        world.houses["cb"].publish_stock(invented_rows(articles))  # type: ignore[attr-defined]
        await sleep(HOUR)


async def _an_old_copy(world: World) -> None:
    """Have an hour of business, put a copy of the state back that was made meanwhile, and go on."""
    put_goods(world, "24000001", 1)
    world.order("umbreit", *umbreit_order(1, world.clock.true()))
    world.order("cb", *cb_order(1))
    world.houses["cb"].publish_stock(invented_rows(40))  # type: ignore[attr-defined]
    await sleep(1.2 * HOUR)
    await world.put_back()
    world.order("umbreit", *umbreit_order(2, world.clock.true()))
    world.order("cb", *cb_order(2))
    put_goods(world, "24000002", 2)


SCENES: Mapping[str, Callable[..., World]] = {
    "umbreit": partial(World, (UMBREIT,), _order_and_answers, violations),
    "cb": partial(World, (CB,), _order_and_stock_list, violations),
    "keeping": partial(World, (KEEPING,), _answers_that_stay, violations),
    "guarded": partial(World, GUARDED, _masses, violations),
    "restored": partial(World, COPIED, _an_old_copy, after_a_copy),
}
"""One order to Umbreit, with its ERM and its ELS, which we remove; one to CB, whose stock list vanishes as it is read,
while somebody sets the clock; answers that stay where they are; orders and a stock list that wait for a person, who
approves them; and a state that is replaced by an old copy."""
