"""What must hold at the end of every history, read from the houses' and the shop's own books.

An order is taken exactly once, or it is held and says why. A file is handed over exactly once, or it is kept apart and
says why. No login comes early, no rule of a house is broken, nothing stays open.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

from syncd.simulate import House
from syncd.simulate.books import Order
from syncd.suppliers import SUPPLIERS
from syncd.suppliers.rules import Consume, Publish
from tests.sim.machine import Place
from tests.sim.shop import Dropped
from tests.sim.world import World

EXCUSED = frozenset({"login-parallel"})
"""A house may believe that a visitor is still there whose connection has fallen silent; it is not broken by us."""


def violations(world: World) -> list[str]:
    """Return every promise that a history broke; empty for a good one."""
    found = [f"not settled: {each}" for each in world.unsettled()]
    for dropped in world.dropped:
        found += _order(world, dropped)
    for place in world.places:
        found += _inbound(world, place)
    return [*found, *_sinks(world), *_always(world)]


def after_a_copy(world: World) -> list[str]:
    """Return every promise that a history broke in which an old copy of the state was put back.

    The copy may have forgotten an order, or be in doubt of it; every order was taken exactly once all the same. Only
    if something else went wrong too, one that was not taken may be held in doubt instead, with a reason. Files may be
    handed over again, under the keys of before.
    """
    found = [f"not settled: {each}" for each in world.unsettled()]
    for dropped in world.dropped:
        times = len(_taken(world, dropped))
        if times != 1 and not (times == 0 and len(world.struck) > 1 and _doubted(world, dropped)):
            found.append(f"{dropped.name}: taken {times} times")
    found += [f"{key[1]}: {times} effects" for key, times in world.recorder.files.items() if times > 1]
    return found + _always(world)


def _always(world: World) -> list[str]:
    """Return what no history at all may do."""
    found = [each for place in world.places for each in _early(place, world.houses[place.supplier])]
    for house in world.houses.values():
        found += [f"rule broken: {each.rule}: {each.command}" for each in house.violations if each.rule not in EXCUSED]
    found += [f"goods booked {times} times: {goods}" for goods, times in world.recorder.goods.items() if times > 1]
    found += [f"stock list of before: {each}" for each in world.recorder.back]
    found += [f"left open: {each}" for each in world.leaks]
    return found + [f"said in the loop: {line}" for line in world.lines if " LOOP " in line]


# -- orders -----------------------------------------------------------------------------------------------------


def _order(world: World, order: Dropped) -> Iterator[str]:
    place, taken = _place(world, order), _taken(world, order)
    rows = world.ask_all("interchange", "state, hold, reason", account=order.account, name=order.name, direction="out")
    if len(rows) != 1:
        yield f"{order.name}: {len(rows)} rows in the journal"
        return
    state, hold, reason = rows[0]
    if len(taken) > 1:
        yield f"{order.name}: taken {len(taken)} times"
    publish = SUPPLIERS[place.supplier].outbound[0].publish
    if any(each.content != order.content for each in taken) and publish is Publish.RENAME:
        yield f"{order.name}: taken with other bytes"
    if state in ("sent", "confirmed") and [each.content for each in taken] != [order.content]:
        yield f"{order.name}: said to be {state}, and taken {len(taken)} times"
    if state == "held" and not (hold == "doubt" and reason):
        yield f"{order.name}: held without doubt ({hold}: {reason})"
    if state not in ("sent", "confirmed", "held"):
        yield f"{order.name}: ends as {state}"


def _doubted(world: World, order: Dropped) -> bool:
    rows = world.ask_all("interchange", "hold, reason", account=order.account, name=order.name, state="held")
    return any(hold == "doubt" and reason for hold, reason in rows)


def _place(world: World, order: Dropped) -> Place:
    return next(each for each in world.places if each.name == order.account)


def _taken(world: World, order: Dropped) -> list[Order]:
    place = _place(world, order)
    orders = world.houses[place.supplier].orders
    return [each for each in orders if (each.account, each.name) == (place.user, order.name)]


def _early(place: Place, house: House) -> Iterator[str]:
    times = [login.at for login in house.logins if login.account == place.user]
    for earlier, later in pairwise(times):
        if (later - earlier).total_seconds() < place.login_interval:
            yield f"{place.name}: a login {(later - earlier).total_seconds():.3f} s after another, at {later}"


# -- files ------------------------------------------------------------------------------------------------------


def _inbound(world: World, place: Place) -> Iterator[str]:
    there = world.houses[place.supplier].out(place.user)
    for account, name, digest in world.published:
        times = world.recorder.files[account, name, digest]
        if account != place.name or (times == 0 and _replaced(there, name, digest)):
            continue
        if times > 1:
            yield f"{name}: handed over {times} times"
        if times == 0 and name in there:
            yield f"{name}: still at the server and not fetched"
        if times == 0 and name not in there and not _told(world, account, name):
            yield f"{name}: gone from the server, handed to nobody, and not a word of it"
        if times == 0 and place.consume is not Consume.SERVER_REMOVES:
            yield f"{name}: never handed over"
        if times and place.consume is Consume.WE_REMOVE and name in there:
            yield f"{name}: handed over, but not removed at the server"


def _replaced(there: Mapping[str, bytes], name: str, digest: str) -> bool:
    """Tell whether the supplier itself put other bytes in a file's place before anybody could fetch it."""
    return name in there and hashlib.sha256(there[name]).hexdigest() != digest


def _told(world: World, account: str, name: str) -> bool:
    rows = world.ask_all("interchange", "state, reason", account=account, name=name, direction="in")
    return any(state in ("quarantined", "abandoned") and reason for state, reason in rows)


def _sinks(world: World) -> Iterator[str]:
    books = Counter({(name, digest): times for (_, name, digest), times in world.recorder.files.items()})
    expected = {(name, digest) for _, name, digest in world.published}
    for key in expected | set(world.folder.taken):
        if world.folder.taken[key] != books[key]:
            yield f"{key[0]}: {world.folder.taken[key]} times in the folder, {books[key]} times in the books"
    for key in (books.keys() | world.folder.taken.keys()) - expected:
        yield f"{key[0]}: handed over with bytes that no house ever had"
