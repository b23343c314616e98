"""Norm bounds by layer, measured on texts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scopesift_files.errors import InputError

from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.reading.extreme_tokens import norms
from scopesift_features.scope import Scope

SAMPLE = 256
"""Number of evenly spaced texts for the median: thousands of tokens are enough for a rough bound."""


def bounded(scope: Scope, texts: Sequence[str], layers: Sequence[int]) -> Scope:
    """The scope with norm bounds measured on texts, if its settings have a norm limit and it has no bounds.

    Args:
        scope: the scope.
        texts: a sample of the texts to read.
        layers: layers to read.

    Raises:
        InputError: the texts have no tokens.
    """
    limit = scope.settings.norm_limit
    if limit is None or scope.norm_bounds:
        return scope
    sample = texts[:: max(1, -(-len(texts) // SAMPLE))]
    medians = _medians(scope, sample, layers)
    # three digits, for readable artifacts
    return scope.with_bounds({layer: float(f"{limit * median:.3g}") for layer, median in medians.items()})


def _medians(scope: Scope, texts: Sequence[str], layers: Sequence[int]) -> dict[int, float]:
    found: dict[int, list[torch.Tensor]] = {layer: [] for layer in layers}
    for batch in stream_residuals(scope, make_windows(scope, texts, offsets=False), layers):
        for layer, x_TD in batch.resid_TD.items():
            found[layer].append(norms(x_TD).cpu())
    if not all(found.values()):
        raise InputError(
            f"expected texts to measure norms on, got {len(texts)} without tokens; give texts with words"
        )
    return {layer: float(torch.cat(parts).median()) for layer, parts in found.items()}
