"""Tell systemd how the daemon is: sd_notify(3), which is one datagram."""

import os
import socket
from contextlib import suppress

PATIENCE = 1.0
"""Seconds to wait for a service manager whose queue is full."""


def notify(state: str) -> None:
    """Send a state such as READY=1 or WATCHDOG=1; without systemd, or if it does not listen, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.settimeout(PATIENCE)
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(state.encode())
