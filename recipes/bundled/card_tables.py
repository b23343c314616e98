"""Tables and paragraphs that the model cards of bundled scopes share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scopesift_files.atomic import write_atomically


def fidelity_table(saes: dict[str, Any]) -> str:
    """Fidelity of each SAE on held-out text, from measured.json of `recipes.sae`."""
    rows = [
        "| after block | FVU | dead features | active a token | trained on tokens |",
        "|---|---|---|---|---|",
    ]
    for layer, facts in saes.items():
        test = facts["test"]
        rows.append(
            f"| {layer} | {test['fvu']:.3f} | {test['dead']:.1%} | {test['active']:.1f} | {facts['tokens']:,} |"
        )
    held_out = next(iter(saes.values()))["test"]["tokens"]
    return (
        "\n".join(rows)
        + f"\n\nOn {held_out:,} tokens of held-out documents. FVU: fraction of variance unexplained. A feature is dead "
        "when none of these tokens fires it."
    )


def quality_of(folder: Path) -> dict[str, Any]:
    """What the artifacts in a folder record as their quality, by classifier."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))["quality"]
        for path in sorted(folder.glob("*.json"))
    }


def quality_table(quality: dict[str, Any]) -> str:
    """Accuracy and macro-F1 of each classifier on everything that it was measured on."""
    rows = ["| classifier | measured on | n | accuracy | macro-F1 |", "|---|---|---|---|---|"]
    for name, by_data in quality.items():
        for data, found in by_data.items():
            macro_f1 = "" if found["macro_f1"] is None else f"{found['macro_f1']:.3f}"  # rows of one label
            rows.append(f"| {name} | {data} | {found['n']:,} | {found['accuracy']:.3f} | {macro_f1} |")
    return "\n".join(rows)


def licences(
    backbone: str, about: str, sources: Iterable[tuple[str, str]], fitted: Iterable[tuple[str, str, str]]
) -> str:
    """Licences of backbone, SAEs and classifiers.

    Args:
        backbone: The backbone's licence.
        about: What to say of the text of the SAEs, behind "their text"; begins with a comma, or is empty.
        sources: The text that SAEs were trained on, and its licence.
        fitted: Classifier, the rows that it was fitted and measured on, and their licence.
    """
    text = ["| text of the SAEs | licence |", "|---|---|", *(f"| {' | '.join(row)} |" for row in sources)]
    rows = ["| classifier | fitted and measured on | licence |", "|---|---|---|"]
    return (
        f"The backbone is {backbone}. The SAEs' weights are licensed CC-BY-SA-4.0 with attribution to the sources of "
        f"their text{about}, since some lines are share-alike:\n\n"
        + "\n".join(text)
        + "\n\nThe classifiers hold feature ids, weights, thresholds and statistics, no text:\n\n"
        + "\n".join([*rows, *(f"| {' | '.join(row)} |" for row in fitted)])
    )


def write_page(folder: Path, parts: Iterable[str]) -> None:
    """Write `README.md` into a scope folder, paragraphs and tables one after the other; the file is replaced whole."""
    text = "\n\n".join(parts) + "\n"
    write_atomically(folder / "README.md", lambda temporary: temporary.write_text(text, encoding="utf-8"))
