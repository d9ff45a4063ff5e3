"""What a judge has to say about a file: findings, collected in bounded memory, and the catalogue of their codes."""

from collections import Counter, defaultdict

from syncd.model import Finding, Severity

KEPT = 100
"""How many findings of a file are kept; all are counted."""

RAW_LENGTH = 400
"""How many characters of the text in question a finding shows: a bundle of two parts fits."""

VALUES = 10_000
"""How many different values of one code are said, once each; there are no more CB-ids than that."""


def readable(raw: bytes) -> str:
    """Decode bytes for a message: as cp1252 where that is possible, else as ISO 8859-1."""
    raw = raw[:RAW_LENGTH]
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")


class Findings:
    """Collects findings in file order, keeps the first hundred and counts all of them by code.

    An error is never crowded out by warnings: it takes the place of the last warning that was kept. A `raw` given as
    str is text that a judge decoded as ISO 8859-1, byte for byte; where none is given, the whole line is shown.
    """

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.codes: Counter[str] = Counter()
        self.rejected = False
        self.here: tuple[int, bytes] = (0, b"")
        """Number and bytes of the line that is looked at."""
        self._said: defaultdict[str, set[str]] = defaultdict(set)

    def error(self, code: str, line: int | None, message: str, raw: bytes | str | None = None) -> None:
        """Note what makes the whole file unusable."""
        self.rejected = True
        self._add(code, Severity.ERROR, line, message, raw)

    def warning(self, code: str, line: int | None, message: str, raw: bytes | str | None = None) -> None:
        """Note what is odd and does no harm."""
        self._add(code, Severity.WARNING, line, message, raw)

    def add(self, severity: Severity, code: str, line: int | None, message: str, raw: bytes | str | None) -> None:
        """Note something whose severity a table says."""
        self.rejected = self.rejected or severity is Severity.ERROR
        self._add(code, severity, line, message, raw)

    def once(self, severity: Severity, code: str, about: str, line: int, message: str, raw: bytes | str | None) -> None:
        """Note something that would be true of many lines, at the first of them; `about` tells one from another."""
        said = self._said[code]
        if about not in said and len(said) < VALUES:
            said.add(about)
            self.add(severity, code, line, message, raw)

    def _add(self, code: str, severity: Severity, line: int | None, message: str, raw: bytes | str | None) -> None:
        self.codes[code] += 1
        if len(self.kept) >= KEPT and not (severity is Severity.ERROR and self._drop_a_warning()):
            return
        if raw is None and line == self.here[0]:
            raw = self.here[1]
        if isinstance(raw, str):
            raw = raw[:RAW_LENGTH].encode("iso-8859-1")
        text = None if raw is None else readable(raw)
        self.kept.append(Finding(code, severity, line, message, text))

    def _drop_a_warning(self) -> bool:
        for index in range(len(self.kept) - 1, -1, -1):
            if self.kept[index].severity is Severity.WARNING:
                del self.kept[index]
                return True
        return False

    def in_file_order(self) -> tuple[Finding, ...]:
        """Return what was kept: first what concerns the whole file, then line by line."""
        return tuple(sorted(self.kept, key=lambda finding: finding.line or 0))


class Silence(Findings):
    """Keeps nothing: for reading the records of a file that was judged before."""

    def _add(self, code: str, severity: Severity, line: int | None, message: str, raw: bytes | str | None) -> None:
        """Forget it."""
