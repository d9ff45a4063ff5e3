"""The daemon as a process: its signals, its settings read again, and what it tells systemd."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from syncd import __version__, log
from syncd.app import accounts_of, watches_of, workplace
from syncd.config import Settings, load
from syncd.daemon import Daemon
from syncd.errors import ConfigError, SyncdError
from syncd.systemd import notify

_log = structlog.get_logger()


@dataclass(slots=True)
class _Signals:
    """What the operating system asked for."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ending: bool = False

    def end(self) -> None:
        self.ending = True
        self.stop.set()


async def serve(config: Path | None, settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration again, and keeps the old one if it is wrong."""
    loop, signals = asyncio.get_running_loop(), _Signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.end)
    loop.add_signal_handler(signal.SIGHUP, signals.stop.set)
    last_good: Settings | None = None
    while not signals.ending:
        signals.stop.clear()
        settings = last_good = await _serve(settings, last_good, signals.stop)
        if not signals.ending:
            notify("RELOADING=1")
            settings = _reload(config, settings)
    notify("STOPPING=1")
    _log.info("daemon.stopped")


def _settle_memory() -> None:
    """Have the garbage collector pass over what stays for good.

    It looks at everything once a quarter of everything is new: beside 100,000 objects of code and tables, what visits
    leave behind would lie there for days.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _serve(settings: Settings, last_good: Settings | None, stop: asyncio.Event) -> Settings:
    """Work until `stop` is set; return the settings that were in force: the last good ones where these fail to open."""
    async with AsyncExitStack() as stack:
        try:
            place = await stack.enter_async_context(workplace(settings))
        except SyncdError as error:
            if last_good is None:
                raise
            _refuse(error)
            settings = last_good
            place = await stack.enter_async_context(workplace(settings))
        log.configure(settings.log.format, settings.log.level)
        accounts = accounts_of(settings)
        watches = watches_of(settings, accounts)
        schedules = {name: settings.accounts[name].schedule for name in accounts}
        schedules |= {each.name: each.schedule for each in watches.values()}
        daemon = Daemon(place, accounts, schedules, settings.stop_timeout.total_seconds(), watches=watches)
        _log.info("daemon.started", version=__version__, accounts=sorted(accounts), sinks=sorted(place.sinks))
        _settle_memory()
        notify("READY=1")
        await daemon.serve(stop)
    return settings


def _reload(config: Path | None, settings: Settings) -> Settings:
    try:
        return load(config)
    except ConfigError as error:
        _refuse(error)
        return settings


def _refuse(error: SyncdError) -> None:
    _log.error("config.refused", error=str(error), note="the old configuration stays in force")
