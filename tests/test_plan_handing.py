"""How a sink that wants changes only gets a list, and under which key."""

import pytest

from syncd.model import Base, Delivery
from syncd.plan.handing import Handing, changes_key, delivery_key, plan_handing

MORNING, NIGHT = "202611220500", "202611222300"


@pytest.mark.parametrize(
    ("taken", "trying", "number", "stamp", "handing"),
    [
        pytest.param(7, None, 8, NIGHT, Handing.CHANGES, id="the next one"),
        pytest.param(7, None, 9, NIGHT, Handing.CHANGES, id="the one after one that was missed"),
        pytest.param(7, 8, 8, NIGHT, Handing.CHANGES, id="the one that was begun"),
        pytest.param(7, 8, 9, NIGHT, Handing.WHOLE, id="another was begun: the sink may hold a part of it"),
        pytest.param(7, 0, 8, NIGHT, Handing.WHOLE, id="the sink may hold parts of anything"),
        pytest.param(7, None, 7, MORNING, Handing.WHOLE, id="the same again"),
        pytest.param(7, None, 8, MORNING, Handing.CHANGES, id="of the same moment, and arrived later"),
        pytest.param(7, None, 6, MORNING, Handing.NOT, id="of the same moment, and arrived earlier"),
        pytest.param(7, None, 8, "202611212300", Handing.NOT, id="an older one that comes late"),
    ],
)
def test_a_list_is_handed_whole_as_changes_or_not_at_all(taken, trying, number, stamp, handing):
    assert plan_handing(Base(taken, MORNING, "key", trying), number, stamp) is handing


def test_the_first_list_of_a_sink_is_whole():
    assert plan_handing(None, 1, MORNING) is Handing.WHOLE


def test_keys_stay_the_same_and_tell_apart():
    key = delivery_key("cb", "a.bhd", "00")
    assert key == delivery_key("cb", "a.bhd", "00")
    assert len({key, delivery_key("cb2", "a.bhd", "00"), delivery_key("cb", "b.bhd", "00")}) == 3
    assert changes_key("base", key) not in {key, changes_key("other", key), changes_key(key, "base")}


def test_the_files_of_one_account_and_channel_keep_their_order():
    assert Delivery(1, 1, "shop", "key", "cb", "stock", 0, None, None, None).lane == ("cb", "stock")
