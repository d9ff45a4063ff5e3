"""The client against telnetlib3's server: a telnet that somebody else wrote, with its own negotiation and echo."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import telnetlib3

from syncd.errors import LoginRefusedError
from syncd.formats.ola import Ask, Outcome
from syncd.formats.ola_session import Login
from syncd.transport.ola import OlaEndpoint, connect
from tests.ola.houses import question


class Peer:
    """A small OLA on telnetlib3; it asks for terminal type, window size and more before it says a word."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.port = 0
        self.negotiated: dict[str, bool] = {}

    async def shell(self, reader: Any, writer: Any) -> None:
        writer.write("\r\nLogin: ")
        user = (await reader.readline()).strip()
        writer.write("Passwort: ")
        password = (await reader.readline()).strip()
        if (user, password) != ("900900", "olatest"):
            writer.write("\r\nLogin: ")
            await reader.readline()
        self.negotiated = {
            f"{side} {option}": value
            for side, options in (("remote", writer.remote_option), ("local", writer.local_option))
            for option, value in options.items()
        }
        while (line := (await reader.readline()).strip()) not in {"", "ENDE"}:
            self.lines.append(line)
            writer.write(f"{line}\r\n")  # a local echo of its own
            fields = line.split("^")
            writer.write("^".join([*fields[:4], "1", "1", "", "Haÿ" if fields[4:] else ""]) + "\r\n")
        writer.write("ENDE\r\n")
        writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    server = await telnetlib3.create_server(
        "127.0.0.1", 0, shell=peer.shell, encoding="latin1", force_binary=True, connect_maxwait=0.5, timeout=0
    )
    assert server.sockets
    peer.port = server.sockets[0].getsockname()[1]
    yield peer
    server.close()
    await server.wait_closed()


async def test_a_session_with_somebody_elses_telnet(peer: Peer):
    line = await connect(OlaEndpoint("127.0.0.1", peer.port, Login("900900", "olatest"), settle=0.05))
    asked = [question(str(number)) for number in range(1, 101)]
    found = [answer async for answer in line.ask(asked)]
    assert [answer.question for answer in found] == asked
    taken = await line.reserve(question("9783842344549", 2, Ask.RESERVE, mark="Müller"))
    assert (taken.outcome, taken.text) == (Outcome.TAKEN, "Haÿ"), "its 255 came doubled and is one again"
    await line.leave()
    assert peer.lines[-1] == "900900^9783842344549^2^5^Müller"
    assert peer.negotiated, "options were offered"
    assert not any(peer.negotiated.values()), "and every one was declined"


async def test_a_wrong_password_at_somebody_elses_telnet(peer: Peer):
    with pytest.raises(LoginRefusedError):
        await connect(OlaEndpoint("127.0.0.1", peer.port, Login("900900", "falsch"), settle=2.0))
    assert peer.lines == []
