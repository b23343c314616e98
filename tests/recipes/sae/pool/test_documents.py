"""Text files as documents: what is read, how it is split, and what is refused."""

import gzip
import json
import lzma

import pytest
from scopesift_files.errors import InputError, UsageError

from recipes.sae.pool import documents
from recipes.sae.pool.documents import Corpus, part_of, read_documents

LINES = [f"line number {n}" for n in range(500)]


def write(path, content):
    packed = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)(content)
    path.write_bytes(packed)
    return path


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.xz", "a.jsonl", "a.jsonl.xz"])
def test_every_format_gives_the_same_documents(tmp_path, name):
    lines = [json.dumps({"text": line}) for line in LINES] if ".jsonl" in name else LINES
    content = "\n".join(["", *lines, "  ", ""]).encode()
    assert list(read_documents(write(tmp_path / name, content))) == LINES


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.csv", b"text\nhello", UsageError, r"expected a name ending in \.txt or \.jsonl"),
        (
            "a.jsonl",
            b'{"text": "ok"}\n{"txt": "no"}',
            InputError,
            r"a\.jsonl, line 2: expected a column 'text', got 'txt'",
        ),
        ("a.jsonl", b'{"text": "ok"}\nhello', InputError, r"a\.jsonl, line 2: expected a JSON object"),
        ("a.txt", b"fine\n\xff\xfe", InputError, r"a\.txt, line 2: expected UTF-8"),
        ("a.txt.bad.xz", b"", UsageError, "expected a name ending in"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(tmp_path, name, content, error, says):
    with pytest.raises(error, match=says):
        list(read_documents(write(tmp_path / name, content)))


def test_a_file_that_is_not_compressed_as_its_name_says_is_refused(tmp_path):
    (tmp_path / "a.txt.xz").write_bytes(b"plain")
    with pytest.raises(InputError, match="expected xz data as the name says"):
        list(read_documents(tmp_path / "a.txt.xz"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.txt"):
        Corpus.open([tmp_path / "none.txt"], seed=0)


def test_too_little_text_to_hold_any_out_is_refused(tmp_path):
    with pytest.raises(InputError, match="leave none for"):
        Corpus.open([write(tmp_path / "a.txt", b"one line")], seed=0)


def read_all(corpus, part):
    return [text for number in range(corpus.slices) for text in corpus.documents(part, number)]


def test_parts_are_disjoint_and_hold_every_document_once(tmp_path):
    path = write(tmp_path / "a.txt", "\n".join([*LINES, *LINES[:100]]).encode())
    corpus = Corpus.open([path], seed=0)
    parts = {part: read_all(corpus, part) for part in ("train", "dev", "test")}
    assert all(part_of(text) == part for part, texts in parts.items() for text in texts)
    assert sorted(text for texts in parts.values() for text in texts) == sorted(LINES)


def test_the_order_depends_on_the_seed_and_not_on_files_or_slices(tmp_path, monkeypatch):
    one = write(tmp_path / "one.txt", "\n".join(LINES).encode())
    halves = [write(tmp_path / f"{n}.txt", "\n".join(LINES[n::2]).encode()) for n in (1, 0)]
    order = read_all(Corpus.open([one], seed=3), "train")
    assert order != read_all(Corpus.open([one], seed=4), "train")
    monkeypatch.setattr(documents, "SLICE_CHARACTERS", 1000)
    cut = Corpus.open(halves, seed=3)
    assert cut.slices > 5
    assert read_all(cut, "train") == order
