"""What float32 can make of a tiny scope's texts on any processor: bounds for activations and scores."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

# Sums of a block that follow each other: norm, query, its norm, scores, mix, output, norm, gate and up, down.
SUMS = 9
# Terms of the longest: features of the MLP, tokens of a window.
TERMS = 64


@cache
def float32_bounds(scope, texts, layer):
    """What a tiny scope's document features may be in float32, whatever the processor, the batch and the kernels.

    Float64 says what they are. A float32 sum of n terms is off by at most n * 2**-24 of their magnitudes, in whatever
    order it is added (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). Norms keep the scale of what goes
    from one sum into the next, so that errors add up; the SAE's product is the last sum.

    Returns:
        Lowest and highest activations, float64 `[N, F]`. Lowest is 0 where another feature may take the place among
        the k largest.
    """
    from scopesift_features.backbone.cut import load_backbone
    from scopesift_features.reading.batching.windows import make_windows

    backbone = load_backbone(scope.folder / "backbone", layer, device="cpu", dtype=torch.float64)
    sae = scope.sae(layer)
    W_FD, b_F = sae.W_enc_FD.double(), sae.b_enc_F.double()
    share = (SUMS * (layer + 1) + 1) * TERMS * 2.0**-24
    low_NF, high_NF = torch.zeros(2, len(texts), scope.d_sae, dtype=torch.float64)
    for window in make_windows(scope, texts):
        ids_BT = torch.from_numpy(window.ids)[None]
        x_TD = backbone.residuals(ids_BT, torch.ones_like(ids_BT), [layer])[layer][0]
        x_TD = x_TD[torch.from_numpy(window.keep)]
        pre_TF = x_TD @ W_FD.T + b_F
        off_T1 = share * (x_TD.norm(dim=1, keepdim=True) * W_FD.norm(dim=1).max() + b_F.abs().max())
        ranked_TF = pre_TF.sort(dim=1, descending=True).values
        surely_TF = pre_TF - off_T1 > ranked_TF[:, scope.k, None] + off_T1
        maybe_TF = pre_TF + off_T1 >= ranked_TF[:, scope.k - 1, None] - off_T1
        for bound_F, acts_TF in (
            (low_NF[window.document], (pre_TF - off_T1) * surely_TF),
            (high_NF[window.document], (pre_TF + off_T1) * maybe_TF),
        ):
            torch.maximum(bound_F, acts_TF.amax(dim=0), out=bound_F)
    return low_NF.numpy(), high_NF.numpy()


def float32_score_bounds(scope, classifier, texts):
    """What a tiny scope's float32 can make of the scores of a classifier's default decision.

    A margin is off by what each of its activations can change; a score lies between the scores of the margins below
    and above. Between two breakpoints of the calibration that lie close, that is far.

    Returns:
        Lowest and highest scores, float64 `[N, labels]`, in the order of `classifier.labels`.
    """
    decision = classifier.default
    bounds = {
        layer: float32_bounds(scope, tuple(texts), layer)
        for layer in {item.layer for item in decision.features}
    }
    low_NS, high_NS = (
        np.stack([bounds[item.layer][side][:, item.index] for item in decision.features], axis=1)
        for side in (0, 1)
    )
    middle_NS = (low_NS + high_NS) / 2
    margins_NC = decision.margins(middle_NS)
    off_NC = np.zeros_like(margins_NC)
    for column in range(middle_NS.shape[1]):
        moved = []
        for end_NS in (low_NS, high_NS):
            acts_NS = middle_NS.copy()
            acts_NS[:, column] = end_NS[:, column]
            moved.append(np.abs(decision.margins(acts_NS) - margins_NC))
        off_NC += np.maximum(*moved)
    float32 = 2.0**-24  # exported graphs round what they give
    return decision.scores(margins_NC - off_NC) - float32, decision.scores(margins_NC + off_NC) + float32


@pytest.fixture(scope="session")
def float32_scores():
    """`float32_scores(scope, classifier, texts)`: lowest and highest scores that float32 can give."""
    return float32_score_bounds


@pytest.fixture(scope="session")
def float32_features():
    """`float32_features(scope, texts, layer)`: lowest and highest document features that float32 can give."""
    return lambda scope, texts, layer: float32_bounds(scope, tuple(texts), layer)
