"""The server's side of one session in memory: what each command does to an account's directories."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from syncd.transport.memory.disk import Disk, Fault, MemoryAccount, MemoryFile
from syncd.transport.wire import Reply


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a transfer command wants: bytes to send, or a place for the bytes that come."""

    outgoing: bytes = b""
    keep: Callable[[bytes], None] | None = None


class Visit:
    """One control connection, seen from the server."""

    def __init__(self, disk: Disk, user: str) -> None:
        self._disk = disk
        self._user = user
        self._account: MemoryAccount | None = None
        self._here = ""
        self._from: str | None = None
        self.fault: Fault | None = None
        """What is going wrong with the command at hand."""
        self.transfer: Transfer | None = None
        """What the last transfer command wants of the data connection."""

    def do(self, verb: str, argument: str) -> Reply:
        """Do a command that arrived."""
        self.transfer = None
        deed = _DEEDS.get(verb)
        return deed(self, argument) if deed else Reply(200, "OK")

    def end(self) -> None:
        """Log the account out."""
        if self._account is not None:
            self._account.open_sessions -= 1
            self._account = None

    @property
    def _in(self) -> MemoryAccount:
        assert self._account is not None, "not logged in"
        return self._account

    @property
    def _files(self) -> dict[str, MemoryFile]:
        return self._in.directories[self._here]

    def user(self, argument: str) -> Reply:
        """Ask for the password."""
        return Reply(331, "Password please")

    def password(self, argument: str) -> Reply:
        """Log in."""
        account = self._disk.accounts.get(self._user)
        if account is None or account.password != argument:
            return Reply(530, "Login incorrect")
        self._account = account
        account.open_sessions += 1
        account.most_sessions = max(account.most_sessions, account.open_sessions)
        return Reply(230, "Logged in")

    def cwd(self, argument: str) -> Reply:
        """Change the directory."""
        path = argument if argument.startswith("/") else f"{self._here}/{argument}"
        if path.strip("/") not in self._in.directories:
            return Reply(550, f"{argument}: no such directory")
        self._here = path.strip("/")
        return Reply(250, "OK")

    def pwd(self, argument: str) -> Reply:
        """Tell the directory."""
        return Reply(257, f'"/{self._here}" is the current directory')

    def mlsd(self, argument: str) -> Reply:
        """List with facts, where the server knows how."""
        if not self._disk.knows_mlsd:
            return Reply(500, "Unknown command")
        return self._listing(
            f"type=file;size={len(file.data)};modify={file.modified:%Y%m%d%H%M%S}; {name}"
            for name, file in self._files.items()
        )

    def list(self, argument: str) -> Reply:
        """List as Unix does."""
        return self._listing(
            f"-rw-r--r--    1 ftp      ftp  {len(file.data):10} {file.modified:%b %d %H:%M} {name}"
            for name, file in self._files.items()
        )

    def nlst(self, argument: str) -> Reply:
        """List bare names."""
        return self._listing(self._files)

    def size(self, argument: str) -> Reply:
        """Tell a size."""
        file = self._files.get(argument)
        return Reply(213, str(len(file.data))) if file else Reply(550, "No such file")

    def retr(self, argument: str) -> Reply:
        """Send a file, and delete it where reading deletes."""
        file = self._files.get(argument)
        if file is None:
            return Reply(550, "No such file")
        if self._disk.delete_on_read and self.fault is not Fault.CUT:
            del self._files[argument]
        return self._open(Transfer(file.data))

    def stor(self, argument: str) -> Reply:
        """Take a file."""
        account, here, cut = self._in, self._here, self.fault is Fault.CUT
        return self._open(
            Transfer(keep=lambda data: self._keep(account, here, argument, self._disk.file(data), not cut))
        )

    def rnfr(self, argument: str) -> Reply:
        """Remember what is to be renamed."""
        self._from = argument if argument in self._files else None
        return Reply(350, "Ready for RNTO") if self._from else Reply(550, "No such file")

    def rnto(self, argument: str) -> Reply:
        """Rename."""
        if self._from is None:
            return Reply(503, "RNFR first")
        file = self._files.pop(self._from)
        self._from = None
        self._keep(self._in, self._here, argument, file, complete=True)
        return Reply(250, "Renamed")

    def dele(self, argument: str) -> Reply:
        """Delete a file."""
        return Reply(250, "Deleted") if self._files.pop(argument, None) else Reply(550, "No such file")

    def _listing(self, lines: Iterable[str]) -> Reply:
        return self._open(Transfer("".join(line + "\r\n" for line in lines).encode("latin-1")))

    def _open(self, transfer: Transfer) -> Reply:
        self.transfer = transfer
        return Reply(150, "Here it comes")

    def _keep(self, account: MemoryAccount, directory: str, name: str, file: MemoryFile, complete: bool) -> None:
        account.directories[directory][name] = file
        if complete and self._disk.on_complete is not None:
            self._disk.on_complete(account, directory, name)


_DEEDS: dict[str, Callable[[Visit, str], Reply]] = {
    "USER": Visit.user,
    "PASS": Visit.password,
    "CWD": Visit.cwd,
    "PWD": Visit.pwd,
    "MLSD": Visit.mlsd,
    "LIST": Visit.list,
    "NLST": Visit.nlst,
    "SIZE": Visit.size,
    "RETR": Visit.retr,
    "STOR": Visit.stor,
    "RNFR": Visit.rnfr,
    "RNTO": Visit.rnto,
    "DELE": Visit.dele,
    "PASV": lambda visit, argument: Reply(227, "(127,0,0,1,4,1)"),
    "QUIT": lambda visit, argument: Reply(221, "Goodbye"),
}
