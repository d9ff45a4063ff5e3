"""ProFTPD 1.3.8: with AUTH TLS its data connections must resume the control connection's TLS session by default."""

import contextlib
import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from syncd.suppliers.rules import Encryption
from tests.servers import LOOPBACK, PASSIVE, House, account_ids, free_port, give, ground, program, running
from tests.servers.certs import issue

USER, PASSWORD = "shop", "Buch-1450"
_HASH = "$5$syncd$XyKvrgvgnLtE1UKMlVX628MLIwq/zC01uCQM/xKC7i3"  # openssl passwd -5 -salt syncd

_PLAIN = """
ServerName "syncd"
ServerType standalone
DefaultServer on
Port {port}
DefaultAddress {address}
SocketBindTight on
UseIPv6 off
UseReverseDNS off
User {user}
Group {group}
ModulePath /usr/lib/proftpd
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile {own}/passwd
AuthGroupFile {own}/group
PidFile {own}/pid
ScoreboardFile {own}/scoreboard
DelayEngine off
WtmpLog off
TransferLog none
SystemLog {own}/system.log
LogFormat command "%r"
ExtendedLog {own}/commands.log ALL command
PassivePorts {low} {high}
{jail}
AllowOverwrite on
MaxInstances 30
TimesGMT on
"""
_TLS = """
LoadModule mod_tls.c
TLSEngine on
TLSLog {own}/tls.log
TLSProtocol {protocol}
TLSCipherSuite {ciphers}
TLSRSACertificateFile {certificate}
TLSRSACertificateKeyFile {key}
TLSVerifyClient off
TLSRequired on
TLSSessionCache internal:
"""


@contextlib.contextmanager
def proftpd(
    protocol: str | None = None,
    *,
    implicit: bool = False,
    extra: str = "",
    passive: range = PASSIVE,
    address: str = LOOPBACK,
    name: str = LOOPBACK,
) -> Iterator[House]:
    """Run it, plain or with `TLSProtocol` as named (`TLSv1` is nothing newer than TLS 1.0); `name` is certified."""
    with ground("proftpd") as (own, home):
        port = free_port()
        uid, gid = account_ids()
        _write_accounts(own, home, uid, gid)
        config = _PLAIN.format(
            own=own,
            port=port,
            address=address,
            user=pwd.getpwuid(uid).pw_name,
            group=grp.getgrgid(gid).gr_name,
            jail="DefaultRoot ~" if os.getuid() == 0 else "",
            low=passive.start,
            high=passive.stop - 1,
        )
        house = House(home, port, USER, PASSWORD, commands=lambda: _commands(own / "commands.log"))
        house.passive = passive
        if protocol is not None:
            files = issue(own, name)
            old = protocol == "TLSv1"
            ciphers = "DEFAULT:@SECLEVEL=0" if old else "DEFAULT"
            config += _TLS.format(
                own=own, protocol=protocol, ciphers=ciphers, certificate=files.certificate, key=files.key
            )
            config += "TLSOptions UseImplicitSSL\n" if implicit else ""
            house.encryption = Encryption.IMPLICIT if implicit else Encryption.EXPLICIT
            house.ca_file = str(files.ca)
            house.tls_minimum = "1.0" if old else "1.2"
        (own / "proftpd.conf").write_text(config + extra)
        with running([program("proftpd"), "-n", "-q", "-c", str(own / "proftpd.conf")], port, own / "output", address):
            yield house


def _write_accounts(own: Path, home: Path, uid: int, gid: int) -> None:
    for name, line in (("passwd", f"{USER}:{_HASH}:{uid}:{gid}::{home}:/bin/false"), ("group", f"{USER}:x:{gid}:")):
        (own / name).write_text(line + "\n")
        (own / name).chmod(0o600)
    if os.getuid() == 0:
        give(own)


def _commands(log: Path) -> list[str]:
    return log.read_text("latin-1").splitlines() if log.exists() else []
