"""The table of a steering: effect, controls and side effects."""

from __future__ import annotations

from collections.abc import Sequence

from scopesift_classifiers.steering.trial import FLIPPED, NONE, RANDOM, STEERED, SteeringResult

from scopesift.terminal.tables import Column, FittedTable

WAYS = {
    NONE: "no change",
    STEERED: "steered",
    FLIPPED: "sign flipped",
    RANDOM: "random features, same norms",
}


def steering_table(results: Sequence[SteeringResult], label: str | None) -> FittedTable:
    """One row a way.

    Args:
        results: from `compare`.
        label: what the texts are measured for; None: nothing.
    """
    measured = [f"share {label}", f"score {label}"] if label is not None else []
    names = [*measured, "perplexity of neutral text", "distinct-2", "words"]
    table = FittedTable([Column("", least=16), *(Column(name, right=True) for name in names)])
    before = results[0].perplexity
    for result in results:
        effect = [f"{result.rate:.0%}", f"{result.score:.2f}"] if result.rate is not None else []
        change = "" if result.way == NONE else f" ({result.perplexity / before - 1:+.0%})"
        side = [f"{result.perplexity:.1f}{change}", f"{result.distinct_2:.2f}", f"{result.words:.1f}"]
        table.add_row(WAYS[result.way], *effect, *side, style="bold" if result.way == STEERED else "")
    return table
