"""The exported encode against the definition in `scopesift_kernels.reference`, on hostile inputs too."""

import numpy as np
import pytest
import torch

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.onnx.nodes.encode import EncoderRows
from scopesift_classifiers.onnx.nodes.graph import OPSETS, OnnxGraph
from scopesift_classifiers.onnx.nodes.head import add_windows_head
from scopesift_classifiers.onnx.runtime import open_session
from scopesift_kernels import encode_selected

RNG = np.random.default_rng(0)


def make_rows(n_features=64, d_model=16, k=6, selected=(0, 3, 17, 40, 63), **fields):
    W_FD = RNG.standard_normal((n_features, d_model)).astype(np.float32)
    b_F = RNG.standard_normal(n_features).astype(np.float32)
    return EncoderRows(0, W_FD, b_F, np.array(selected), k=k, **fields)


def run_graph(rows, x_BTD, mask_BT, opset=OPSETS[0]):
    graph = OnnxGraph("test")
    add_windows_head(graph, rows)
    session = open_session(graph.model(opset, {}).SerializeToString())
    return session.run(["maxima", "tokens", "refused"], {"residual_0": x_BTD, "mask": mask_BT})


def run_reference(rows, x_BTD, mask_BT):
    """Maxima `[B, S]`, and positions inside the rows."""
    keep = mask_BT > 0
    row_T, place_T = keep.nonzero()
    found = encode_selected(
        torch.from_numpy(x_BTD[keep]),
        torch.from_numpy(rows.W_FD),
        torch.from_numpy(rows.b_F),
        rows.k,
        torch.from_numpy(rows.columns_S),
        torch.from_numpy(row_T),
        torch.zeros(len(rows.columns_S)),
        n_documents=len(x_BTD),
        backend="reference",
    )
    tokens = found.tokens_NS.numpy()
    places = np.append(place_T, -1)[tokens]
    return found.maxima_NS.numpy(), places


def assert_equal_to_reference(rows, x_BTD, mask_BT, opset=OPSETS[0]):
    maxima, tokens, refused = run_graph(rows, x_BTD, mask_BT, opset)
    expected, places = run_reference(rows, x_BTD, mask_BT)
    np.testing.assert_allclose(maxima, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(tokens, places)
    assert not refused.any()


def make_batch(batch=3, tokens=9, d_model=16):
    x_BTD = RNG.standard_normal((batch, tokens, d_model)).astype(np.float32)
    mask_BT = np.ones((batch, tokens), np.int64)
    mask_BT[1, 5:] = 0
    mask_BT[2, :2] = 0
    return x_BTD, mask_BT


@pytest.mark.parametrize("opset", OPSETS)
def test_every_opset_gives_the_exact_top_k(opset):
    rows = make_rows()
    assert run_reference(rows, *make_batch())[0].max() > 0
    assert_equal_to_reference(rows, *make_batch(), opset)


@pytest.mark.parametrize("k", [1, 5, 63, 64])
def test_any_k_up_to_all_features(k):
    assert_equal_to_reference(make_rows(k=k), *make_batch())


def test_ties_go_to_the_lowest_index():
    W_FD = np.zeros((8, 4), np.float32)
    W_FD[:, 0] = [1, 2, 2, 2, 2, 3, 2, 1]  # 5 is in; of the five equal ones only the first two are
    rows = EncoderRows(0, W_FD, np.zeros(8, np.float32), np.arange(8)[[1, 2, 3, 4, 5, 6]], k=3)
    x_BTD = np.ones((1, 1, 4), np.float32)
    maxima, _, _ = run_graph(rows, x_BTD, np.ones((1, 1), np.int64))
    np.testing.assert_array_equal(maxima[0], [2, 2, 0, 0, 3, 0])
    assert_equal_to_reference(rows, x_BTD, np.ones((1, 1), np.int64))


def test_random_ties_everywhere():
    W_FD = RNG.integers(-1, 2, (40, 4)).astype(np.float32)
    rows = EncoderRows(0, W_FD, np.zeros(40, np.float32), np.array([0, 5, 6, 20, 39]), k=7)
    x_BTD = RNG.integers(-2, 3, (5, 6, 4)).astype(np.float32)
    assert_equal_to_reference(rows, x_BTD, np.ones((5, 6), np.int64))


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0), (1, 1)])
def test_empty_batches_and_single_tokens(shape):
    x_BTD = RNG.standard_normal((*shape, 16)).astype(np.float32)
    assert_equal_to_reference(make_rows(), x_BTD, np.ones(shape, np.int64))


def test_all_padding_fires_nothing_whatever_it_holds():
    x_BTD, mask_BT = make_batch()
    mask_BT[0] = 0
    x_BTD[0] = np.nan
    maxima, tokens, refused = run_graph(make_rows(), x_BTD, mask_BT)
    assert not maxima[0].any()
    assert maxima[1:].any()
    assert (tokens[0] == -1).all()
    assert not refused.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_token_that_is_not_finite_is_named_and_hurts_no_other_row(value):
    rows = make_rows()
    x_BTD, mask_BT = make_batch()
    sound, _, _ = run_graph(rows, x_BTD, mask_BT)
    x_BTD[0, 3, 7] = value
    maxima, _, refused = run_graph(rows, x_BTD, mask_BT)
    assert refused[0, 3]
    assert refused.sum() == 1
    np.testing.assert_array_equal(maxima[1:], sound[1:])


def test_width_131072():
    selected = (0, 77, 65_535, 131_071)
    rows = make_rows(n_features=131_072, d_model=4, k=60_000, selected=selected)
    x_BTD = RNG.standard_normal((1, 2, 4)).astype(np.float32)
    assert_equal_to_reference(rows, x_BTD, np.ones((1, 2), np.int64))


def test_the_residual_is_rounded_to_the_type_that_the_sae_is_stored_in():
    rows = make_rows(rounding="bfloat16")
    x_BTD, mask_BT = make_batch()
    rounded = torch.from_numpy(x_BTD).bfloat16().float().numpy()
    assert not np.array_equal(rounded, x_BTD)
    exact = EncoderRows(0, rows.W_FD, rows.b_F, rows.columns_S, k=rows.k)
    np.testing.assert_array_equal(run_graph(rows, x_BTD, mask_BT)[0], run_graph(exact, rounded, mask_BT)[0])
