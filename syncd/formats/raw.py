"""`raw`: files whose content is nobody's business here, such as receipts whose form the supplier does not describe."""

from collections.abc import Iterator

from syncd.formats.base import Context, Source
from syncd.formats.findings import Findings
from syncd.formats.records import Record
from syncd.model import Verdict


class RawFormat:
    """Opaque bytes; only an empty file is refused."""

    name = "raw"

    def judge(self, source: Source, context: Context) -> Verdict:
        """Accept anything that holds at least one byte."""
        findings = Findings()
        size = sum(len(block) for block in source())
        if not size:
            findings.error("empty", None, "the file is empty; that never means “nothing today”")
        return Verdict(
            format=self.name,
            kind="RAW",
            accepted=not findings.rejected,
            findings=findings.in_file_order(),
            codes=dict(findings.codes),
            header={"size": size},
        )

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Yield nothing."""
        return iter(())
