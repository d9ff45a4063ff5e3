"""How often an order is taken, and whether half a file is accepted: syncd beside the tools that shops use.

    python bench/duplicates.py

Every tool talks to the same simulated house (Umbreit's: an order counts the moment it has its `S_` name) and meets the
same fault once. lftp, curl and Python's ftplib do as the supplier's paper says: a temporary name, then a rename; rclone
copies a folder with its defaults. Cron runs each again until it reports success, three times at most. What was taken is
read in the house's books, what was accepted in the folder where the tool put it.
"""

import asyncio
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from syncd.simulate import UmbreitHouse, slips

USER, PASSWORD = "900900", "invented"
NAME = f"S_{USER}_20261121101112"
SLIP = slips.slip_name(USER, "24051102", 475138)
RUNS, PATIENCE = 3, 90.0
"""How often cron runs a tool that fails, and for how many seconds it may run."""
TITLES = tuple(slips.Line(USER, "20261121", "4233", f"97834427{n:05}", "EN", 1) for n in range(40))
ORDER = "".join(
    f"B101{USER:<10}VD{slips.UMBREIT:<10}VD{t.ordered}{t.reference:<10}{t.article}EN0001ST*9999\r\n" for t in TITLES
).encode()
GOODS = "".join(
    slips.delivered(t, quantity=1, price=129500, on=date(2026, 11, 21), slip="24051102", position=n)
    for n, t in enumerate(TITLES, 1)
).encode()
NEVER = timedelta(hours=1)
"""The house keeps its answers to itself: they are not what is measured."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of one shop, and the port of the house that it talks to."""

    folder: Path
    port: int

    @property
    def order(self) -> Path:
        return self.folder / "orders" / NAME

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    def prepare(self) -> None:
        for name in ("orders", "inbox", "outbox"):
            (self.folder / name).mkdir()
        self.order.write_bytes(ORDER)

    def accepted(self) -> bytes | None:
        """Return what lies in the inbox under the file's name."""
        path = self.inbox / SLIP
        return path.read_bytes() if path.exists() else None


Command = Callable[[Place], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One column: the command that sends the order, the one that fetches, and the one that tells the version."""

    title: str
    send: Command
    fetch: Command
    version: Sequence[str]


# -- the tools ----------------------------------------------------------------------------------------------------


def lftp(script: Callable[[Place], str]) -> Command:
    # The settings shorten waiting and nothing else; fail-exit lets cron see a failure.
    first = "set ftp:ssl-allow no; set net:reconnect-interval-base 1; set net:max-retries 3; set cmd:fail-exit yes; "
    return lambda place: (
        "lftp", "--norc", "-u", f"{USER},{PASSWORD}", "-p", str(place.port), "-e", f"{first}{script(place)}; bye",
        "127.0.0.1",
    )  # fmt: skip


def curl(arguments: Callable[[Place], Sequence[str]]) -> Command:
    again = ("--retry", "2", "--retry-delay", "1", "--retry-all-errors")
    return lambda place: ("curl", "--silent", *again, "--user", f"{USER}:{PASSWORD}", "--use-ascii", *arguments(place))


def address(place: Place, path: str) -> str:
    return f"ftp://127.0.0.1:{place.port}/{path}"


def rclone(*arguments: str) -> Command:
    return lambda place: ("rclone", *(each.format(place=place, remote=_remote(place)) for each in arguments))


def _remote(place: Place) -> str:
    obscured = subprocess.run(["rclone", "obscure", PASSWORD], check=True, capture_output=True, text=True)
    return f":ftp,host=127.0.0.1,port={place.port},user={USER},pass={obscured.stdout.strip()}:"


FTPLIB = """
import ftplib, sys
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(sys.argv[1]))
ftp.login(sys.argv[2], sys.argv[3])
"""
FTPLIB_SEND = FTPLIB + "ftp.storlines('STOR in/t1', open(sys.argv[4], 'rb')); ftp.rename('in/t1', 'in/' + sys.argv[5])"
FTPLIB_FETCH = FTPLIB + "ftp.retrbinary('RETR out/' + sys.argv[5], open(sys.argv[4], 'wb').write)"


def ftplib(script: str, path: Callable[[Place], Path], name: str) -> Command:
    return lambda place: (sys.executable, "-c", script, str(place.port), USER, PASSWORD, str(path(place)), name)


def once(place: Place) -> Sequence[str]:
    """Run the real program; the shop drops the order into the outbox again for as long as it lies in its own folder."""
    if place.order.exists():
        draft = place.folder / "outbox" / ".draft"
        shutil.copyfile(place.order, draft)
        draft.rename(place.folder / "outbox" / NAME)
    return (sys.executable, "-m", "syncd", "once", "--config", str(configured(place)))


def configured(place: Place) -> Path:
    config, password = place.folder / "syncd.toml", place.folder / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    config.write_text(
        f"""\
state_dir = "{place.folder}/state"
[account.umbreit]
supplier = "umbreit"
host = "127.0.0.1"
port = {place.port}
user = "{USER}"
password = {{ file = "{password}" }}
tls = "none"
customers = ["{USER}"]
outbox = "{place.folder}/outbox"
[sink.inbox]
type = "directory"
path = "{place.inbox}"
"""
    )
    return config


SYNCD = Tool("syncd", once, once, (sys.executable, "-m", "syncd", "--version"))
TOOLS = (
    Tool(
        "lftp",
        lftp(lambda place: f"put -a {place.order} -o in/t1; mv in/t1 in/{NAME}"),
        lftp(lambda place: f"get -a out/{SLIP} -o {place.inbox}/{SLIP}"),
        ("lftp", "--version"),
    ),
    Tool(
        "curl",
        curl(lambda place: ("-T", str(place.order), "-Q", "-RNFR t1", "-Q", f"-RNTO {NAME}", address(place, "in/t1"))),
        curl(lambda place: ("-o", str(place.inbox / SLIP), address(place, f"out/{SLIP}"))),
        ("curl", "--version"),
    ),
    Tool(
        "rclone",
        rclone("copy", "{place.folder}/orders", "{remote}in"),
        rclone("copy", f"{{remote}}out/{SLIP}", "{place.inbox}"),
        ("rclone", "version"),
    ),
    Tool(
        "ftplib",
        ftplib(FTPLIB_SEND, lambda place: place.order, NAME),
        ftplib(FTPLIB_FETCH, lambda place: place.inbox / SLIP, SLIP),
        (sys.executable, "--version"),
    ),
    SYNCD,
)


# -- the cases ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One row. kept: the shop leaves the order where it is, and cron runs the tool twice whatever it said."""

    title: str
    fault: str = ""
    kept: bool = False
    inbound: bool = False


CASES = (
    Case("no fault"),
    Case("no fault; the order stays where it is, and cron runs twice", kept=True),
    Case("the reply to the rename is lost", "lost-rnto-reply:1"),
    Case("the reply to the upload (226) is lost", "lost-226:STOR:1"),
    Case("the server keeps half the order and says 226", "lying-226:STOR:1"),
    Case("the upload breaks off in the middle", "cut-data-at:1000:STOR:1"),
    Case("half a file comes with a 226: the short file is", "lying-226:RETR", inbound=True),
)


async def measure(tool: Tool, case: Case) -> str:
    """Run one tool against a fresh house; return its cell of the table."""
    house = UmbreitHouse(
        {USER: PASSWORD}, clock=lambda: datetime.now(UTC), rng=random.Random(1), answer_after=NEVER,
        deliver_after=NEVER, faults=[case.fault] if case.fault else [],
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        async with house:
            place = Place(Path(folder), house.port)
            place.prepare()
            if case.inbound:
                place.order.unlink()
                house.out(USER)[SLIP] = GOODS
                return _accepted(await run(tool.fetch, place), place)
            await by_cron(tool, case, place)
            return _taken([order.content for order in house.orders])


async def by_cron(tool: Tool, case: Case, place: Place) -> None:
    for number in range(1, RUNS + 1):
        done = await run(tool.send, place) and not case.kept
        if not case.kept and tool is SYNCD:
            place.order.unlink(missing_ok=True)  # what it was given once is its own affair
        if done or (case.kept and number == 2):
            return


async def run(command: Command, place: Place) -> bool:
    """Run a command to its end, or stop it when it takes too long; tell whether it reported success."""
    environment = {**os.environ, "RCLONE_CONFIG": "", "HOME": str(place.folder)}
    words = await asyncio.to_thread(command, place)
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*words, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)
    try:
        return await asyncio.wait_for(process.wait(), PATIENCE) == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


def _taken(contents: list[bytes]) -> str:
    torn = sum(_text(content) != _text(ORDER) for content in contents)
    return f"{len(contents)}" + (f" ({torn} torn)" if torn else "")


def _accepted(success: bool, place: Place) -> str:
    content = place.accepted()
    if content is None or _text(content) == _text(GOODS):
        return "refused"
    return "accepted" if success else "left, with an error"


def _text(content: bytes) -> bytes:
    """Leave line ends out: in ASCII mode they are each side's own."""
    return content.replace(b"\r", b"")


# -- the table ----------------------------------------------------------------------------------------------------


def lacking() -> list[str]:
    return [name for name in ("lftp", "curl", "rclone") if shutil.which(name) is None]


def version(tool: Tool) -> str:
    said = subprocess.run([*tool.version], check=True, capture_output=True, text=True).stdout.replace("|", " ")
    return next(word.lstrip("v") for word in said.split() if word.lstrip("v")[:1].isdecimal())


async def table(tools: Sequence[Tool], cases: Sequence[Case]) -> list[str]:
    lines = ["| times the order was taken | " + " | ".join(f"{t.title} {version(t)}" for t in tools) + " |"]
    lines.append("|---|" + "---|" * len(tools))
    for case in cases:
        cells = [await measure(tool, case) for tool in tools]
        lines.append(f"| {case.title} | " + " | ".join(cells) + " |")
        print(f"{case.title}: done", file=sys.stderr)
    return lines


def main() -> None:
    if missing := lacking():
        sys.exit(f"not installed: {', '.join(missing)}. As root: apt-get install {' '.join(missing)}")
    print("\n".join(asyncio.run(table(TOOLS, CASES))))


if __name__ == "__main__":
    main()
