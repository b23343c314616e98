import gzip
import lzma

import pytest
import zstandard
from scopesift_files.row_readers.lines import read_lines

PACK = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.compress}
LINES = [f"line {number}".encode() for number in range(2000)]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zst"])
def test_plain_and_compressed_files_give_the_same_lines(tmp_path, suffix):
    data = b"\n".join(LINES)
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(PACK[suffix](data))
    assert [line.raw for line in read_lines(str(path), 1000)] == LINES


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_several_members_or_frames_are_read_to_the_end(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"".join(PACK[suffix](line + b"\n") for line in LINES))
    assert [line.raw for line in read_lines(str(path), 1000)] == LINES


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_a_file_that_breaks_off_ends_with_a_complaint(tmp_path, suffix):
    data = b"".join(b"%d %s\n" % (at, str(hash(str(at)) ** 5).encode()) for at in range(60_000))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(PACK[suffix](data)[:-1000])
    lines = list(read_lines(str(path), 1000))
    assert lines[-1].reason == "bad_compression"
    assert "truncated" in lines[-1].detail
    assert all(not line.reason for line in lines[:-1])


def test_of_a_line_past_the_limit_the_beginning_is_kept_and_the_rest_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"short\n" + b"x" * 3_000_000 + b"\r\nnext\n")
    first, long, last = read_lines(str(path), 100)
    assert (first.raw, last.raw) == (b"short", b"next")
    assert (len(long.raw), long.reason) == (100, "too_long")
    assert "got 3000000" in long.detail


@pytest.mark.parametrize("length", [98, 99, 100, 101, 102, 103])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_limit_counts_bytes_without_line_end_and_byte_order_mark(tmp_path, length, end, mark):
    path = tmp_path / "a.jsonl"
    path.write_bytes(mark + b"y" * length + end)
    (line,) = read_lines(str(path), 100)
    assert (len(line.raw), line.end) == (min(length, 100), end)
    assert (f"got {length};" in line.detail) == (line.reason == "too_long") == (length > 100)


def test_a_byte_order_mark_is_not_part_of_the_first_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert [line.raw for line in read_lines(str(path), 100)] == [b"one", b"two"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_utf_16_is_one_line_that_says_so(tmp_path, encoding):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "one"}\n{"text": "two"}\n'.encode(encoding))
    (line,) = read_lines(str(path), 100)
    assert (line.reason, line.detail) == ("bad_utf8", "expected UTF-8, got UTF-16")


def test_line_ends_are_kept_apart(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one\r\ntwo\nth\rree\r")
    assert [(line.raw, line.end) for line in read_lines(str(path))] == [
        (b"one", b"\r\n"), (b"two", b"\n"), (b"th\rree", b"\r"),
    ]  # fmt: skip
