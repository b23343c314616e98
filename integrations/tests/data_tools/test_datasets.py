"""Hugging Face datasets: the cache knows a scorer by its settings and classifiers."""

import subprocess
import sys

import datasets
import pytest
from datasets.fingerprint import Hasher
from scopesift_files.errors import UsageError

PROGRAM = "from datasets.fingerprint import Hasher; from scopesift import Scorer; print(Hasher.hash(Scorer(**{!r})))"


@pytest.fixture
def held(documents, tmp_path):
    """The documents as a data set on disk, which caches what is mapped."""
    datasets.Dataset.from_list(documents).save_to_disk(tmp_path / "held")
    return datasets.load_from_disk(tmp_path / "held")


def test_the_fingerprint_is_the_same_in_another_process(settings, scorer):
    program = PROGRAM.format(settings)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    scorer.table(["a cat"])  # the loaded model is not part of it
    assert done.stdout.strip() == Hasher.hash(scorer)


def test_a_second_map_reads_the_cache_and_another_scorer_does_not(held, settings, monkeypatch):
    from scopesift import Scorer

    calls = []
    table = Scorer.table
    monkeypatch.setattr(Scorer, "table", lambda self, texts: calls.append(len(texts)) or table(self, texts))
    first = held.map(Scorer(**settings), batched=True)
    again = held.map(Scorer(**settings), batched=True)
    assert calls == [len(held)]
    assert first._fingerprint == again._fingerprint
    assert first[0] == again[0]
    held.map(Scorer(**{**settings, "where": "toxicity < 0.9"}), batched=True)
    assert calls == [len(held)] * 2


def test_the_arrow_format_gives_typed_columns_even_if_a_batch_has_no_verdict(scorer):
    held = datasets.Dataset.from_dict({"text": [""] * 4 + ["a cat", None]})
    found = held.with_format("arrow").map(scorer, batched=True, batch_size=2, writer_batch_size=2)
    assert found.features["toxicity"] == datasets.Value("float64")
    assert [value is None for value in found.with_format(None)["toxicity"]] == [True] * 4 + [False, True]


def test_one_row_at_a_time_is_refused(held, scorer):
    with pytest.raises(UsageError, match="map with batched=True"):
        held.map(scorer)
