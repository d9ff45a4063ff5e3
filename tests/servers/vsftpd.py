"""vsftpd 3.0.3: no MLSD, no SIZE of text in doubt, and the strictest TLS of all when told so.

Its account is the anonymous one, with the right to write: local accounts would need PAM and a real user.
"""

import contextlib
import os
import pwd
import re
from collections.abc import Iterator
from pathlib import Path

from syncd.suppliers.rules import Encryption
from tests.servers import LOOPBACK, PASSIVE, House, account_ids, free_port, ground, program, running
from tests.servers.certs import issue

_PLAIN = """
listen=YES
listen_ipv6=NO
background=NO
listen_address={address}
listen_port={port}
run_as_launching_user={unprivileged}
ftp_username={user}
nopriv_user={user}
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
anon_root={home}
allow_writeable_chroot=YES
secure_chroot_dir={own}/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
pasv_min_port={low}
pasv_max_port={high}
pasv_address={address}
xferlog_enable=YES
xferlog_std_format=NO
log_ftp_protocol=YES
vsftpd_log_file={own}/vsftpd.log
max_per_ip=0
"""
_TLS = """
ssl_enable=YES
ssl_tlsv1=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
strict_ssl_read_eof=YES
ssl_ciphers=HIGH
rsa_cert_file={certificate}
rsa_private_key_file={key}
"""
_COMMAND = re.compile(r'FTP command: Client "[^"]*", "(.*)"$')


@contextlib.contextmanager
def vsftpd(
    *,
    tls: bool = False,
    implicit: bool = False,
    extra: str = "",
    passive: range = PASSIVE,
    address: str = LOOPBACK,
    name: str = LOOPBACK,
) -> Iterator[House]:
    """Run it, plain or with TLS, when it wants session reuse and close_notify; `name` is certified."""
    with ground("vsftpd") as (own, home):
        port = free_port()
        (own / "empty").mkdir(mode=0o555)
        config = _PLAIN.format(
            port=port,
            address=address,
            user=pwd.getpwuid(account_ids()[0]).pw_name,
            unprivileged="NO" if os.getuid() == 0 else "YES",
            home=home,
            own=own,
            low=passive.start,
            high=passive.stop - 1,
        )
        house = House(home, port, "anonymous", "Buch-1450", commands=lambda: _commands(own / "vsftpd.log"))
        if tls:
            files = issue(own, name)
            config += _TLS.format(certificate=files.certificate, key=files.key)
            config += "implicit_ssl=YES\n" if implicit else ""
            house.encryption = Encryption.IMPLICIT if implicit else Encryption.EXPLICIT
            house.ca_file = str(files.ca)
        path = own / "vsftpd.conf"
        path.write_text(config + extra)
        with running([program("vsftpd"), str(path)], port, own / "output", address):
            yield house


def _commands(log: Path) -> list[str]:
    if not log.exists():
        return []
    found = (_COMMAND.search(line) for line in log.read_text("latin-1").splitlines())
    return [match[1] for match in found if match]
