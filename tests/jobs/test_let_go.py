"""A visit that has ended is gone at once, however it ended: a TLS session is a MiB, and daemons run for months.

The garbage collector rests meanwhile. It would find what holds itself, but only when a quarter of all objects is new.
"""

import gc
import ssl
from collections.abc import Iterator

import pytest

from syncd.errors import ConnectionLostError, let_go
from syncd.transport.ftp.wire import FtpWire
from tests.jobs.shop import open_shop, stock

ENDS = ["", "cut-data-at:100:rst", "cut-both-at:100:rst", "lost-226:rst", "half-reply", "530"]


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def sessions() -> int:
    """Count the sessions' wires, and the TLS contexts that verify somebody: the houses' do not."""
    known = [thing for thing in gc.get_objects() if isinstance(thing, (FtpWire, ssl.SSLContext))]
    return sum(isinstance(thing, FtpWire) or thing.verify_mode is ssl.CERT_REQUIRED for thing in known)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("end", ENDS)
async def test_nothing_of_a_visit_is_left(end, tmp_path):
    before = sessions()
    async with open_shop(tmp_path, cb={"faults": [end] if end else []}) as shop:
        shop.drop(b"Bestelling\r\n" * 9, "bestelling.txt", shop.folder / "outbox-cb")
        shop.cb.publish_stock(stock(), name="stock.bhd")
        went = (await shop.once("cb"))["cb"]
        assert shop.cb.logins
        assert bool(went.failures) == bool(end)
        del went
        assert sessions() == before


def test_errors_that_are_each_others_cause_are_let_go():
    lost = ConnectionResetError()

    def lose() -> None:
        try:
            raise lost
        except ConnectionResetError as error:
            raise ConnectionLostError("lost", remedy="") from error

    with pytest.raises(ConnectionLostError) as caught:
        lose()
    lost.__context__ = caught.value
    let_go(caught.value)
    assert (caught.value.__traceback__, lost.__traceback__) == (None, None)
