"""The last token of every text is read as in the whole text, and no other."""

import numpy as np
import pytest
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.last_token import last_tokens
from scopesift_features.reading.per_token import read_tokens
from scopesift_features.reading.torch_reader import TorchReader

TEXTS = [
    "The cat sat on the mat.",
    "Idiot",
    "",
    "cat rain mat vaccine " * 60,
    "Who knows where the time goes?",
]


@pytest.mark.parametrize("kind", ["tiny_scope", "tiny_encoder_scope"])
def test_the_features_are_those_of_the_last_token_in_its_text(request, kind):
    scope = request.getfixturevalue(kind)
    found = document_features(scope, TEXTS, [1, 3], last_token=True)
    for layer in (1, 3):
        every = scope.selected((layer, feature) for feature in range(scope.d_sae))
        readings = read_tokens(TorchReader(scope, every), TEXTS)
        dense_NF = found.acts[layer].toarray()
        for text, reading, acts_F in zip(TEXTS, readings, dense_NF, strict=True):
            expected = reading.acts_TS[-1] if text else np.zeros(scope.d_sae)
            np.testing.assert_allclose(acts_F, expected, rtol=1e-4, atol=1e-5)
        assert (np.count_nonzero(dense_NF, axis=1) <= scope.k).all()


def test_a_long_text_has_one_window_and_a_text_without_tokens_none(tiny_scope):
    windows = make_windows(tiny_scope, TEXTS)
    assert len(windows) > len(TEXTS)
    last = last_tokens(windows)
    assert [window.document for window in last] == [0, 1, 3, 4]
    for window in last:
        assert window.keep.sum() == 1
        assert window.ends[window.keep].item() == len(TEXTS[window.document])


def test_a_prefix_that_is_skipped_is_never_the_last_token(write_scope, tmp_path):
    from scopesift_features.scope import Scope

    scope = Scope.load(write_scope(tmp_path / "skips", prefix=(), skip="first-token"), device="cpu")
    one, many = (last_tokens(make_windows(scope, [text]))[0] for text in ("a", "The cat sat"))
    assert one.keep.tolist() == [True]
    assert many.keep.tolist() == [False] * (len(many.ids) - 1) + [True]
