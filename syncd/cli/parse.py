"""`syncd parse`: judge files without a supplier, a state or a sink, and show what they hold."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import Any

import click
import msgspec

from syncd.cli.once import worst
from syncd.cli.options import account_settings, config_option
from syncd.errors import UsageError
from syncd.formats import FORMATS, Context, Format, guess
from syncd.model import Finding, Severity, Verdict
from syncd.wording import counted, shown

READ = 1 << 18
"""Bytes read at once."""

BEGINNING = 64
"""Bytes by which a format is known, where the name does not tell."""

UNKNOWN = f"neither name nor first bytes are of a known format; --format says which it is: {', '.join(FORMATS)}"

LEFT_OUT = {
    "bwa-order": (("customers", "--customer"),),
    "bwa-response": (("customers", "--customer"),),
    "digicom": (("relation_id", "--relation-id"),),
    "ola": (),
    "order-events": (),
    "raw": (),
}
"""What a format compares with the account, and the option that gives it."""

ACCEPTED, NOT_JUDGED, REJECTED = 0, 2, 5
"""Exit statuses; of several files the one that `worst` names, so a rejected file is never hidden."""


class Digits(click.ParamType[str]):
    """A number of the supplier's, as text: from so many digits to so many."""

    name = "NUMBER"

    def __init__(self, least: int, most: int) -> None:
        self._shape = re.compile(f"[0-9]{{{least},{most}}}")
        self._wanted = f"{least} digits" if least == most else f"{least} to {most} digits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the number as it is."""
        if not self._shape.fullmatch(str(value)):
            self.fail(f"“{value}” is not {self._wanted}", param, ctx)
        return str(value)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, one a line.")
@click.option("--records", "with_records", is_flag=True, help="The records themselves as JSON Lines.")
@click.option("--account", metavar="NAME", help="Compare with the numbers of this account.")
@config_option
@click.option("--customer", "customers", multiple=True, type=Digits(6, 6), help="A customer number of the account.")
@click.option("--relation-id", type=Digits(7, 13), help="The account's relation id at CB.")
@click.option("--format", "format_name", type=click.Choice(list(FORMATS)), help="Do not guess the format.")
def parse(
    files: tuple[Path, ...],
    as_json: bool,
    with_records: bool,
    account: str | None,
    config: Path | None,
    customers: tuple[str, ...],
    relation_id: str | None,
    format_name: str | None,
) -> int:
    """Judge order files, delivery notes, order responses and stock lists.

    Exit status: 0 all accepted, 5 one rejected, else 2 one that cannot be read or is of no known format.
    """
    if account is not None:
        settings = account_settings(account, config)
        customers += settings.customers
        relation_id = relation_id or settings.relation_id
    known = partial(Context, customers=frozenset(customers) or None, relation_id=relation_id)
    show = _show_json if as_json else partial(_show_words, to_stderr=with_records)
    return worst([_parse(path, format_name, known, show, with_records=with_records) for path in files])


Show = Callable[[Path, Verdict, tuple[str, ...]], None]


def _parse(
    path: Path, format_name: str | None, known: Callable[..., Context], show: Show, *, with_records: bool
) -> int:
    context, source = known(name=path.name), partial(_blocks, path)
    try:
        chosen = FORMATS.get(format_name or _guess(path, next(source(), b"")))
        verdict = chosen.judge(source, context) if chosen else _not_judged("unknown-format", UNKNOWN)
    except UsageError as error:
        chosen, verdict = None, _not_judged("unreadable", str(error))
    show(path, verdict, _left_out(chosen, context) if chosen else ())
    if chosen and with_records and verdict.accepted:
        _write(_record_lines(path, chosen, context, verdict))
    return ACCEPTED if verdict.accepted else REJECTED if chosen else NOT_JUDGED


def _guess(path: Path, block: bytes) -> str:
    """Name the format, or nothing where none is known; an empty file is refused by every format, so also by `raw`."""
    return guess(path.name, block[:BEGINNING]) or ("" if block else "raw")


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks. Raises UsageError where it cannot be read, or not twice."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{shown(str(path))} is a pipe or device, and is read twice: write it to a disk")
            while block := file.read(READ):
                yield block
    except OSError as error:
        raise UsageError(f"{shown(str(path))} cannot be read: {error.strerror}") from None


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for anybody who writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _not_judged(code: str, message: str) -> Verdict:
    finding = Finding(code, Severity.ERROR, None, message, None)
    return Verdict(format="", kind="", accepted=False, findings=(finding,), codes={code: 1})


def _left_out(chosen: Format, context: Context) -> tuple[str, ...]:
    return tuple(option for name, option in LEFT_OUT[chosen.name] if getattr(context, name) is None)


def verdict_object(path: Path, verdict: Verdict, left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return what `--json` prints of one file; one that could not be judged has neither format nor kind."""
    return {
        "file": click.format_filename(path),
        "format": verdict.format or None,
        "kind": verdict.kind or None,
        "outcome": "accept" if verdict.accepted else "reject",
        "findings": verdict.findings,
        "codes": verdict.codes,
        "header": verdict.header,
        "counts": verdict.counts,
        "left_out": left_out,
    }


def _show_json(path: Path, verdict: Verdict, left_out: tuple[str, ...]) -> None:
    _write([msgspec.json.encode(verdict_object(path, verdict, left_out))])


def _show_words(path: Path, verdict: Verdict, left_out: tuple[str, ...], *, to_stderr: bool) -> None:
    say, file = partial(click.echo, err=to_stderr), shown(str(path))
    for finding in verdict.findings:
        say(_finding_line(file, finding))
    total = sum(verdict.codes.values())
    if total > len(verdict.findings):
        codes = ", ".join(f"{code} {count}" for code, count in sorted(verdict.codes.items()))
        say(f"{file}: {counted(total, 'finding')} in all: {codes}")
    outcome = click.style("accepted", fg="green") if verdict.accepted else click.style("rejected", fg="red", bold=True)
    counts = ", ".join(f"{count} {name}" for name, count in verdict.counts.items() if count)
    what = f": {verdict.kind} ({verdict.format})" if verdict.format else ""
    say(f"{file}: {outcome}{what}{': ' + counts if counts else ''}")
    if left_out:
        say(f"{file}: not compared with an account: give {' and '.join(left_out)}")


def _finding_line(file: str, finding: Finding) -> str:
    place = f"{file}:{finding.line}" if finding.line else file
    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    raw = f" [{finding.raw}]" if finding.raw else ""
    said = shown(f"{finding.code}: {finding.message}{raw}")
    return f"{place}: {click.style(str(finding.severity), fg=colour)} {said}"


def _record_lines(path: Path, chosen: Format, context: Context, verdict: Verdict) -> Iterator[bytes]:
    """Yield each record as JSON, with the file and the name of its class in front."""
    file = msgspec.json.encode(click.format_filename(path))
    encoder = msgspec.json.Encoder()
    for record in chosen.records(partial(_blocks, path), context, verdict):
        kind = record.__class__.__name__.encode()
        yield b'{"file":' + file + b',"record":"' + kind + b'",' + encoder.encode(record)[1:]


def _write(lines: Iterable[bytes]) -> None:
    for line in lines:
        click.echo(line)
