"""Tokens of extreme norm are left out of whatever is read, and nothing else changes."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scopesift_features.backbone.cut import Backbone, load_backbone, read_backbone_config
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.checks.scope import TEXTS as CHECK_TEXTS
from scopesift_features.checks.scope import check_layer
from scopesift_features.reading.batching.batches import Batch
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.extract import read_batch, stream_residuals
from scopesift_features.reading.extreme_tokens import is_extreme, norms
from scopesift_features.reading.norm_bounds import bounded
from scopesift_features.reading.per_token import read_tokens
from scopesift_features.reading.torch_reader import TorchReader, read_selected
from scopesift_files.errors import InputError, ScopeError

LAYER = 2
TEXTS = ["The cat sat on the mat and watched the rain.", "Who knows where the time goes?", "mat mat rain cat"]
SINK = " mat"


@pytest.fixture
def limited(tiny_scope):
    """The tiny scope with a norm limit, and bounds measured on ordinary residuals."""
    scope = tiny_scope.only(tiny_scope.layers)
    scope.settings = replace(tiny_scope.settings, norm_limit=10.0)
    return bounded(scope, TEXTS, scope.layers)


def blow_up(word, scope, monkeypatch):
    """From here on the residual of a word is 1,000 times as long wherever it stands; returns its token id."""
    ((ids, _),) = scope.tokenizer.encode([word], offsets=False)
    (sink_id,) = ids.tolist()
    real = Backbone.residuals

    def blown_up(self, ids_BT, mask_BT, layers, **named):
        found = real(self, ids_BT, mask_BT, layers, **named)
        factor_BT1 = torch.where(ids_BT == sink_id, 1000.0, 1.0)[..., None]
        return {layer: x_BTD * factor_BT1 for layer, x_BTD in found.items()}

    monkeypatch.setattr(Backbone, "residuals", blown_up)
    return sink_id


@pytest.fixture
def sink(tiny_scope, limited, monkeypatch):
    """A sink in texts that hold the word, after bounds were measured."""
    return blow_up(SINK, tiny_scope, monkeypatch)


def every_feature(scope):
    return [(LAYER, index) for index in range(scope.d_sae)]


def without(scope, texts, word):
    """Maxima of all features over the tokens that are not the word, by the residual of each token."""
    reading = read_tokens(
        TorchReader(scope.with_bounds({}), scope.with_bounds({}).selected(every_feature(scope))), texts
    )
    return np.stack(
        [
            own.acts_TS[
                [text[start:end] != word for start, end in zip(own.starts_T, own.ends_T, strict=True)]
            ].max(axis=0, initial=0)
            for text, own in zip(texts, reading, strict=True)
        ]
    )


def test_tokens_above_the_bound_are_extreme_unless_a_window_has_no_other():
    x_TD = torch.tensor([[3.0, 4.0], [6.0, 8.0], [60.0, 80.0], [60.0, 80.0], [0.6, 0.8]])
    window_T = torch.tensor([0, 0, 0, 1, 2])
    assert norms(x_TD).tolist() == pytest.approx([5, 10, 100, 100, 1])
    assert is_extreme(x_TD, window_T, 4, norm_bound=10.0).tolist() == [False, False, True, False, False]


def test_a_residual_that_is_not_finite_is_left_for_the_encoder_to_refuse(limited):
    x_TD = torch.tensor([[math.inf, 1.0], [math.nan, 1.0], [1.0, 1.0]])
    assert not is_extreme(x_TD, torch.zeros(3, dtype=torch.int64), 1, norm_bound=10.0).any()


def test_bounds_are_the_limit_times_the_median_over_the_texts_tokens(tiny_scope, limited):
    (batch,) = stream_residuals(tiny_scope, make_windows(tiny_scope, TEXTS), [LAYER])
    median = norms(batch.resid_TD[LAYER]).median()
    assert limited.norm_bounds[LAYER] == pytest.approx(10 * float(median), rel=0.005)
    assert set(limited.norm_bounds) == set(tiny_scope.layers)
    assert tiny_scope.norm_bounds == {}


def test_a_sink_hardly_moves_the_bound(sink, tiny_scope, limited):
    scope = limited.with_bounds({})
    assert bounded(scope, TEXTS, [LAYER]).norm_bounds[LAYER] < 2 * limited.norm_bounds[LAYER]


def test_scopes_without_a_limit_measure_nothing_and_bounds_are_measured_once(tiny_scope, limited):
    assert bounded(tiny_scope, TEXTS, tiny_scope.layers) is tiny_scope
    assert bounded(limited, ["other texts"], limited.layers) is limited


def test_bounds_need_a_token(limited):
    with pytest.raises(InputError, match="1 without tokens"):
        bounded(limited.with_bounds({}), [""], [LAYER])


def test_an_extreme_token_is_left_out_of_everything_that_is_read(sink, limited):
    expected = without(limited, TEXTS, SINK)
    unlimited = read_selected(limited.with_bounds({}), TEXTS, every_feature(limited))
    assert (unlimited.acts_NS[0] > 10 * expected[0].max()).any(), (
        "the sink has to decide maxima when it is read"
    )
    found = read_selected(limited, TEXTS, every_feature(limited))
    np.testing.assert_allclose(found.acts_NS, expected, rtol=1e-5)
    text = TEXTS[0]
    said = {text[slice(*found.span(0, feature))] for feature in np.flatnonzero(found.acts_NS[0])}
    assert said
    assert SINK not in said
    whole = document_features(limited, TEXTS, [LAYER], mean_residual=True)
    np.testing.assert_allclose(whole.acts[LAYER].toarray(), expected, rtol=1e-5)
    (per_token,) = read_tokens(TorchReader(limited, limited.selected(every_feature(limited))), [text])
    np.testing.assert_allclose(per_token.acts_TS.max(axis=0), expected[0], rtol=1e-5)
    pieces = [text[start:end] for start, end in zip(per_token.starts_T, per_token.ends_T, strict=True)]
    assert not per_token.acts_TS[pieces.index(SINK)].any()
    assert "".join(pieces) == text
    assert np.linalg.norm(whole.mean_ND[LAYER][0]) < limited.norm_bounds[LAYER]


def test_a_text_of_nothing_else_is_read_as_it_is(sink, limited):
    text = SINK * 3
    assert read_selected(limited, [text], every_feature(limited)).acts_NS.any()


def test_layers_have_bounds_of_their_own(sink, limited):
    scope = limited.with_bounds({LAYER: limited.norm_bounds[LAYER]})
    features = [(layer, index) for layer in (1, LAYER) for index in range(scope.d_sae)]
    acts_S = read_selected(scope, TEXTS[:1], features).acts_NS[0]
    assert acts_S[: scope.d_sae].max() > 100
    assert acts_S[scope.d_sae :].max() < 100


def test_where_no_token_is_extreme_every_bit_is_the_same(tiny_scope, limited):
    for scope in (tiny_scope, limited):
        assert read_selected(scope, TEXTS, every_feature(scope)).acts_NS.any()
    one, other = (read_selected(scope, TEXTS, every_feature(scope)) for scope in (tiny_scope, limited))
    np.testing.assert_array_equal(one.acts_NS, other.acts_NS)
    np.testing.assert_array_equal(one.places.starts, other.places.starts)


def test_in_every_family_the_limit_changes_no_bit_of_ordinary_residuals(checkpoints, family):
    folder, _ = checkpoints(family)
    layer = read_backbone_config(folder).num_hidden_layers - 1
    backbone = load_backbone(folder, layer, device="cpu", dtype=torch.float32)
    ids_BT = np.random.default_rng(0).integers(1, 300, (2, 12))
    nothing = np.zeros(12, dtype=np.int64)
    windows = [Window(row, ids_BT[row], nothing, nothing, nothing == 0) for row in range(2)]
    batch = read_batch(backbone, Batch(ids_BT, np.ones_like(ids_BT), windows), [layer], torch.device("cpu"))
    plain = batch.at(layer)
    within = batch.at(layer, 10 * float(norms(plain.x_TD).median()))
    assert torch.equal(within.x_TD, plain.x_TD)
    assert torch.equal(within.position_T, plain.position_T)


def test_the_check_says_where_extreme_tokens_sit_and_leaves_them_out(tiny_scope, limited, monkeypatch):
    before = check_layer(limited, LAYER)
    assert before.extreme == ()
    sink_id = blow_up(" the", tiny_scope, monkeypatch)
    windows = make_windows(tiny_scope, CHECK_TEXTS)
    expected = [
        at for window in windows for at in np.flatnonzero((window.ids == sink_id) & window.keep).tolist()
    ]
    assert len(expected) > 3
    found = check_layer(limited, LAYER)
    assert sorted(found.extreme) == sorted(expected)
    assert found.tokens == before.tokens
    assert found.fvu == pytest.approx(before.fvu, abs=0.05)
    assert sorted(check_layer(tiny_scope, LAYER).extreme) == sorted(expected)


@pytest.mark.parametrize("limit", [1, 0, -3.0, math.inf, math.nan, "10", True])
def test_a_limit_that_is_no_number_above_one_is_refused(limit):
    with pytest.raises(ScopeError, match="norm_limit must be a number above 1"):
        ReadingSettings(norm_limit=limit)


def test_settings_without_a_limit_are_written_as_before():
    assert "norm_limit" not in ReadingSettings().to_dict()
    limited = ReadingSettings(norm_limit=10.0)
    assert ReadingSettings.from_dict(limited.to_dict()) == limited
