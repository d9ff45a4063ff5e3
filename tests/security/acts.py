"""What hostile servers do, beyond what `tests.servers.scripted` knows: no end, no certificate, no sense."""

import contextlib
import ssl
from datetime import UTC, datetime
from pathlib import Path

import trustme

from tests.servers.certs import authority
from tests.servers.scripted import Act, Talk

BLOCK = b"x" * 2**16


def without_end(block: bytes = BLOCK) -> Act:
    """Return an act that says the same for ever."""

    def act(talk: Talk, argument: str) -> None:
        while True:
            talk.say(block)

    return act


def in_turn(*acts: Act) -> Act:
    """Return an act that does one after the other."""

    def act(talk: Talk, argument: str) -> None:
        for one in acts:
            one(talk, argument)

    return act


def sends_without_end(block: bytes) -> Act:
    """Return an act whose data has no end."""

    def act(talk: Talk, argument: str) -> None:
        talk.say("150 here it comes")
        with talk.accept() as connection, contextlib.suppress(OSError):
            while True:
                connection.sendall(block)

    return act


def says(form: str) -> Act:
    """Return an act that answers with the port of a door that was really opened: `{high}`, `{low}`, `{port}`."""

    def act(talk: Talk, argument: str) -> None:
        port = talk.listen()
        talk.say(form.format(high=port // 256, low=port % 256, port=port))

    return act


def secured_by(context: ssl.SSLContext) -> Act:
    """Return an act that does AUTH TLS with a context of its own."""

    def act(talk: Talk, argument: str) -> None:
        talk.say("234 go ahead")
        talk.control = context.wrap_socket(talk.control, server_side=True)
        talk.server.sockets.append(talk.control)

    return act


def anonymous() -> ssl.SSLContext:
    """Return a context that only speaks ciphers without any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


def with_certificate(folder: Path, issuer: trustme.CA, *names: str, until: datetime | None = None) -> ssl.SSLContext:
    """Return a context with a certificate of this issuer, for these names, until then."""
    issued = issuer.issue_cert(*(names or ("127.0.0.1",)), not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=until)
    chain = folder / "hostile.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


def expired(folder: Path) -> ssl.SSLContext:
    """Return a context with the right issuer and name, and a date that is past."""
    return with_certificate(folder, authority(), until=datetime(2021, 1, 1, tzinfo=UTC))


def of_a_stranger(folder: Path) -> ssl.SSLContext:
    """Return a context with a certificate that an unknown authority issued."""
    return with_certificate(folder, trustme.CA())


def for_another_name(folder: Path) -> ssl.SSLContext:
    """Return a context with a good certificate of somebody else."""
    return with_certificate(folder, authority(), "ftp.example")


def honest_size(talk: Talk, name: str) -> None:
    """Tell how much of a file came."""
    stored = talk.server.stored.get(name)
    talk.say("550 no such file" if stored is None else f"213 {len(stored)}")


def in_clear(talk: Talk, argument: str) -> None:
    """Answer on the data connection in clear, whatever protection was agreed on."""
    assert talk.passive is not None
    talk.say("150 go on")
    connection, _ = talk.passive.accept()
    with connection:
        connection.sendall(b"no TLS here, just send it")
    talk.say("226 done")
