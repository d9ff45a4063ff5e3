"""The commands of FTP, one function each, in a table.

Replies are worded as common servers word them; their codes are those of RFC 959, 2228, 3659 and 4217.
"""

import posixpath
from collections.abc import Callable, Mapping
from types import MappingProxyType

from syncd.simulate.host import ReplyError, Tls, Verb
from syncd.simulate.session import Session
from syncd.simulate.tree import Entry, entries, resolve

# -- login --------------------------------------------------------------------------------------------------------


async def auth(session: Session, argument: str) -> None:
    """Start TLS; what was sent in clear behind the command is thrown away (RFC 4217, 4)."""
    if session.house.tls in (Tls.NONE, Tls.IMPLICIT) or session.house.context is None:
        raise ReplyError(502, "TLS is not offered here.")
    if argument.upper() not in ("TLS", "TLS-C", "SSL"):
        raise ReplyError(504, "Unknown security mechanism.")
    if session.wire.tls is not None:
        raise ReplyError(503, "TLS is on already.")
    await session.reply(234, "Proceed with negotiation.")
    await session.secure()


async def pbsz(session: Session, argument: str) -> None:
    """Accept the buffer size that TLS has no use for."""
    if session.wire.tls is None:
        raise ReplyError(503, "AUTH comes first.")
    await session.reply(200, "PBSZ=0")


async def prot(session: Session, argument: str) -> None:
    """Set the protection of data connections."""
    if session.wire.tls is None:
        raise ReplyError(503, "AUTH comes first.")
    if argument.upper() not in ("P", "C"):
        raise ReplyError(536, "Only P and C are known.")
    session.protected = argument.upper() == "P"
    await session.reply(200, f"Protection set to {argument.upper()}.")


async def user(session: Session, argument: str) -> None:
    """Take the name of the account."""
    if session.account:
        raise ReplyError(530, "You are logged in already.")
    session.user = argument
    await session.reply(331, "Please specify the password.")


async def password(session: Session, argument: str) -> None:
    """Log in."""
    if not session.user:
        raise ReplyError(503, "USER comes first.")
    if session.account:
        raise ReplyError(503, "You are logged in already.")
    session.house.admit(session, argument)
    session.account = session.command.account = session.user
    session.cwd = session.house.home(session.account)
    await session.reply(230, "Login successful.")


async def quit_(session: Session, argument: str) -> None:
    """Say goodbye."""
    session.over = True
    session.house.leave(session)
    await session.reply(221, "Goodbye.")


# -- plumbing -----------------------------------------------------------------------------------------------------


async def noop(session: Session, argument: str) -> None:
    """Do nothing."""
    await session.reply(200, "NOOP ok.")


async def syst(session: Session, argument: str) -> None:
    """Name the system."""
    await session.reply(215, "UNIX Type: L8")


async def feat(session: Session, argument: str) -> None:
    """Name what goes beyond RFC 959."""
    lines = ["SIZE", "PASV"]
    if session.house.tls in (Tls.OPTIONAL, Tls.EXPLICIT):
        lines += ["AUTH TLS", "PBSZ", "PROT"]
    if session.house.mlsd:
        lines.append("MLST type*;size*;modify*;")
    await session.reply(211, "Features:", lines=tuple(lines))


async def type_(session: Session, argument: str) -> None:
    """Set ASCII or binary."""
    kind = argument.upper().split(" ")[0]
    if kind not in ("A", "I"):
        raise ReplyError(504, "Only A and I are known.")
    session.ascii = kind == "A"
    await session.reply(200, f"Switching to {'ASCII' if session.ascii else 'Binary'} mode.")


async def pasv(session: Session, argument: str) -> None:
    """Open a data port."""
    await session.passive()


async def rest(session: Session, argument: str) -> None:
    """Refuse to resume, except at the start."""
    if argument != "0":
        raise ReplyError(501, "Resuming is not possible here.")
    await session.reply(350, "Restart position accepted (0).")


async def abor(session: Session, argument: str) -> None:
    """Abort nothing: a transfer is over when we read the next command."""
    session.close_door()
    await session.reply(226, "No transfer to abort.")


# -- directories --------------------------------------------------------------------------------------------------


async def pwd(session: Session, argument: str) -> None:
    """Say where we are."""
    await session.reply(257, f'"{session.cwd}" is the current directory')


async def cwd(session: Session, argument: str) -> None:
    """Go to a directory."""
    path = resolve(session.cwd, argument)
    if path not in session.house.tree(session.account):
        raise ReplyError(550, "Failed to change directory.")
    session.cwd = path
    await session.reply(250, "Directory successfully changed.")


async def cdup(session: Session, argument: str) -> None:
    """Go one directory up."""
    await cwd(session, "..")


async def mkd(session: Session, argument: str) -> None:
    """Refuse to make a directory."""
    raise ReplyError(550, "Create directory operation failed.")


def _shown(session: Session, argument: str) -> list[Entry]:
    name = " ".join(word for word in argument.split(" ") if not word.startswith("-"))  # "-la" and its like
    path = resolve(session.cwd, name)
    tree = session.house.tree(session.account)
    if path in tree:
        return entries(tree, path)
    file = posixpath.basename(session.existing(name))
    return [entry for entry in entries(tree, posixpath.dirname(path)) if entry.name == file]


async def _list(session: Session, shown: list[Entry], line: Callable[[Entry], str]) -> None:
    wire = await session.open_data("Here comes the directory listing.")
    data = "".join(f"{line(entry)}\r\n" for entry in session.listed(shown)).encode("latin-1", "replace")
    if await session.transmit(wire, data) < len(data):
        raise ReplyError(426, "Connection closed; transfer aborted.")
    await session.reply(226, "Directory send OK.")


async def list_(session: Session, argument: str) -> None:
    """List as `ls -l` does."""
    await _list(session, _shown(session, argument), Entry.long)


async def nlst(session: Session, argument: str) -> None:
    """List bare names."""
    files = [entry for entry in _shown(session, argument) if entry.size is not None]
    await _list(session, files, lambda entry: entry.name)


async def mlsd(session: Session, argument: str) -> None:
    """List facts, where the house knows them."""
    if not session.house.mlsd:
        raise ReplyError(500, "Unknown command.")
    await _list(session, _shown(session, argument), Entry.facts)


async def mlst(session: Session, argument: str) -> None:
    """Show the facts of one file on the control connection (RFC 3659, 7.2)."""
    if not session.house.mlsd:
        raise ReplyError(500, "Unknown command.")
    path = session.existing(argument)
    (entry,) = _shown(session, path)
    await session.reply(250, "Facts:", lines=(entry.facts(),))


# -- files --------------------------------------------------------------------------------------------------------


async def size(session: Session, argument: str) -> None:
    """Say how long a file is; not in ASCII where the house stores other line ends than it sends (RFC 3659, 4)."""
    path = session.existing(argument)
    if session.ascii and session.house.newline == "lf":
        raise ReplyError(550, "SIZE not allowed in ASCII mode.")
    await session.reply(213, str(session.size(path)))


async def retr(session: Session, argument: str) -> None:
    """Send a file."""
    path = session.existing(argument)
    content = session.opened(path)
    if session.ascii and session.house.newline == "lf":
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    name = posixpath.basename(path)
    wire = await session.open_data(f"Opening data connection for {name} ({len(content)} bytes).")
    sent = await session.transmit(wire, content)
    whole = sent == len(content)
    session.went(path, content[:sent], whole)
    if not whole:
        raise ReplyError(426, "Connection closed; transfer aborted.")
    await session.reply(226, "Transfer complete.")
    session.house.done(session, path, whole)


async def stor(session: Session, argument: str) -> None:
    """Take a file; what came of a broken transfer stays, as on most servers."""
    path = session.path(argument)
    wire = await session.open_data("Ok to send data.")
    content, whole = await session.receive(wire)
    if session.ascii and session.house.newline == "lf":
        content = content.replace(b"\r\n", b"\n")
    session.came(path, content, whole)
    if not whole:
        raise ReplyError(426, "Failure reading network stream.")
    await session.reply(226, "Transfer complete.")


async def rnfr(session: Session, argument: str) -> None:
    """Take the old name."""
    session.renaming = session.existing(argument)
    await session.reply(350, "Ready for RNTO.")


async def rnto(session: Session, argument: str) -> None:
    """Rename; the effect is there before the reply."""
    old, session.renaming = session.renaming, ""
    if not old:
        raise ReplyError(503, "RNFR comes first.")
    session.existing(old)
    session.house.renamed(session, old, session.path(argument))
    await session.reply(250, "Rename successful.")


async def dele(session: Session, argument: str) -> None:
    """Delete a file."""
    path = session.existing(argument)
    del session.directory(path)[posixpath.basename(path)]
    await session.reply(250, "Delete operation successful.")


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "AUTH": Verb(auth, after_login=False),
        "PBSZ": Verb(pbsz, after_login=False),
        "PROT": Verb(prot, after_login=False),
        "USER": Verb(user, after_login=False),
        "PASS": Verb(password, after_login=False),
        "QUIT": Verb(quit_, after_login=False),
        "NOOP": Verb(noop, after_login=False),
        "SYST": Verb(syst, after_login=False),
        "FEAT": Verb(feat, after_login=False),
        "TYPE": Verb(type_),
        "PASV": Verb(pasv),
        "REST": Verb(rest),
        "ABOR": Verb(abor),
        "PWD": Verb(pwd),
        "CWD": Verb(cwd),
        "CDUP": Verb(cdup),
        "MKD": Verb(mkd),
        "LIST": Verb(list_),
        "NLST": Verb(nlst),
        "MLSD": Verb(mlsd),
        "MLST": Verb(mlst),
        "SIZE": Verb(size),
        "RETR": Verb(retr),
        "STOR": Verb(stor),
        "RNFR": Verb(rnfr),
        "RNTO": Verb(rnto),
        "DELE": Verb(dele),
    }
)
"""Every command that is understood; what is not here gets 502."""
