"""Sentence pairs and the twin search."""

import numpy as np
import pytest
from scopesift_files.errors import InputError

from recipes.sae.twins import measure_twins, read_pairs, twin_share


def test_one_pair_stands_for_all_that_mean_the_same(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("cat\tKatze\nKatze\tchat\ndog\tHund\n\ndog\tchien\n", encoding="utf-8")
    assert read_pairs(path) == [("cat", "Katze"), ("dog", "Hund")]


@pytest.mark.parametrize("line", ["no tab", "one\ttwo\tthree"])
def test_a_line_that_is_no_pair_is_refused_with_its_number(tmp_path, line):
    path = tmp_path / "pairs.txt"
    path.write_text(f"cat\tKatze\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"pairs\.txt, line 2: expected two sentences with one TAB"):
        read_pairs(path)


def test_twins_are_found_by_direction_from_the_mean():
    left = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)
    assert twin_share(left, 3 * left + 100, np.arange(20)) == 1.0
    assert twin_share(left, np.roll(left, 1, axis=0), np.arange(20)) == 0.0


def test_a_sentence_is_its_own_twin(tiny_scope):
    texts = ["the cat sat", "who knows where the time goes", "rain", "go to the house"]
    assert measure_twins(tiny_scope, [(text, text) for text in texts], (1, 3)) == {1: 1.0, 3: 1.0}
