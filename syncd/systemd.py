"""Tell systemd how the daemon is: sd_notify(3), which is one datagram."""

import os
import socket


def notify(state: str) -> None:
    """Send a state such as READY=1 or WATCHDOG=1; without systemd, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(state.encode())
