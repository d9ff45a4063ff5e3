"""Two real daemons on two hosts share an account, and are killed and stopped as they go: the house's books judge."""

import asyncio
import random
import signal
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from syncd import app
from syncd.simulate import UmbreitHouse
from syncd.simulate.books import Command, Login
from syncd.state import read_state, upgrade
from tests.hosts.hosts import INTERVAL, LEASE, Host
from tests.jobs.shop import PASSWORD, now

STILL = LEASE + INTERVAL + 0.5
"""Seconds after which a process that stands still has lost the account."""


@asynccontextmanager
async def two_hosts(folder, postgres):
    """Yield the house and two hosts, neither of them started; whatever runs in the end is killed."""
    with postgres.database() as url:
        upgrade(url)
        rules: dict[str, Any] = {"login_interval": timedelta(seconds=INTERVAL), "idle": timedelta(seconds=1)}
        at_once: dict[str, Any] = {"answer_after": timedelta(0), "deliver_after": timedelta(0)}
        house = UmbreitHouse({"900900": PASSWORD}, clock=now, rng=random.Random(7), **at_once, **rules)
        async with house:
            hosts = [Host(folder, name, url, house.port) for name in ("one", "other")]
            try:
                yield house, hosts
            finally:
                for host in hosts:
                    if host.process is not None and host.process.returncode is None:
                        await host.end(signal.SIGKILL)


async def until(true, seconds, why):
    """Wait for something."""
    for _ in range(int(seconds / 0.1)):
        if true():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(why())


def logs(hosts):
    return "\n".join(f"--- {host.name}\n{host.log()[-4000:]}" for host in hosts)


@pytest.mark.timeout(300)
async def test_killed_and_stopped_they_never_log_in_early_nor_send_twice(tmp_path, postgres):
    chance = random.Random(11)
    async with two_hosts(tmp_path, postgres) as (house, hosts):
        for host in hosts:
            await host.start()
        dropped = []
        await until(lambda: house.logins, 60, lambda: logs(hosts))
        for number in range(4):
            victim = hosts[number % 2]
            dropped += [host.drop(2 * number + place) for place, host in enumerate(hosts)]
            await asyncio.sleep(chance.uniform(0, 1.5))
            if number < 2:
                await victim.end(signal.SIGKILL)
                await victim.start()
            else:
                victim.send(signal.SIGSTOP)
                await asyncio.sleep(STILL)
                victim.send(signal.SIGCONT)
        taken = lambda: {order.name for order in house.orders}  # noqa: E731 - said again in the message
        await until(lambda: taken() >= set(dropped), 60, lambda: f"{set(dropped) - taken()}\n{logs(hosts)}")
        assert sorted(order.name for order in house.orders) == sorted(dropped), "each exactly once"
        assert house.violations == []
        with read_state(tmp_path / "one" / "state", hosts[0].settings.database_url()) as store:
            holders = {line.holder.rpartition("/")[0] for line in store.gate.logins("umbreit", 1000)}
            assert len(holders) == 2, "both had their turns"
        assert [await host.end(signal.SIGTERM) for host in hosts] == [0, 0], logs(hosts)


@pytest.mark.timeout(240)
async def test_a_daemon_that_wakes_after_its_lease_sends_no_password(tmp_path, postgres):
    """It stands still from the moment USER reaches the house, whose connection stays open all the while."""
    async with two_hosts(tmp_path, postgres) as (house, (one, other)):
        house.idle = timedelta(minutes=5)
        stopped: list[int] = []

        def stop(record):
            if isinstance(record, Command) and record.verb == "USER" and not stopped:
                one.send(signal.SIGSTOP)
                stopped.append(record.session)

        house.ledger.listeners.append(stop)
        name = one.drop(1)
        await one.start()
        await until(lambda: stopped, 60, lambda: logs([one]))
        await other.start()
        await until(lambda: any(login.session != stopped[0] for login in house.logins), 60, lambda: logs([one, other]))
        said = [command for command in house.commands if command.session == stopped[0]]
        one.send(signal.SIGCONT)
        await until(lambda: "visit.overtaken" in one.log(), 60, one.log)
        await until(lambda: [order.name for order in house.orders] == [name], 90, lambda: logs([one, other]))
        after = [command for command in house.commands if command.session == stopped[0]]
        assert after == said, "it went on with its session"
        assert {violation.rule for violation in house.violations} <= {"login-parallel"}, "the house kept the old one"
        assert [login.outcome for login in house.ledger.of(Login)].count("early") == 0


@pytest.mark.timeout(150)
async def test_a_second_daemon_on_one_state_directory_refuses_in_words(tmp_path, postgres):
    async with two_hosts(tmp_path, postgres) as (house, (one, _)):
        first = await one.start()
        await until(lambda: house.logins, 60, one.log)
        second = await one.start()
        one.process = first
        assert await asyncio.wait_for(second.wait(), 60) == 6
        assert f"another syncd, process {first.pid}, holds the state directory" in one.log()
        assert await one.end(signal.SIGTERM) == 0


@pytest.mark.timeout(240)
async def test_files_of_a_host_that_is_gone_are_told_and_taken(tmp_path, postgres):
    async with two_hosts(tmp_path, postgres) as (house, (one, other)):
        first = await one.start()
        await until(lambda: house.logins, 60, one.log)
        app.pause(one.settings, "umbreit", "stock-taking")
        name = one.drop(1)
        story = lambda: [found.file.state for found in app.explain(other.settings, name)]  # noqa: E731 - polled
        await until(lambda: story() == ["queued"], 60, one.log)
        await one.end(signal.SIGKILL)
        assert first.returncode == -9
        await other.start()
        app.resume(other.settings, "umbreit")
        await until(lambda: len(house.logins) > 2, 60, lambda: logs([one, other]))
        assert house.orders == [], "its bytes lie on the other host"
        (found,) = app.explain(other.settings, name)
        with read_state(tmp_path / "one" / "state", one.settings.database_url()) as store:
            assert found.file.host == store.journal.host
        await one.start()
        await until(lambda: [order.name for order in house.orders] == [name], 60, lambda: logs([one, other]))
        assert house.violations == []
