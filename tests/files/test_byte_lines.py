import gzip

import pytest
import zstandard
from scopesift_files.byte_lines import read_byte_lines

LINES = [f"line {number}".encode() for number in range(2000)]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_plain_and_compressed_files_give_the_same_lines(tmp_path, suffix):
    data = b"\n".join(LINES)
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack(data))
    assert [line.raw for line in read_byte_lines(str(path), 1000)] == LINES


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_several_members_or_frames_are_read_to_the_end(tmp_path, suffix):
    pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"".join(pack(line + b"\n") for line in LINES))
    assert [line.raw for line in read_byte_lines(str(path), 1000)] == LINES


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_breaks_off_ends_with_a_complaint(tmp_path, suffix):
    data = b"".join(b"%d %s\n" % (at, str(hash(str(at)) ** 5).encode()) for at in range(60_000))
    pack = {".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}[suffix]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(pack(data)[:-1000])
    lines = list(read_byte_lines(str(path), 1000))
    assert lines[-1].damage
    assert all(not line.damage for line in lines[:-1])


def test_of_a_line_past_the_limit_the_beginning_is_kept_and_the_rest_skipped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"short\n" + b"x" * 3_000_000 + b"\r\nnext\n")
    first, long, last = read_byte_lines(str(path), 100)
    assert (first.raw, last.raw) == (b"short", b"next")
    assert (len(long.raw), long.size) == (100, 3_000_000)


@pytest.mark.parametrize("length", [98, 99, 100, 101, 102, 103])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_the_limit_counts_bytes_without_the_line_end(tmp_path, length, end):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"y" * length + end)
    (line,) = read_byte_lines(str(path), 100)
    assert (len(line.raw), line.size) == (min(length, 100), length)


def test_a_byte_order_mark_is_not_part_of_the_first_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert [line.raw for line in read_byte_lines(str(path), 100)] == [b"one", b"two"]
