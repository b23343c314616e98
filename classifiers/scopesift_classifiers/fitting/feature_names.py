"""Names of features from their top tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scopesift_features.reading.torch_reader import read_selected
from scopesift_features.scope import Scope

TOP_TEXTS = 24
TOKENS = 3
SAMPLE = 3000


def name_features(scope: Scope, texts: Sequence[str], features: Sequence[tuple[int, int]]) -> list[str]:
    """Name each feature by the tokens with its largest activations.

    Args:
        scope: Scope of the features.
        texts: Texts to read; of more than `SAMPLE`, evenly spaced ones.
        features: S pairs (layer, index).

    Returns:
        S names such as "idiot · stupid · dumb"; empty for a feature that fires on no text.
    """
    step = max(1, -(-len(texts) // SAMPLE))
    sample = list(texts[::step])
    reading = read_selected(scope, sample, features)
    names = []
    for column in range(len(features)):
        order = np.argsort(-reading.acts_NS[:, column], kind="stable")[:TOP_TEXTS]
        tokens: Counter[str] = Counter()
        for row in order[reading.acts_NS[order, column] > 0]:
            token = sample[row][slice(*reading.span(row, column))].strip()
            if token:
                tokens[token.lower()] += 1
        names.append(" · ".join(token for token, _ in tokens.most_common(TOKENS)))
    return names
