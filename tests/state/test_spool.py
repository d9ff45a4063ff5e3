"""The spool: whole files or none, our own names, kept partials, and a disk that is full."""

import hashlib
import resource
import stat
from contextlib import contextmanager

import pytest

from syncd.errors import DiskFullError, SpoolLostError, StateDamagedError
from syncd.model import Direction
from syncd.state import Spool

IN, OUT = Direction.IN, Direction.OUT


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "state")


def files(spool, tmp_path):
    return sorted(path.relative_to(tmp_path / "state").as_posix() for path in tmp_path.rglob("*.*") if path.is_file())


def test_a_draft_becomes_a_whole_file(spool, tmp_path):
    draft = spool.draft(IN, 7)
    for block in (b"abc", b"", b"defg"):
        draft.append(block)
    assert files(spool, tmp_path) == ["spool/in/7.part"]
    assert (tmp_path / "state/spool/in/7.part").read_bytes() == b"abcdefg", "nothing is held back in memory"
    assert (draft.size, draft.sha256) == (7, hashlib.sha256(b"abcdefg").hexdigest())
    draft.sync()
    assert draft.commit() == "spool/in/7.raw"
    assert files(spool, tmp_path) == ["spool/in/7.raw"]
    assert spool.read("spool/in/7.raw") == b"abcdefg"
    assert list(spool.blocks("spool/in/7.raw", 3)) == [b"abc", b"def", b"g"]
    assert spool.path("spool/in/7.raw") == tmp_path / "state/spool/in/7.raw"
    draft.discard()
    assert files(spool, tmp_path) == ["spool/in/7.raw"]
    with pytest.raises(ValueError, match="has ended"):
        draft.append(b"x")


def test_a_partial_is_kept_apart(spool, tmp_path):
    draft = spool.draft(IN, 8)
    draft.append(b"half")
    assert draft.keep_partial() == "quarantine/in-8.partial"
    assert files(spool, tmp_path) == ["quarantine/in-8.partial"]
    assert spool.read("quarantine/in-8.partial") == b"half"


def test_of_nothing_nothing_is_kept(spool, tmp_path):
    assert spool.draft(IN, 8).keep_partial() is None
    spool.draft(IN, 9).discard()
    assert files(spool, tmp_path) == []


def test_an_empty_file_is_a_file(spool):
    assert spool.read(spool.write(OUT, 1, b"")) == b""


def test_only_the_owner_may_read(spool, tmp_path):
    spool.write(OUT, 1, b"x")
    draft = spool.draft(IN, 2)
    draft.append(b"x")
    draft.keep_partial()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").rglob("*") if path.is_file()}
    assert modes == {0o600}


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "spool/in/../../x", "spool/in/7.part", "spool/in/x.raw", "spool/in/7.raw\n", "lock"],
)
def test_names_that_the_spool_never_gave(spool, name):
    for use in (spool.path, spool.read, lambda name: list(spool.blocks(name))):
        with pytest.raises(StateDamagedError, match="no name of the spool"):
            use(name)


def test_a_missing_file_is_damage(spool):
    for use in (spool.read, lambda name: list(spool.blocks(name))):
        with pytest.raises(SpoolLostError, match=r"spool/in/7\.raw is missing"):
            use("spool/in/7.raw")


def test_what_a_crash_leaves(spool, tmp_path):
    spool.write(IN, 1, b"whole")
    for direction, number, data in ((IN, 2, b"half"), (IN, 3, b""), (OUT, 4, b"half")):
        spool.draft(direction, number).append(data)
    assert spool.adopt(IN, 1) == "spool/in/1.raw"
    assert spool.adopt(IN, 2) is None
    assert spool.leftovers() == [(IN, 2), (IN, 3), (OUT, 4)]
    assert spool.keep_leftover(IN, 2) == "quarantine/in-2.partial"
    assert spool.keep_leftover(IN, 3) is None
    assert spool.keep_leftover(IN, 9) is None
    coming = spool.draft(IN, 5)
    spool.sweep()
    assert spool.leftovers() == [(IN, 5)], "what came, and was not looked at yet"
    coming.discard()
    assert spool.leftovers() == []
    assert files(spool, tmp_path) == ["quarantine/in-2.partial", "spool/in/1.raw"]


def test_a_draft_begun_again_starts_anew(spool):
    spool.draft(OUT, 1).append(b"something long that was cut")
    assert spool.read(spool.write(OUT, 1, b"short")) == b"short"


def test_a_draft_never_follows_a_link(spool, tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "state/spool/in/5.part").symlink_to(tmp_path / "precious")
    with pytest.raises(StateDamagedError):
        spool.draft(IN, 5)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_free_bytes(spool):
    assert spool.free() > 0


@contextmanager
def no_file_larger_than(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_half_visible(spool, tmp_path):
    with no_file_larger_than(1000), pytest.raises(DiskFullError, match="File too large") as error:
        spool.write(OUT, 1, b"x" * 5000)
    assert error.value.remedy
    assert files(spool, tmp_path) == []


def test_what_fitted_on_a_full_disk_can_be_kept(spool, tmp_path):
    draft = spool.draft(IN, 1)
    with no_file_larger_than(1000):
        draft.append(b"x" * 400)
        with pytest.raises(DiskFullError):
            draft.append(b"y" * 5000)
        assert draft.size == 1000
        assert draft.keep_partial() == "quarantine/in-1.partial"
    assert spool.read("quarantine/in-1.partial") == b"x" * 400 + b"y" * 600
    assert draft.sha256 == hashlib.sha256(b"x" * 400 + b"y" * 600).hexdigest()
    assert files(spool, tmp_path) == ["quarantine/in-1.partial"]


def test_a_full_disk_under_the_journal_keeps_nothing_of_the_step(tmp_path):
    from syncd.state import open_state
    from tests.state.samples import order

    with open_state(tmp_path / "state") as store:
        store.journal.register({"shop": "umbreit"})
        first = order(store)
        with no_file_larger_than(1000), pytest.raises(DiskFullError) as error:
            order(store, "S_123456_20261122120001", b"x")
        assert error.value.remedy
        assert store.journal.recent() == [first]
        second = order(store, "S_123456_20261122120001", b"x")
        assert store.journal.recent() == [second, first]
