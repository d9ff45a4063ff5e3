"""A doubt that ends by itself: the delivery note names the reservation's reference, and nobody else's."""

from pathlib import Path

import pytest

from syncd.errors import DoubtError
from syncd.formats.ola import Ask
from syncd.simulate.ola import Fault
from tests.formats.canonical import DESPATCH
from tests.jobs.shop import open_shop
from tests.ola.desks import a_desk
from tests.ola.houses import a_house, question


@pytest.mark.parametrize(("reference", "state"), [("202020", "confirmed"), ("202021", "held (doubt)")])
async def test_a_delivery_note_ends_the_doubt_of_a_reservation(tmp_path: Path, reference: str, state: str):
    async with open_shop(tmp_path) as shop:
        async with a_house(Fault("cut-after", 2)) as house, a_desk(tmp_path / "state", house) as desk:
            with pytest.raises(DoubtError):
                await desk.reserve(question("9783451337772", 1, Ask.RESERVE, reference=reference))
        assert list(shop.problems()) == ["order-in-doubt"]
        note = DESPATCH.replace("·", " ").encode() + b"\r\n"
        shop.umbreit.out("900900")["R_90090024123456000123456"] = note
        tours = await shop.once("umbreit")
        assert not tours["umbreit"].errors
        (own,) = [found for found in shop.status().recent if found.name.startswith("OLA_")]
        assert own.state == state
        assert shop.umbreit.orders == [], "a reservation in doubt is no file to upload"
