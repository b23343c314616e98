"""What the encodes refuse, and how they say so; the same for every back end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scopesift_kernels import backends, encode_selected, encode_topk

X, W, B = torch.ones(3, 4), torch.ones(8, 4), torch.zeros(8)
FEATURES, DOCUMENTS, FLOORS = torch.tensor([1, 2]), torch.tensor([0, 0, 1]), torch.zeros(2)
BACKENDS = [name for name in backends() if name != "triton"]


def with_entry(tensor: torch.Tensor, place: tuple[int, ...], value: float) -> torch.Tensor:
    tensor = tensor.clone()
    tensor[place] = value
    return tensor


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_non_finite_inputs_are_refused(backend: str, bad: float, dtype: torch.dtype) -> None:
    x, w, b = X.to(dtype), W.to(dtype), B.to(dtype)
    for args, name in (
        ((with_entry(x, (1, 2), bad), w, b), "token 1"),
        ((x, with_entry(w, (5, 0), bad), b), "row 5"),
        ((x, w, with_entry(b, (7,), bad)), "b_enc_F"),
    ):
        with pytest.raises(ValueError, match=name):
            encode_topk(*args, 2, backend=backend)
        with pytest.raises(ValueError, match=name):
            encode_selected(*args, 2, FEATURES, DOCUMENTS, FLOORS, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_finite_inputs_that_overflow_are_refused(backend: str) -> None:
    x, w = torch.full((2, 4), 1e30), torch.full((8, 4), -1e30)
    with pytest.raises(ValueError, match="beyond float32"):
        encode_topk(x, w, B, 2, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_huge_inputs_that_do_not_overflow_are_encoded(backend: str) -> None:
    x, w = torch.full((2, 4), 1e25), torch.diag(torch.full((4,), 1e-25))
    assert encode_topk(x, w, torch.zeros(4), 2, backend=backend).indices_TK.tolist() == [[0, 1], [0, 1]]


def test_weights_changed_in_place_are_checked_again() -> None:
    w = W.clone()
    encode_topk(X, w, B, 2)
    w[3, 1] = float("nan")
    with pytest.raises(ValueError, match="row 3"):
        encode_topk(X, w, B, 2)


@pytest.mark.parametrize("k", [0, -1, 9])
def test_k_outside_the_features_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"not {k}"):
        encode_topk(X, W, B, k)


@pytest.mark.parametrize(
    ("args", "error", "words"),
    [
        ((X.double(), W, B), TypeError, "float64"),
        ((X.long(), W, B), TypeError, "int64"),
        ((X[0], W, B), ValueError, "2 dimensions"),
        ((X[:, :3], W, B), ValueError, "3 columns"),
        ((X, W, B[:5]), ValueError, "5 entries"),
        ((X, W.to("meta"), B), TypeError, "W_enc_FD has to be a dense tensor with data, not a meta one"),
        ((X, W.to_sparse(), B), TypeError, "not a sparse_coo one"),
        ((X.numpy(), W, B), TypeError, "x_TD has to be a torch.Tensor, not ndarray"),
        ((X, W, B.tolist()), TypeError, "b_enc_F has to be a torch.Tensor, not list"),
        ((X[:, :0], W[:, :0], B), ValueError, "no columns"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(args: tuple, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        encode_topk(*args, 2)


@pytest.mark.parametrize("k", [2.0, True])
def test_a_k_that_is_not_an_integer_is_refused(k: object) -> None:
    with pytest.raises(TypeError, match="integer"):
        encode_topk(X, W, B, k)


@pytest.mark.parametrize(
    ("features", "documents", "floors", "n", "error", "words"),
    [
        ([1.0, 2.0], [0, 0, 1], [0.0, 0.0], None, TypeError, "features_S"),
        ([1, 2], [0.0, 0.0, 1.0], [0.0, 0.0], None, TypeError, "documents_T"),
        ([1, 2], [0, 0, 1], [0, 0], None, TypeError, "floors_S"),
        ([1, 2], [0, 0, 1], [0.0], None, ValueError, "one length"),
        ([1, 2], [0, 1], [0.0, 0.0], None, ValueError, "documents_T has shape"),
        ([1, 8], [0, 0, 1], [0.0, 0.0], None, ValueError, "0..7"),
        ([-1, 2], [0, 0, 1], [0.0, 0.0], None, ValueError, "0..7"),
        ([1, 2], [0, 0, 1], [0.0, -0.5], None, ValueError, "not negative"),
        ([1, 2], [0, 0, 1], [0.0, float("nan")], None, ValueError, "finite"),
        ([1, 2], [0, 1, 0], [0.0, 0.0], None, ValueError, "non-decreasing"),
        ([1, 2], [-1, 0, 0], [0.0, 0.0], None, ValueError, "non-decreasing"),
        ([1, 2], [0, 0, 1], [0.0, 1e39], None, ValueError, r"float32 number.*1e\+39"),
        ([1, 2], [0, 0, 1], [0.0, 0.0], 1, ValueError, "at least 2"),
        ([1, 2], [0, 0, 1], [0.0, 0.0], 3.0, TypeError, "n_documents has to be an integer, not float"),
    ],
)
def test_selections_that_do_not_fit_are_refused(
    features: list, documents: list, floors: list, n: int | None, error: type[Exception], words: str
) -> None:
    floors_S = (
        torch.tensor(floors, dtype=torch.float64) if isinstance(floors[0], float) else torch.tensor(floors)
    )
    selection = (torch.tensor(features), torch.tensor(documents), floors_S)
    with pytest.raises(error, match=words):
        encode_selected(X, W, B, 2, *selection, n_documents=n)


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_in_gives_nothing_out(backend: str) -> None:
    values, indices = encode_topk(X[:0], W, B, 2, backend=backend)
    assert values.shape == indices.shape == (0, 2)
    none = torch.zeros(0, dtype=torch.int64)
    got = encode_selected(X[:0], W, B, 2, FEATURES, none, FLOORS, n_documents=3, backend=backend)
    assert got.maxima_NS.tolist() == [[0.0, 0.0]] * 3
    assert got.tokens_NS.tolist() == [[-1, -1]] * 3
    assert encode_selected(X[:0], W, B, 2, FEATURES, none, FLOORS, backend=backend).maxima_NS.shape == (0, 2)
    got = encode_selected(X, W, B, 2, none, DOCUMENTS, FLOORS[:0], backend=backend)
    assert got.maxima_NS.shape == got.tokens_NS.shape == (2, 0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_autocast_and_autograd_change_nothing(backend: str) -> None:
    generator = torch.Generator().manual_seed(0)
    x, w = torch.randn(5, 16, generator=generator), torch.randn(40, 16, generator=generator)
    plain = encode_topk(x, w, torch.zeros(40), 4, backend=backend)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = encode_topk(x.requires_grad_(), w, torch.zeros(40), 4, backend=backend)
    assert torch.equal(plain.values_TK, cast.values_TK)
    assert not cast.values_TK.requires_grad


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bias_of_any_stride_is_read_right(backend: str) -> None:
    bias = torch.arange(80.0)[::2]
    got = encode_topk(torch.zeros(1, 4), torch.zeros(40, 4), bias, 2, backend=backend)
    assert got.values_TK.tolist() == [[78.0, 76.0]]
    got = encode_topk(torch.zeros(1, 4), torch.zeros(40, 4), torch.ones(1).expand(40), 2, backend=backend)
    assert got.indices_TK.tolist() == [[0, 1]]


def test_any_kind_of_integer_is_a_k() -> None:
    assert encode_topk(X, W, B, np.int64(2)).indices_TK.shape == (len(X), 2)


def test_one_bad_feature_among_thousands_is_named_alone() -> None:
    with pytest.raises(ValueError, match=r"got 8$"):
        encode_selected(
            X, W, B, 2, torch.tensor([1] * 5000 + [8]), torch.tensor([0, 0, 1]), torch.zeros(5001)
        )
