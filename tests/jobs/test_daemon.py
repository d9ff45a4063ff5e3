"""The daemon as a process of its own: started, used, reloaded, stopped."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from syncd import app
from syncd.config import load
from syncd.daemon import Daemon
from syncd.schedule import HEARTBEAT
from tests.jobs.shop import TWO, open_shop, order, stock

PATIENCE = 30


@asynccontextmanager
async def daemon(shop, *, expect=0):
    log = shop.folder / "daemon.log"
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "run", "--config", str(shop.config), stdout=out, stderr=out
        )
    try:
        await until(lambda: b"daemon.started" in log.read_bytes(), process)
        yield process
        if process.returncode is None:
            process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == expect, log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(look, process=None):
    async with asyncio.timeout(PATIENCE):
        while not look():
            assert process is None or process.returncode is None, "the daemon is gone"
            await asyncio.sleep(0.05)


def events(shop):
    return [json.loads(line) for line in (shop.folder / "daemon.log").read_text().splitlines()]


async def test_an_order_that_is_dropped_goes_out_without_waiting_for_the_schedule(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": 'schedule = { every = "1h" }'}) as shop, daemon(shop):
        await until(lambda: shop.umbreit.logins)
        shop.drop()
        await until(lambda: shop.umbreit.orders)
        assert [taken.content for taken in shop.umbreit.orders] == [order(*TWO)]
    assert events(shop)[-1]["event"] == "daemon.stopped"


async def test_the_schedule_brings_what_comes(tmp_path):
    config = {"umbreit": 'schedule = { every = "1s" }', "cb": 'schedule = { every = "1s" }'}
    async with open_shop(tmp_path, config=config) as shop, daemon(shop):
        shop.drop()
        name = shop.cb.publish_stock(stock())
        await until(lambda: name in shop.raw("*.bhd") and len(shop.raw("R_*")) == 2)
        assert shop.umbreit.violations == []
        assert shop.cb.violations == []


async def test_a_stop_during_a_stalled_transfer_is_quick_and_clean(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["cut-data-at:40:silence:RETR"]}) as shop:
        shop.umbreit.out("900900")["R_90090024123456000123456"] = b"x" * 1000
        async with daemon(shop):
            await until(lambda: any(command.verb == "RETR" for command in shop.umbreit.commands))
            await asyncio.sleep(0.2)
        assert shop.states("R_90090024123456000123456") == ["quarantined"]


async def test_hangup_reads_the_configuration_again_and_a_wrong_one_is_refused(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": "enabled = false"}) as shop, daemon(shop) as process:
        await until(lambda: shop.cb.logins)
        shop.config.write_text("nonsense")
        process.send_signal(signal.SIGHUP)
        await until(lambda: any(event["event"] == "config.refused" for event in events(shop)), process)
        shop.write_config()
        process.send_signal(signal.SIGHUP)
        await until(lambda: shop.umbreit.logins, process)


async def test_hangup_keeps_the_old_configuration_when_the_new_one_cannot_be_opened(tmp_path):
    config = {"umbreit": 'schedule = { every = "1s" }'}
    async with open_shop(tmp_path, config=config) as shop, daemon(shop) as process:
        await until(lambda: shop.umbreit.logins)
        good = shop.config.read_text()
        (tmp_path / "in-the-way").touch()
        shop.config.write_text(good.replace(f"{tmp_path}/state", f"{tmp_path}/in-the-way/state"))
        process.send_signal(signal.SIGHUP)
        await until(lambda: any(event["event"] == "config.refused" for event in events(shop)), process)
        logins = len(shop.umbreit.logins)
        await until(lambda: len(shop.umbreit.logins) > logins, process)


async def test_hangup_changes_what_is_logged(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": 'schedule = { every = "1s" }'}) as shop, daemon(shop) as process:
        await until(lambda: shop.umbreit.logins)
        shop.write_config(umbreit='schedule = { every = "1s" }', top='[log]\nlevel = "error"')
        process.send_signal(signal.SIGHUP)
        shop.umbreit.out("900900")["R_90090024123456000123456"] = b"x"
        await until(lambda: shop.states("R_90090024123456000123456"), process)
    assert "file.quarantined" not in {event["event"] for event in events(shop)}


async def test_a_mistake_of_our_own_ends_one_turn_and_not_the_daemon(tmp_path):
    def mistaken(_):
        raise KeyError("no such thing")

    async with open_shop(tmp_path) as shop:
        settings = load(shop.config)
        accounts = app.accounts_of(settings)
        accounts["umbreit"] = replace(accounts["umbreit"], endpoint=mistaken)
        async with app.workplace(settings) as place:
            schedules = {name: settings.accounts[name].schedule for name in accounts}
            stop = asyncio.Event()
            serving = asyncio.create_task(Daemon(place, accounts, schedules, 10).serve(stop))
            await until(lambda: shop.cb.logins and place.store.journal.problems())
            assert not serving.done()
            stop.set()
            await asyncio.wait_for(serving, PATIENCE)
        assert "no such thing" in shop.problems()["visit-failed"].message
        assert shop.umbreit.logins == []


async def test_an_order_that_waits_is_no_reason_to_try_sooner_after_a_failure(tmp_path):
    async with open_shop(tmp_path, umbreit={"faults": ["421"]}) as shop:
        shop.drop()
        settings = load(shop.config)
        async with app.workplace(settings) as place:
            accounts = {"umbreit": app.accounts_of(settings)["umbreit"]}
            daemon, stop = (
                Daemon(place, accounts, {"umbreit": settings.accounts["umbreit"].schedule}, 10),
                asyncio.Event(),
            )
            serving = asyncio.create_task(daemon.serve(stop))
            await until(lambda: place.store.journal.account("umbreit").next_due)
            for _ in range(5):
                daemon.wake_all()
                await asyncio.sleep(0.1)
            stop.set()
            await asyncio.wait_for(serving, PATIENCE)
            assert place.store.journal.account("umbreit").failures == 1
        assert shop.states("S_900900_20261121101112") == ["queued"]


async def test_a_second_daemon_on_the_same_state_is_refused_in_words(tmp_path):
    async with open_shop(tmp_path) as shop, daemon(shop):
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "run", "--config", str(shop.config), stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(second.communicate(), PATIENCE)
        assert second.returncode == 6
        assert b"holds the state directory" in said
        assert b"Traceback" not in said


async def test_the_login_interval_holds_over_restarts_and_kill_9(tmp_path):
    interval = timedelta(seconds=4)
    async with open_shop(
        tmp_path, cb={"login_interval": interval}, config={"cb": 'schedule = { every = "1s" }'}
    ) as shop:
        for _ in range(3):
            before = len(shop.cb.logins)
            async with daemon(shop, expect=-signal.SIGKILL) as process:
                await until(lambda before=before: len(shop.cb.logins) > before, process)
                process.kill()
        assert shop.cb.violations == []
        assert len(shop.cb.logins) >= 3


async def test_a_daemon_that_starts_between_two_visits_makes_the_next_one_when_it_is_due(tmp_path):
    async with open_shop(tmp_path, config={"umbreit": 'schedule = { every = "2s" }'}) as shop:
        async with daemon(shop) as process:
            await until(lambda: shop.status().accounts[0].next_visit, process)
        logins = len(shop.umbreit.logins)
        async with daemon(shop) as process, asyncio.timeout(HEARTBEAT.total_seconds() / 2):
            await until(lambda: len(shop.umbreit.logins) > logins, process)


async def test_status_answers_beside_a_running_daemon(tmp_path):
    async with open_shop(tmp_path) as shop, daemon(shop):
        await until(lambda: shop.umbreit.logins)
        assert {account.name for account in shop.status().accounts} == {"umbreit", "cb"}


async def test_an_upload_that_must_not_be_cut_is_finished_before_the_stop(tmp_path):
    async with open_shop(tmp_path, cb={"faults": ["slow:1:STOR"]}) as shop:
        async with daemon(shop):
            await until(lambda: shop.cb.logins)
            shop.drop(b"anything\r\n", "order-1.txt", tmp_path / "outbox-cb")
            await until(lambda: any(command.verb == "STOR" for command in shop.cb.commands))
        assert shop.states("order-1.txt") == ["sent"]
        assert len(shop.cb.orders) == 1


async def test_a_disk_that_fills_up_in_the_middle_keeps_what_came_and_fetches_it_later(tmp_path):
    async with open_shop(tmp_path) as shop:
        name = shop.cb.publish_stock(stock(40_000))
        content = shop.cb.out("shop")[name]
        command = f"ulimit -f 1000 && exec {sys.executable} -m syncd once cb --config {shop.config}"
        once = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=asyncio.subprocess.PIPE)
        said, _ = await asyncio.wait_for(once.communicate(), PATIENCE)
        assert once.returncode == 3
        assert b"disk-full" in said
        assert b"Make room" in said
        (partial,) = (tmp_path / "state" / "quarantine").glob("*.partial")
        assert content.startswith(partial.read_bytes())
        assert "file-partial" in shop.problems()
        shop.cb.out("shop")[name] = content  # as if reading had not deleted it
        await shop.once("cb")
        assert shop.raw("*.bhd") == {name: content}
        assert shop.problems() == {}
