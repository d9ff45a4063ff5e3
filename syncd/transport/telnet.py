"""The telnet that a line protocol must understand: RFC 854 and 855, and nothing of the options themselves.

Whatever the server offers or wants is declined, once for each time it is said; nothing is ever proposed, so no
negotiation can go round in circles. A server that speaks no telnet at all passes through unchanged.
"""

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240

DECLINED = {DO: WONT, WILL: DONT}


class Telnet:
    """Takes the server's bytes apart, in pieces of any size."""

    def __init__(self) -> None:
        self._verb = 0
        """The command whose option, or whose end, is awaited; 0 in plain text."""
        self._escaped = False
        """Whether the last byte was an IAC."""

    def hear(self, data: bytes) -> tuple[bytes, bytes]:
        """Return the text in it, and what to reply."""
        if IAC not in data and not self._verb and not self._escaped:
            return data, b""
        text = bytearray()
        reply = bytearray()
        for byte in data:
            self._byte(byte, text, reply)
        return bytes(text), bytes(reply)

    def _byte(self, byte: int, text: bytearray, reply: bytearray) -> None:
        if self._escaped:
            self._escaped = False
            self._command(byte, text)
        elif self._verb == SB:
            self._escaped = byte == IAC
        elif self._verb:
            if self._verb in DECLINED:
                reply += bytes([IAC, DECLINED[self._verb], byte])
            self._verb = 0
        elif byte == IAC:
            self._escaped = True
        else:
            text.append(byte)

    def _command(self, byte: int, text: bytearray) -> None:
        if self._verb == SB:
            self._verb = 0 if byte == SE else SB  # an IAC IAC inside belongs to the option
        elif byte == IAC:
            text.append(IAC)
        elif byte in {DO, DONT, WILL, WONT, SB}:
            self._verb = byte
