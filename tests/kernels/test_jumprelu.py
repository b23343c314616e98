"""JumpReLU: every back end against the definition in float64."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scopesift_kernels import ActiveFeatures, encode_jumprelu, encode_selected_jumprelu
from scopesift_kernels.backend_choice import Backend
from scopesift_kernels.cpu.backend import CpuBackend
from scopesift_kernels.cpu.tuning import CpuTuning
from scopesift_kernels.reference import ReferenceBackend

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
SMALL = CpuTuning(slab=11, tile=5, chunk=32, block=4, pairs_at_once=64)
# the fixtures hold no state
within = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["reference", "cpu", "triton"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each back end, with sizes that a few tokens and features cross all borders of."""
    if request.param == "triton":
        yield request.getfixturevalue("small_triton")
    else:
        yield ReferenceBackend(elements_at_once=64) if request.param == "reference" else CpuBackend(SMALL)


def dense(found: ActiveFeatures, n_features: int) -> torch.Tensor:
    acts_TF = torch.zeros(found.counts_T.numel(), n_features)
    acts_TF[found.tokens_E, found.indices_E] = found.values_E
    return acts_TF


def defined(x, W, b, threshold) -> torch.Tensor:
    pre_TF = x.double() @ W.double().T + b.double()
    return (pre_TF * (pre_TF > threshold.double())).float()


@within
@given(
    t=st.integers(0, 30), d=st.integers(1, 9), f=st.integers(1, 90), highest=st.integers(0, 6),
    seed=st.integers(0, 9999), dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_the_active_features_are_those_above_their_thresholds(
    backend, whole, t, d, f, highest, seed, dtype
) -> None:
    x, W, b = whole(t, d, f, seed, dtype=dtype)
    threshold_F = torch.randint(0, highest + 1, (f,), generator=torch.Generator().manual_seed(seed)).float()
    found = encode_jumprelu(x, W, b, threshold_F, backend=backend)
    right_TF = defined(x, W, b, threshold_F)
    assert torch.equal(dense(found, f), right_TF)
    assert found.values_E.numel() == int((right_TF > 0).sum())
    order = found.tokens_E * f + found.indices_E
    assert bool((order[1:] > order[:-1]).all())
    assert (found.values_E.dtype, found.indices_E.dtype, found.starts_T.dtype) == (
        torch.float32, torch.int64, torch.int64,
    )  # fmt: skip


@within
@given(
    t=st.integers(0, 30), f=st.integers(1, 60), s=st.integers(0, 9), n=st.integers(1, 5), seed=st.integers(0, 9999),
    dtype=st.sampled_from(DTYPES),
)  # fmt: skip
def test_selected_maxima_are_those_of_the_full_encode_above_the_floors(
    backend, whole, t, f, s, n, seed, dtype
) -> None:
    g = torch.Generator().manual_seed(seed)
    x, W, b = whole(t, 4, f, seed, dtype=dtype)
    threshold_F = torch.randint(0, 4, (f,), generator=g).float()
    features_S = torch.randint(0, f, (s,), generator=g)
    floors_S = torch.randint(0, 6, (s,), generator=g).float()
    documents_T = torch.randint(0, n, (t,), generator=g).sort().values
    got = encode_selected_jumprelu(
        x, W, b, threshold_F, features_S, documents_T, floors_S, n_documents=n, backend=backend
    )
    acts_TS = defined(x, W, b, threshold_F)[:, features_S]
    acts_TS = acts_TS * (acts_TS > floors_S)
    for document in range(n):
        rows = (documents_T == document).nonzero().flatten()
        for column in range(s):
            own = acts_TS[rows, column]
            best = float(own.max()) if rows.numel() else 0.0
            token = int(rows[int((own == best).nonzero()[0])]) if best > 0 else -1
            assert (
                float(got.maxima_NS[document, column]),
                int(got.tokens_NS[document, column]),
            ) == (best, token)


def test_a_pre_activation_equal_to_its_threshold_is_not_active(backend) -> None:
    x, W, b = torch.ones(1, 1), torch.tensor([[2.0], [2.0], [0.0]]), torch.zeros(3)
    found = encode_jumprelu(x, W, b, torch.tensor([2.0, 1.0, 0.0]), backend=backend)
    assert found.indices_E.tolist() == [1]


def test_inputs_that_may_overflow_are_checked_one_by_one(backend) -> None:
    x, W = torch.full((2, 4), 1e30), torch.full((8, 4), -1e30)
    arguments = (x, W, torch.zeros(8), torch.zeros(8))
    with pytest.raises(ValueError, match="beyond float32"):
        encode_jumprelu(*arguments, backend=backend)
    with pytest.raises(ValueError, match="beyond float32"):
        encode_selected_jumprelu(
            *arguments, torch.tensor([1]), torch.zeros(2, dtype=torch.int64), torch.zeros(1), backend=backend
        )


@pytest.mark.parametrize(
    ("threshold", "error", "words"),
    [
        (torch.tensor([0.0, -1.0]), ValueError, "not negative: got -1"),
        (torch.tensor([0.0, float("nan")]), ValueError, "finite"),
        (torch.zeros(3), ValueError, r"shape \(3,\), not one entry for each of 2 rows"),
        (torch.zeros(2, dtype=torch.int64), TypeError, "floating point"),
        ([0.0, 0.0], TypeError, "has to be a torch.Tensor"),
    ],
    ids=str,
)
def test_wrong_thresholds_are_refused(threshold, error, words) -> None:
    with pytest.raises(error, match=words):
        encode_jumprelu(torch.ones(1, 3), torch.ones(2, 3), torch.zeros(2), threshold)
