"""The telnet that OLA's house may speak: what it offers, and how it hears a visitor's replies (RFC 854, 855)."""

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SGA, TERMINAL_TYPE, WINDOW_SIZE = 1, 3, 24, 31

OFFERS = bytes(
    [IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, TERMINAL_TYPE, IAC, DO, WINDOW_SIZE, IAC, SB, TERMINAL_TYPE, 1, IAC, SE]
)
"""What a telnet server of the old school begins with."""


class TelnetEar:
    """Takes a visitor's bytes apart: what was typed, and what was negotiated."""

    def __init__(self) -> None:
        self._rest = b""

    def hear(self, data: bytes) -> tuple[bytes, str]:
        """Return what was typed and, where a visitor agreed to what we cannot do, an objection."""
        data = self._rest + data
        typed = bytearray()
        objection = ""
        at = 0
        while at < len(data):
            if data[at] != IAC:
                typed.append(data[at])
                at += 1
                continue
            command = data[at : at + 3]
            if len(command) < 2 or (len(command) < 3 and command[1] in {DO, DONT, WILL, WONT}):
                break
            if command[1] == IAC:
                typed.append(IAC)
            elif command[1] in {DO, WILL, SB}:
                objection = f"the visitor agreed to something: {command.hex(' ')}"
            at += 3 if command[1] in {DO, DONT, WILL, WONT} else 2
        self._rest = data[at:]
        return bytes(typed), objection
