"""Overlap of benchmarks: every pool, size and share is in the result, and no text."""

import gzip
import json

import pytest
from scopesift_features.scope import Scope

from bench.errors import BenchError
from bench.overlap import run as overlap

TEXTS = {"gsm8k-train": "The cat sat on {}", "gsm8k-test": "The cat watched {}", "humaneval": "погода {}"}


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data" / "benchmarks"
    folder.mkdir(parents=True)
    for size, (name, text) in enumerate(TEXTS.items()):
        with gzip.open(folder / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text.format(row)}) + "\n" for row in range(10 - size))
    rows = [
        {"text": f"{text} {row}", "domain": "travel", "lang": code, "source": "sib200"}
        for row in range(8)
        for code, text in (("en", "The dog"), ("ru", "погода"))
    ]
    (folder.parent / "domain").mkdir()
    with gzip.open(folder.parent / "domain" / "train.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder.parent


def test_the_tables_have_both_pools_all_rows_and_drawn_ones(data, tmp_path, monkeypatch, tiny_scope, capsys):
    monkeypatch.setattr(overlap, "DRAWN", 6)
    monkeypatch.setattr(Scope, "load", lambda _: tiny_scope)
    overlap.run(data, "tiny", tmp_path)
    (path,) = tmp_path.glob("overlap-*.json")
    assert "The " not in path.read_text()
    rows = json.loads(path.read_text())["rows"]
    assert set(rows) == {f"tiny {pool} {size}" for pool in ("document", "last") for size in ("all", 6)}
    assert list(rows["tiny last all"]["rows"].values()) == [10, 9, 8]
    for row in rows.values():
        assert set(row["shares"]) == {f"{share:g}" for share in overlap.SHARES}
        itself, near, far, _ = (pair["all"] for pair in row["shares"]["0.1"]["pairs"])
        assert (itself["jaccard"], itself["a_in_b"], itself["b_in_a"]) == (1, 1, 1)
        assert near["jaccard"] > far["jaccard"]
        prose = row["shares"]["0.1"]["shared_in_prose"]
        assert (prose is not None) == ("prose" in row["rows"])
        assert prose is None or 0 < prose["share"] <= 1
    said = capsys.readouterr().out
    assert "last token, share 0.01 | gsm8k-train | gsm8k-test | 10 / 9 |" in said
    assert said.count("any token | 0.05") == 1


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BenchError, match=r"gsm8k-train.jsonl.gz is missing"):
        overlap.run(tmp_path, "tiny")
