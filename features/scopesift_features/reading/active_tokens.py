"""Every active feature on every token of one text, for traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.scope import Scope


@dataclass(frozen=True, eq=False)
class ActiveToken:
    """One token with its active features.

    Attributes:
        start, end: its place in the text, in characters.
        features: by layer, the active features' indices, int64, and activations, float32, the strongest first.
    """

    start: int
    end: int
    features: dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]]


def read_active(scope: Scope, text: str, layers: Sequence[int]) -> list[ActiveToken]:
    """Read all active features of a text's tokens; a token in two windows is read in the first.

    Args:
        scope: the backbone and its SAEs; tokens above its norm bounds have no features.
        text: any string.
        layers: layers to read.

    Raises:
        ScopeError: a layer that the scope does not have.
    """
    windows = make_windows(scope, [text])
    found: dict[tuple[int, int], ActiveToken] = {}
    first_window: dict[tuple[int, int], int] = {}
    order = {id(window): number for number, window in enumerate(windows)}
    for batch in stream_residuals(scope, windows, layers) if windows else ():
        for layer in layers:
            tokens = batch.at(layer, scope.norm_bounds.get(layer, math.inf))
            active = scope.sae(layer).active(tokens.x_TD)
            bounds = active.starts_T.tolist()
            indices, acts = active.indices_E.cpu().numpy(), active.values_E.cpu().numpy()
            for at, (start, end) in enumerate(zip(*tokens.spans(), strict=True)):
                place, number = (int(start), int(end)), order[id(tokens.windows[int(tokens.window_T[at])])]
                if first_window.setdefault(place, number) != number:
                    if first_window[place] < number:
                        continue
                    first_window[place] = number
                own = slice(bounds[at], bounds[at + 1])
                strongest = np.argsort(-acts[own], kind="stable")
                token = found.setdefault(place, ActiveToken(*place, {}))
                token.features[layer] = (indices[own][strongest], acts[own][strongest])
    return [found[place] for place in sorted(found)]
