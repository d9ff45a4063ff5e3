"""`ola`: the answers to a watch list, one line each as the house sent them, kept like any other file.

An answer repeats the first four fields of its question, so the lines alone tell what was asked. Together they are the
state at one moment: a snapshot, whose stamp stands in the name that `syncd.jobs.watch` gives.
"""

import re
from collections import Counter
from collections.abc import Iterator

from syncd.errors import ProtocolError, RejectedError
from syncd.formats.base import Context, Source
from syncd.formats.findings import Findings, Silence
from syncd.formats.framing import Charset, Framing
from syncd.formats.ola import Answer, read_answer, read_question
from syncd.formats.records import AvailabilityLine, Record
from syncd.model import Verdict

KIND = "OLA"
NAME = re.compile("OLA_[0-9]{1,10}_([0-9]{12})[0-9]{8}")
"""Customer, and the time of asking in UTC, to the microsecond."""


class OlaFormat:
    """Answer lines; one that is none rejects the file."""

    name = "ola"

    def judge(self, source: Source, context: Context) -> Verdict:
        """Read every answer, and pass on what is odd about it."""
        findings, results = Findings(), Counter[str]()
        framing = Framing(findings, Charset.LATIN_1)
        for number, answer in _answers(source, framing, findings):
            results[answer.result.name.lower()] += 1
            for odd in answer.findings:
                findings.warning(odd.code, number, odd.message, odd.raw)
        framing.finish()
        stamp = NAME.fullmatch(context.name)
        return Verdict(
            format=self.name,
            kind=KIND,
            accepted=not findings.rejected,
            findings=findings.in_file_order(),
            codes=dict(findings.codes),
            header=dict(results),
            counts={AvailabilityLine.__name__: results.total()},
            stamp=stamp[1] if stamp else None,
        )

    def records(self, source: Source, context: Context, verdict: Verdict) -> Iterator[Record]:
        """Hand out a record for each answer."""
        silence = Silence()
        for number, answer in _answers(source, Framing(silence, Charset.LATIN_1), silence):
            yield _record(number, answer)


def _answers(source: Source, framing: Framing, findings: Findings) -> Iterator[tuple[int, Answer]]:
    for block in framing.blocks(source):
        for number, line in framing.lines(block):
            try:
                yield number, read_answer(read_question(b"^".join(line.split(b"^")[:4])), line)
            except (ProtocolError, RejectedError) as error:
                findings.error("ola-line", number, str(error), line)


def _record(number: int, answer: Answer) -> AvailabilityLine:
    return AvailabilityLine(
        line=number,
        article=answer.question.article,
        wanted=answer.question.quantity,
        result=answer.result.value,
        quantity=answer.quantity,
        code=answer.code,
        meaning=answer.meaning or None,
        text=answer.text or None,
        price=answer.price,
        standard_ean=answer.standard_ean,
    )
