"""A library hears of each order line once: as it was ordered, from whichever answer comes first."""

from urllib.parse import parse_qs

from syncd.simulate import AlmaHouse
from tests.jobs.shop import TWO, now, open_shop, order

HALF = ("9780000000088", 4)
"""Half of what is wanted is on the simulated shelf, and the rest is kept on order."""

SINK = """
[sink.libra]
type = "alma"
endpoint = "{endpoint}"
supplier = "BTJ-PR"
account = "1234567"
path = "{folder}/libra"
request = "form"
"""


async def test_every_order_line_is_confirmed_once_with_the_copies_ordered(tmp_path):
    async with AlmaHouse({"01234567": "BTJ-PR"}, clock=now) as library:
        sinks = SINK.format(endpoint=library.endpoint, folder=tmp_path)
        async with open_shop(tmp_path, config={"sinks": sinks}) as shop:
            shop.drop(order(*TWO, HALF))
            await shop.answered()
            assert len(shop.raw("R_*")) == 2
            posts = [parse_qs(post.body.decode()) for post in library.posts]
            assert sorted((post["isbn"][0], int(post["copies"][0])) for post in posts) == sorted([*TWO, HALF])
            assert {post["account"][0] for post in posts} == {"01234567"}
            assert library.violations == []

            shop.drop(order(HALF, reference="4234"), name="S_900900_20261121101113")
            await shop.answered()
            assert len(library.posts) == 4
            assert all(not post.repeat_of for post in library.posts)
