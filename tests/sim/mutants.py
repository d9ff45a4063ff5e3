"""Planted mistakes: a net that catches nothing proves nothing.

Each is one change of the text of the package, such as somebody might make in good faith, and the scene whose single
faults must find it. The change is made in a copy of the package, which a process of its own imports.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Mutant:
    """A mistake: in which file, what stands there, and what is written instead."""

    name: str
    file: str
    old: str
    new: str
    scene: str
    where: str = ""
    """Only faults at points whose kind and label contain this are tried, to be quick about it."""


MUTANTS = (
    Mutant(
        "the renaming is written down after it was made",
        "jobs/upload.py",
        "        order = await self._advance(order, Step.PUBLISHING, "
        'f"{order.temp_name} to {order.name}", intent_at=self._now())\n'
        "        await self._testify(order, back_to=Step.STORED)\n"
        "        try:\n"
        "            await self.session.rename_to(order.name)\n",
        "        try:\n"
        "            await self.session.rename_to(order.name)\n"
        "            order = await self._advance(order, Step.PUBLISHING, '', intent_at=self._now())\n",
        "umbreit",
        "chunk control",
    ),
    Mutant(
        "a missing temporary name means: send it again",
        "jobs/upload.py",
        '            return await self._advance(order, Step.SENT, f"renamed: {order.temp_name} is gone")\n',
        "            order = await self._advance(order, Step.STORED, '')\n"
        "            return await self._store_temporary(order, await self._payload(_, order))\n",
        "umbreit",
        "chunk control",
    ),
    Mutant(
        "the published name decides whether it was renamed",
        "jobs/upload.py",
        "        size = await self.session.size(order.temp_name)\n"
        "        ready = await self.session.rename_from(order.temp_name)\n",
        "        size = await self.session.size(order.name)\n"
        "        if size is None:\n"
        "            order = await self._advance(order, Step.STORED, '')\n"
        "            return await self._store_temporary(order, await self._payload(_, order))\n"
        "        ready = await self.session.rename_from(order.temp_name)\n",
        "umbreit",
        "chunk control",
    ),
    Mutant(
        "a lost reply to the renaming counts as done",
        "transport/session.py",
        '                reply = await self._wire.ask("RNTO", name)\n'
        "            except LaterError as error:\n"
        '                raise _doubt(f"RNTO {name}: {error}") from error\n',
        '                reply = await self._wire.ask("RNTO", name)\n'
        "            except LaterError:\n"
        "                return\n",
        "umbreit",
        "chunk control",
    ),
    Mutant(
        "nobody asks how much the server has",
        "jobs/upload.py",
        "        if size not in stored_sizes(data, mode):\n",
        "        if size is None:\n",
        "umbreit",
        "chunk data >",
    ),
    Mutant(
        "the outbox is emptied before the order is written down",
        "jobs/outbox.py",
        "    source, now = str(order.path), place.clock()\n",
        "    source, now = str(order.path), place.clock()\n    order.path.unlink()\n",
        "umbreit",
        "file",
    ),
    Mutant(
        "a cut upload to CB is sent again after a restart",
        "plan/outbound.py",
        "        case Step.STORING:\n            return Unconfirm()\n",
        "        case Step.STORING:\n            return Store()\n",
        "cb",
        "chunk",
    ),
    Mutant(
        "a cut upload to CB is queued again at once",
        "jobs/upload.py",
        "            await self._advance(order, Step.UNCONFIRMED, str(error))\n",
        "            await self._advance(order, Step.QUEUED, str(error))\n",
        "cb",
        "chunk",
    ),
    Mutant(
        "the login is written down after it was made",
        "jobs/visit.py",
        "    since = place.sample()\n"
        "    lease = await place.do(gate.acquire, account.name, place.holder, interval, account.lease, since)\n"
        "    tenure = Tenure(place, account, lease, since)\n"
        '    outcome, detail, session = "cut", None, None\n'
        "    try:\n"
        "        await remember_login(place, account, lease.fence)\n"
        "        session = await place.connect(endpoint, tenure.permit)\n",
        '    outcome, detail, session, since = "cut", None, None, place.sample()\n'
        "    if await place.do(gate.next_login, account.name, interval, place.sample()) > place.clock():\n"
        "        await place.do(gate.acquire, account.name, place.holder, interval, account.lease, since)\n"
        "    session = await place.connect(endpoint)\n"
        "    lease = await place.do(gate.acquire, account.name, place.holder, interval, account.lease, since)\n"
        "    tenure = Tenure(place, account, lease, since)\n"
        "    try:\n",
        "cb",
        "control <",
    ),
    Mutant(
        "the wall clock alone says when the last login was",
        "plan/times.py",
        '    return stamp.boot_id == sample.boot_id != ""\n',
        "    return False\n",
        "cb",
    ),
    Mutant(
        "a start forgets the last login with the leases",
        "state/gate.py",
        ".values(holder=None)\n",
        ".values(holder=None, login_at=None)\n",
        "cb",
        "control",
    ),
    Mutant(
        "what a stop cut off in the middle is left lying",
        "jobs/judge.py",
        '        await keep_partial(place, row, kept, "syncd was stopped while it was being fetched")\n'
        "        return await place.do(journal.get, row.id)\n",
        "        return row\n",
        "cb",
        "data <",
    ),
    Mutant(
        "what the server called done is whole",
        "jobs/fetch.py",
        "        if file.size is not None and not sizes_agree(file.size, draft.size, feeds, mode):\n",
        "        if file.size is None:\n",
        "umbreit",
        "chunk data <",
    ),
    Mutant(
        "files are known by their names",
        "state/journal_inbound.py",
        '    return ("name", *(name for name in ("size", "modified") if getattr(file, name) is not None))\n',
        '    return ("name",)\n',
        "keeping",
    ),
    Mutant(
        "a delivery is ticked off before it was made",
        "jobs/deliver.py",
        "            return await hand_over(self.place, self.accounts[row.account], delivery, row, self._give)\n",
        "            await self.place.do(self.place.store.journal.delivered, delivery.id, self.place.clock())\n"
        "            return await hand_over(self.place, self.accounts[row.account], delivery, row, self._give)\n",
        "cb",
        "sink",
    ),
    Mutant(
        "every attempt at a delivery has its own key",
        "jobs/hand_over.py",
        "        key=delivery.key,",
        "        key=f'{delivery.key}{delivery.attempts}',",
        "cb",
        "sink",
    ),
    Mutant(
        "goods are booked as often as they are told",
        "jobs/hand_over.py",
        "if record.line not in suppressed",
        "if record.line",
        "keeping",
    ),
    Mutant(
        "a witness that knows more than the state is not believed",
        "jobs/restored.py",
        "    return fence >= said.fence and at == said.at\n",
        "    return True\n",
        "restored",
        "control <",
    ),
)


def caught(mutant: Mutant, scratch: Path) -> str:
    """Plant a mistake and hunt it; return the first broken promise, empty when it got through."""
    package = scratch / "syncd"
    shutil.copytree(ROOT / "syncd", package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / mutant.file
    text = file.read_text()
    assert text.count(mutant.old) == 1, (
        f"{mutant.name}: the text stands {text.count(mutant.old)} times in {mutant.file}"
    )
    file.write_text(text.replace(mutant.old, mutant.new))
    command = [sys.executable, "-P", "-m", "tests.sim", "hunt", mutant.scene, mutant.where]
    environment = os.environ | {"PYTHONPATH": f"{scratch}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.strip()
