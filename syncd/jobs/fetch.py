"""Bring files in. The law of this room: what the server deletes on reading is never lost by us, and never in silence.

Blocks go to the spool as they come. At the end of the data: fsync, rename, fsync of the directory, SPOOLED(unproven)
committed; only then is the server's 226 read, which makes it proven. A broken transfer keeps what it had.
"""

from typing import Unpack

import structlog

from syncd.errors import RefusedError
from syncd.jobs.base import Account, Workplace, uncut
from syncd.model import Direction, Interchange, State
from syncd.plan.inbound import Fetch, Leave, Remove, sizes_agree
from syncd.state import Draft
from syncd.state.rows import Columns
from syncd.suppliers.rules import Consume
from syncd.transport.base import Session
from syncd.wording import counted

log = structlog.get_logger()


class Fetcher:
    """Fetches the files of one account through one session."""

    def __init__(self, place: Workplace, account: Account, session: Session) -> None:
        self.place = place
        self.account = account
        self.session = session
        self.journal = place.store.journal

    async def fetch(self, action: Fetch) -> Interchange | Leave | None:
        """Fetch one file: SPOOLED and proven, QUARANTINED when it came short.

        The server may refuse it: it has vanished, None; or, where that is not the first time, it is left.
        Raises what the session raises, and DiskFullError; the partial is kept then.
        """
        fetching = self._fetch(action)
        return await (uncut(fetching) if action.channel.consume is Consume.SERVER_REMOVES else fetching)

    async def remove(self, action: Remove) -> None:
        """Delete a file that was parsed and accepted."""
        await self.session.remove(action.file.name)
        log.info("file.removed", account=self.account.name, channel=action.channel.name, file=action.file.name)

    async def _fetch(self, action: Fetch) -> Interchange | Leave | None:
        channel, file = action.channel, action.file
        row = await self.place.do(self.journal.announce, self.account.name, channel.name, file, self.place.clock())
        mode = self.account.supplier.mode(file.name)
        draft = await self.place.do(self.place.store.spool.draft, Direction.IN, row.id)  # before RETR: it may fail
        try:
            download = await self.session.retrieve(file.name, mode)
        except BaseException as error:
            await uncut(self.place.do(draft.discard))
            if not isinstance(error, RefusedError):
                raise
            await self._advance(row, State.ABANDONED, reason=f"listed, but gone when it was asked for: {error}")
            return Leave(channel, file, "file-refused", str(error)) if action.again else None
        feeds = 0
        try:
            async for block in download.blocks():
                await self.place.do(draft.append, block)
                feeds += block.count(b"\n")
            await self.place.do(draft.sync)
        except BaseException as error:
            await uncut(self._keep_partial(row, draft, error))
            raise
        spool = await self.place.do(draft.commit)  # when this fails, the next tour finds the file where it lies
        row = await self._advance(row, State.SPOOLED, sha256=draft.sha256, spool=spool, proven=False)
        await download.confirm()
        if file.size is not None and not sizes_agree(file.size, draft.size, feeds, mode):
            return await self._short(row, file.size, draft.size)
        await self.place.do(self.journal.prove, row.id, self.place.clock())
        log.info(
            "file.spooled",
            account=row.account,
            channel=row.channel,
            interchange=row.id,
            file=row.name,
            bytes=draft.size,
        )
        return await self.place.do(self.journal.get, row.id)

    async def _short(self, row: Interchange, listed: int, received: int) -> Interchange:
        reason = f"{counted(listed, 'byte was', 'bytes were')} listed and {received} came, though the server said done"
        now = self.place.clock()
        await self.place.do(self.journal.quarantine, row.id, State.SPOOLED, "truncated", reason, now)
        log.warning(
            "file.quarantined",
            account=row.account,
            channel=row.channel,
            interchange=row.id,
            file=row.name,
            reason=reason,
        )
        return await self.place.do(self.journal.get, row.id)

    async def _keep_partial(self, row: Interchange, draft: Draft, error: BaseException) -> None:
        kept = await self.place.do(draft.keep_partial)
        reason = f"the transfer broke after {counted(draft.size, 'byte')} ({error or type(error).__name__})"
        await keep_partial(self.place, row, kept, reason)

    async def _advance(self, row: Interchange, to: State, **columns: Unpack[Columns]) -> Interchange:
        return await self.place.do(self.journal.advance, row.id, row.state, to, self.place.clock(), **columns)


async def keep_partial(place: Workplace, row: Interchange, kept: str | None, reason: str) -> None:
    """Put what came of a broken transfer aside, and say so: the server may have deleted what it never delivered."""
    partial = None if kept is None else (kept, await place.do(place.store.spool.sha256, kept))
    now = place.clock()
    await place.do(place.store.journal.quarantine, row.id, State.ANNOUNCED, "partial", reason, now, partial=partial)
    log.warning(
        "file.partial", account=row.account, channel=row.channel, interchange=row.id, file=row.name, reason=reason
    )
