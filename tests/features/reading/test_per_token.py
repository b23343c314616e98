"""Token by token, features say what they say of the whole text."""

import numpy as np
import pytest
from scopesift_features.reading.per_token import read_tokens
from scopesift_features.reading.torch_reader import TorchReader, read_selected

TEXTS = [
    "You are such an idiot, shut up!",
    "",
    "今日はいい天気ですね 😀👨‍👩‍👧",
    "cat rain mat " * 60,
    "lone \ud800 surrogate",
]
FEATURES = [(0, 3), (2, 17), (2, 5), (3, 90), (1, 64)]


@pytest.fixture(scope="module")
def readings(tiny_scope):
    return read_tokens(TorchReader(tiny_scope, tiny_scope.selected(FEATURES)), TEXTS)


def test_the_largest_over_the_tokens_is_the_reading_of_the_text(tiny_scope, readings):
    whole = read_selected(tiny_scope, TEXTS, FEATURES)
    for row, reading in enumerate(readings):
        largest = reading.acts_TS.max(axis=0, initial=0.0)
        np.testing.assert_allclose(largest, whole.acts_NS[row], rtol=1e-5)
    assert whole.acts_NS.any()


def test_pieces_are_in_order_and_never_overlap(readings):
    for text, reading in zip(TEXTS, readings, strict=True):
        assert (reading.starts_T < reading.ends_T).all()
        assert (reading.starts_T[1:] >= reading.ends_T[:-1]).all()
        assert not len(text) or reading.ends_T[-1] == len(text)


def test_a_text_without_tokens_has_no_pieces(readings):
    assert readings[1].acts_TS.shape == (0, len(FEATURES))


def test_without_features_nothing_is_read(tiny_scope):
    readings = read_tokens(TorchReader(tiny_scope, []), ["a", "b"])
    assert [reading.acts_TS.shape for reading in readings] == [(0, 0), (0, 0)]
