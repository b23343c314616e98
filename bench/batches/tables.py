"""Tables of `python -m bench batches`."""

from __future__ import annotations

from typing import Any

from scopesift_features.reading.batching.batch_plan import STARTS_A_FULL_BATCH
from scopesift_features.reading.batching.batches import CPU_BATCH_TOKENS

from bench.markdown import markdown
from bench.results_file import stored

STARTS = CPU_BATCH_TOKENS // STARTS_A_FULL_BATCH


def padding_table(found: dict[str, Any] | None = None) -> str:
    """Padding and batches a call, for three ways to make batches."""
    found = found or stored("batches-cpu")
    rows = []
    for row in (row for row in found["rows"].values() if "budgets" in row):
        for budget, ways in row["budgets"].items():
            cells = []
            for way in ways.values():
                padded = 1 / (1 - way["padding"]) - 1
                starts = STARTS * way["batches_a_call"] * row["calls"] / row["tokens"]
                cells.append(f"{way['padding']:.1%} ({padded + starts:.2f})")
            rows.append([str(row["texts"]), f"{int(budget):,}", *cells])
    spread = next(row["lengths"] for row in found["rows"].values() if "lengths" in row)
    header = ["texts of a call", "budget, tokens", "filled as they come", "sorted, then filled", "planned"]
    return markdown(header, rows) + (
        f"\n\nShare of padding in what is run; in brackets padding and starts of batches, as {STARTS} tokens each, per "
        f"token. Lengths of real texts: median {spread['median']}, 90% up to {spread['p90']}, longest "
        f"{spread['longest']}."
    )


def cost_table(found: dict[str, Any] | None = None) -> str:
    """Microseconds per token by length of the texts and size of the batch."""
    found = found or stored("batches-cpu")
    measured = {name: row for name, row in found["rows"].items() if "us_per_token" in row}
    sizes = ["256", "512", "1024", "2048", "4096"]
    rows = [
        [
            name.removeprefix("cost on "),
            length,
            *(f"{costs[size]:.0f}" if size in costs else "" for size in sizes),
            f"{row['start_tokens']:.0f}",
        ]
        for name, row in measured.items()
        for length, costs in row["us_per_token"].items()
    ]
    header = ["", "texts of", *(f"{int(size):,}" for size in sizes), "a start, tokens"]
    return markdown(header, rows) + (
        f"\n\nMicroseconds per token of a batch of so many tokens, without padding; best of several. {found['cores']} "
        f"cores of {found['device']}."
    )
