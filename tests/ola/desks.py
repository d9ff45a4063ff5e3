"""A desk on a real state directory, for tests."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from syncd.app import clock_sample, now
from syncd.jobs.base import Workplace
from syncd.jobs.ola import OlaAccount, OlaDesk
from syncd.simulate.ola import OlaHouse
from syncd.state import open_state
from syncd.transport.ftp import connect as connect_ftp
from syncd.transport.ola import OlaEndpoint, connect
from tests.ola.houses import login


def an_account(host: str, port: int) -> OlaAccount:
    def endpoint() -> OlaEndpoint:
        return OlaEndpoint(host, port, login(), settle=0.01, answer_timeout=0.3)

    return OlaAccount("umbreit", "900900", endpoint, timedelta(minutes=5), connect)


@asynccontextmanager
async def a_desk(state: Path, house: OlaHouse, holder: str = "test/1") -> AsyncIterator[OlaDesk]:
    with ThreadPoolExecutor(1) as executor, open_state(state) as store:
        place = Workplace(
            store=store, executor=executor, clock=now, sample=clock_sample, connect=connect_ftp, holder=holder
        )
        async with OlaDesk(place, an_account(house.host, house.port)) as desk:
            yield desk
