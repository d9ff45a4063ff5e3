"""The histories that are told again and again, once for each fault: an order and what comes back.

Each is short, and meets every step of the protocol once.
"""

from asyncio import sleep
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from syncd.simulate.slips import Line, delivered, slip_name
from syncd.simulate.stocklist import invented_rows
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Every
from tests.sim.machine import Place
from tests.sim.shop import CUSTOMER, cb_order, umbreit_order
from tests.sim.verdict import violations
from tests.sim.world import World

UMBREIT = Place("umbreit", "umbreit", "900900", Consume.WE_REMOVE, Every(timedelta(minutes=5)))
KEEPING = Place("keeping", "umbreit", "900901", Consume.KEEP, Every(timedelta(minutes=5)))
CB = Place("cb", "cb", "shop", Consume.SERVER_REMOVES, SUPPLIERS["cb"].visits, login_interval=600.0)


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


SCENES: Mapping[str, Callable[..., World]] = {
    "umbreit": partial(World, (UMBREIT,), _order_and_answers, violations),
    "cb": partial(World, (CB,), _order_and_stock_list, violations),
    "keeping": partial(World, (KEEPING,), _answers_that_stay, violations),
}
"""One order to Umbreit, with its ERM and its ELS, which we remove; one to CB, whose stock list vanishes as it is read,
while somebody sets the clock; and answers that stay where they are."""
