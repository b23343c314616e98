"""How large a boost may be: as large as a rise of the perplexity of neutral text allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from scopesift_features.generating.hooks import gather
from scopesift_features.generating.intervention import BOOST, Intervention
from scopesift_features.generating.language_model import LanguageModel
from scopesift_files.errors import UsageError

from scopesift_classifiers.steering.choice import rounded

FIRST_SIZE = 0.15
"""Norm of the first change that is tried, as a share of the residuals' median norm."""
TRIALS = 10
NEAR, AIM = 0.9, 0.95
"""A rise from this share of the cost on is near enough, and what is aimed at."""


def boosted_to_cost(
    model: LanguageModel, boosts: Sequence[Intervention], neutral: Sequence[str], cost: float
) -> list[Intervention]:
    """Scale boosts up or down until they raise the perplexity of neutral text by a given cost, or a little less.

    Args:
        model: the model.
        boosts: their amounts relative to each other.
        neutral: texts that have nothing to do with what is steered.
        cost: rise of the perplexity as a share: 0.25 for a quarter.

    Raises:
        UsageError: other changes than boosts, a cost that is not above 0, or boosts that cost nothing or always more.
    """
    if not 0 < cost < math.inf:
        raise UsageError(f"a cost must be above 0, such as 25 for 25% more perplexity, not {100 * cost:g}")
    if any(one.action != BOOST for one in boosts):
        raise UsageError("only boosts can be scaled to a cost; clamp and suppress have amounts of their own")
    plain = model.perplexity(neutral)

    def scaled(factor: float) -> list[Intervention]:
        return [replace(one, amount=rounded(one.amount * factor)) for one in boosts]

    low, high = (0.0, 0.0), (math.inf, math.inf)  # factor and rise, within and beyond the cost
    factor = FIRST_SIZE / _size(model, boosts, neutral)
    for _ in range(TRIALS):
        rise = model.perplexity(neutral, gather(model.scope, scaled(factor))) / plain - 1
        if rise > cost:
            high = factor, rise
        else:
            low = factor, rise
            if rise >= NEAR * cost:
                break
        factor = _between(low, high, AIM * cost)
    if not low[0]:
        raise UsageError(f"no boost of these features costs less than {cost:.0%}; steer by others")
    return scaled(low[0])


def _between(low: tuple[float, float], high: tuple[float, float], rise: float) -> float:
    """The next factor: where a power law through the last two on either side gives the rise."""
    if high[0] == math.inf:
        return 2 * low[0]
    if low[1] <= 0 or high[1] == math.inf:
        return (low[0] + high[0]) / 2
    share = math.log(rise / low[1]) / math.log(high[1] / low[1])
    return float(low[0] * (high[0] / low[0]) ** share)


def _size(model: LanguageModel, boosts: Sequence[Intervention], neutral: Sequence[str]) -> float:
    """Norm of the change as a share of the residuals' median norm, of the layer where it is largest."""
    sizes = [
        float((change.amounts_S @ change.directions_SD).norm())
        / max(model.residual_norm(change.sae.layer, neutral), 1e-9)
        for change in gather(model.scope, boosts)
    ]
    if not max(sizes):
        raise UsageError("the changes add nothing; give an amount above or below 0")
    return max(sizes)
