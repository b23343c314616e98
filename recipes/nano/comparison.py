"""`python -m recipes.nano.comparison OLD NEW`: compares two nano scopes on held-out text and dev rows.

Test rows are not used: they are measured after the better scope has been chosen.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from recipes.nano.bundled_classifiers import ROWS
from recipes.nano.stages import load_measured

DEV = ("dev_macro_f1", "dev_accuracy")
"""Dev metrics in artifacts with two and with many labels."""


class Compared(NamedTuple):
    """One number of both scopes.

    Attributes:
        name: what was measured.
        old, new: the numbers.
        gain: improvement of the new one; negative if it is worse.
    """

    name: str
    old: float
    new: float
    gain: float


def compare(old: Path, new: Path) -> list[Compared]:
    """Next-token loss, SAE fidelity and the classifiers' quality on dev rows of two scope folders.

    Args:
        old: a folder that the recipe has written, classifiers included.
        new: another.

    Raises:
        FileNotFoundError: `measured.json`, the tokenizer or a classifier is missing.
        ValueError: the tokenizers differ, so that losses per token can't be compared.
    """
    tokenizers = [(folder / "backbone" / "tokenizer.json").read_bytes() for folder in (old, new)]
    if tokenizers[0] != tokenizers[1]:
        raise ValueError(f"the tokenizers of {old} and {new} differ: losses a token can't be compared")
    left, right = _numbers(old), _numbers(new)
    found = []
    for name in left:
        sign = 1.0 if name.endswith(DEV) else -1.0  # losses and FVU: smaller is better
        found.append(Compared(name, left[name], right[name], sign * (right[name] - left[name]) + 0.0))
    return found


def _numbers(folder: Path) -> dict[str, float]:
    measured: dict[str, Any] = load_measured(folder)
    numbers = {"dev loss, nats a token, mean over languages": statistics.mean(measured["dev_loss"].values())}
    for layer, quality in measured["sae"].items():
        numbers[f"FVU of layer {layer}"] = quality["fvu"]
    for name in ROWS:
        artifact = json.loads((folder / "classifiers" / f"{name}.json").read_text(encoding="utf-8"))
        numbers |= {f"{name}, {kind}": artifact["fit"][kind] for kind in DEV if kind in artifact["fit"]}
    return numbers


def main(
    old: Annotated[Path, typer.Argument(help="The current scope, such as scopesift/bundled/nano.")],
    new: Annotated[Path, typer.Argument(help="The candidate.")],
) -> None:
    """Compare a new nano scope with the current one; exit code 1 if any number is worse."""
    table = Table("measured on held-out text and dev rows", "old", "new", "better by")
    try:
        compared = compare(old, new)
    except (FileNotFoundError, ValueError) as error:
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", highlight=False)
        raise typer.Exit(2) from None
    for row in compared:
        table.add_row(row.name, f"{row.old:.4f}", f"{row.new:.4f}", f"{row.gain:+.4f}")
    Console().print(table)
    raise typer.Exit(int(any(row.gain < 0 for row in compared)))


if __name__ == "__main__":
    typer.run(main)
