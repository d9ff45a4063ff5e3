"""Months of operation with the weather of years: random faults, crashes, reboots, clocks set wrong, both clock changes.

Four accounts at two houses, with every rule of publishing and consuming. One seed is one history.
"""

from asyncio import sleep
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from syncd.simulate.stocklist import invented_rows
from syncd.suppliers.rules import Every
from tests.sim.faults import Seeded
from tests.sim.scenes import CB, KEEPING, UMBREIT, put_goods
from tests.sim.shop import cb_order, umbreit_order
from tests.sim.verdict import violations
from tests.sim.world import World

HOUR = 3600.0
DAY = 24 * HOUR
STEPS = (30.0, -30.0, HOUR, -HOUR, 2 * DAY, -2 * DAY)
"""Seconds by which somebody sets the clock wrong, for some hours."""
SETTLING = 5 * DAY
HEARTBEAT = timedelta(hours=3)
"""Slower still: the clock is wrong for longer than that, and every visit has an alarm of its own."""

PLACES = (
    replace(UMBREIT, schedule=Every(timedelta(hours=1))),
    replace(KEEPING, schedule=Every(timedelta(hours=3))),
    CB,
    replace(CB, name="second", user="second"),
)
STARTS = (
    datetime(2026, 3, 20, 8, tzinfo=UTC),  # the clocks go forward on 29 March
    datetime(2026, 10, 16, 8, tzinfo=UTC),  # and back on 25 October
    datetime(2026, 12, 20, 8, tzinfo=UTC),
    datetime(2028, 2, 18, 8, tzinfo=UTC),
)
STORMS = (200, 20)
"""A fault at one of so many points: some twenty crashes a day."""
REMOVALS = ("before-226", "after-226", "at-open")


@dataclass
class Life:
    """What happens in the world, hour by hour, by dice."""

    days: int
    dice: Random
    plan: Seeded
    orders: int = 0
    notes: int = 24000000
    names: int = 0

    async def __call__(self, world: World) -> None:
        for hour in range(self.days * 24):
            await sleep(self.dice.uniform(0.8, 1.2) * HOUR)
            self._shop(world)
            self._suppliers(world, hour)
            self._machine(world)
        self.plan.calm = True
        world.clock.error = timedelta(0)

    def _shop(self, world: World) -> None:
        if self.dice.random() < 0.15:
            self.orders += 1
            world.order("umbreit", *umbreit_order(self.orders, world.clock.true()))
        if self.dice.random() < 0.15:
            self.orders += 1
            world.order(self.dice.choice(("cb", "second")), *cb_order(self.orders))

    def _suppliers(self, world: World, hour: int) -> None:
        if hour % 4 == 0:
            house = world.houses["cb"]
            house.publish_stock(invented_rows(self.dice.randint(1, 60)))  # type: ignore[attr-defined]
        if self.dice.random() < 0.1:
            self.notes += self.dice.random() < 0.7  # else the goods of before are told again
            self.names += self.dice.random() < 0.8  # else the name of before is used again
            put_goods(world, str(self.notes), self.names)

    def _machine(self, world: World) -> None:
        match self.dice.randrange(100):
            case 0:
                world.clock.step(self.dice.choice(STEPS))
                world.say(f"the machine's clock is wrong by {world.clock.error}")
            case 1 | 2:
                world.clock.error = timedelta(0)
            case 3:
                world.reboot()
            case 4:
                world.stop.set()


def history(seed: int, days: int, *, storms: bool = False) -> World:
    """Make a history of so many days; in `storms`, faults and crashes come ten times as often."""
    plan = Seeded(Random(seed), *STORMS) if storms else Seeded(Random(seed))
    life = Life(days, Random(seed + 1), plan)
    start = STARTS[seed % len(STARTS)]
    removes = REMOVALS[seed % len(REMOVALS)]
    limit = days * 1.2 * DAY + SETTLING
    return World(
        PLACES, life, violations, plan,
        seed=seed, start=start, limit=limit, removes=removes, heartbeat=HEARTBEAT,
    )  # fmt: skip
