"""What a listing says, in the dialects that were seen."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model import RemoteFile
from syncd.transport.guard import is_bare_name
from syncd.transport.listing import parse

LIST = {
    "ProFTPD": "-rw-r--r--   1 ftp      ftp         25700 Nov 21 22:59 x.bhd",
    "vsftpd": "-rw-r--r--    1 1        1           25700 Nov 21 22:59 x.bhd",
    "pure-ftpd": "-rw-r--r--    1 1          daemon          25700 Nov 21 22:59 x.bhd",
    "old": "-rw-r--r--   1 ftp      ftp         25700 Nov 21  2025 x.bhd",
    "ACL": "-rw-r--r--+  1 ftp      ftp         25700 Nov 21 22:59 x.bhd",
    "SELinux": "-rw-r--r--.  1 ftp      ftp         25700 Nov 21 22:59 x.bhd",
    "no group": "-rw-r--r--   1 ftp         25700 Nov 21 22:59 x.bhd",
    "group with a blank": "-rw-r--r--   1 ftp      Domain Users         25700 Nov 21 22:59 x.bhd",
    "German": "-rw-r--r--   1 ftp      ftp         25700 Mai 21 22:59 x.bhd",
    "German in latin-1": "-rw-r--r--   1 ftp      ftp         25700 Mär 21 22:59 x.bhd",
    "German in UTF-8": "-rw-r--r--   1 ftp      ftp         25700 MÃ¤r 21 22:59 x.bhd",
    "German, day first": "-rw-r--r--   1 ftp      ftp         25700 21. Mai 22:59 x.bhd",
    "Dutch": "-rw-r--r--   1 ftp      ftp         25700 mrt 21 22:59 x.bhd",
    "day first": "-rw-r--r--   1 ftp      ftp         25700 21 Nov 22:59 x.bhd",
    "IIS": "11-21-26  10:59PM                25700 x.bhd",
    "IIS, four digits": "11-21-2026  10:59PM                25700 x.bhd",
    "IIS, 24 hours": "11-21-26  22:59                25,700 x.bhd",
}
SILENT = ["", "total 12", "insgesamt 12", "drwxr-xr-x 2 ftp ftp 4096 Nov 21 22:59 sub", "11-21-26  10:59PM  <DIR>  sub"]
LINK = "lrwxrwxrwx 1 ftp ftp 5 Nov 21 22:59 link -> x.bhd"
BAD = ["garbage", "-rw-r--r-- 1 ftp ftp", "-rw-r--r-- 1 ftp ftp x Nov 21 22:59 x.bhd", "x" * 5000]
HOSTILE = ["../x", "/etc/passwd", ".hidden", " lead", "trail ", "a\x1b[2J", "a\\b"]


@pytest.mark.parametrize("server", LIST)
def test_list_is_read_in_every_dialect(server: str):
    listing = parse(LIST[server] + "\r\n", "LIST")
    assert listing.files == [RemoteFile("x.bhd", 25700, None)]
    assert listing.skipped == 0


@pytest.mark.parametrize("line", [*SILENT, LINK])
def test_what_is_no_file_is_no_fault(line: str):
    listing = parse(f"{line}\r\n{LIST['vsftpd']}\r\n", "LIST")
    assert len(listing.files) == 1
    assert listing.skipped == 0


@pytest.mark.parametrize("line", BAD)
def test_a_bad_line_costs_itself(line: str):
    listing = parse(f"{line}\r\n{LIST['vsftpd']}\r\n", "LIST")
    assert len(listing.files) == 1
    assert listing.skipped == 1


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["LIST", "MLSD", "NLST"])
def test_hostile_names_are_left_out_and_counted(form: str, name: str):
    line = {"LIST": LIST["vsftpd"].replace("x.bhd", name), "MLSD": f"type=file;size=1; {name}", "NLST": name}[form]
    listing = parse(line + "\r\n", form)
    assert listing.files == []
    assert listing.skipped == 1


@pytest.mark.parametrize(
    ("line", "size", "modified"),
    [
        ("type=file;size=5;modify=20261121225900; x.bhd", 5, datetime(2026, 11, 21, 22, 59, tzinfo=UTC)),
        ("Type=File;Size=5;Modify=20261121225900.123; x.bhd", 5, datetime(2026, 11, 21, 22, 59, tzinfo=UTC)),
        ("modify=20261121225900;perm=adfrw;size=5;type=file;unique=FD00g1;UNIX.mode=0644; x.bhd", 5, "same"),
        ("type=file; x.bhd", None, None),
        ("size=5; x.bhd", 5, None),
    ],
)
def test_mlsd_is_read_with_utc_times(line: str, size: int | None, modified: datetime | str | None):
    at = datetime(2026, 11, 21, 22, 59, tzinfo=UTC) if modified == "same" else modified
    assert parse(line, "MLSD").files == [RemoteFile("x.bhd", size, at)]  # type: ignore[arg-type]  # a str is replaced


@pytest.mark.parametrize("kind", ["dir", "cdir", "pdir", "OS.unix=slink:x"])
def test_mlsd_entries_that_are_no_files_are_no_fault(kind: str):
    listing = parse(f"type={kind};modify=20261121225900; sub\r\n", "MLSD")
    assert (listing.files, listing.skipped) == ([], 0)


@pytest.mark.parametrize(
    "line",
    ["x.bhd", "type=file;size=x; y", "type=file;size=²; y", "type=file;modify=20261399000000; y", "=;;; y", "type; y"],
)
def test_bad_mlsd_lines_cost_themselves(line: str):
    listing = parse(f"{line}\r\ntype=file;size=1; good\r\n", "MLSD")
    assert [file.name for file in listing.files] == ["good"]
    assert listing.skipped == 1


def test_names_alone():
    listing = parse(".\r\n..\r\n./a\r\nb c\r\n", "NLST")
    assert listing.files == [RemoteFile("a"), RemoteFile("b c")]
    assert listing.skipped == 0


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from(["MLSD", "LIST", "NLST"]))
def test_nothing_a_server_writes_breaks_the_reader(text: str, form: str):
    listing = parse(text, form)
    assert all(is_bare_name(file.name) for file in listing.files)
    assert len(listing.files) + listing.skipped <= text.count("\n") + 1
