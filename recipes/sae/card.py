"""The model card of trained SAEs, generated from what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scopesift_features.atomic_files import write_atomically


def write_card(folder: Path) -> None:
    """Write `README.md` into an SAE folder that holds `measured.json` and `config.json`."""
    layers = json.loads((folder / "measured.json").read_text(encoding="utf-8"))["layers"]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    text = "\n\n".join([f"# SAEs of {config['base_model']}", _summary(config), _table(layers)])
    write_atomically(
        folder / "README.md", lambda temporary: temporary.write_text(text + "\n", encoding="utf-8")
    )


def _summary(config: dict[str, Any]) -> str:
    return (
        f"TopK sparse autoencoders of the residual stream after a block: {config['d_sae']:,} features over width "
        f"{config['d_model']}, k {config['k']}, in the file semantics of Qwen-Scope."
    )


def _table(layers: dict[str, Any]) -> str:
    rows = ["| layer | FVU | dead features | active a token | held-out tokens | training tokens | steps |"]
    rows.append("|---|---|---|---|---|---|---|")
    for layer, facts in layers.items():
        test = facts["test"]
        rows.append(
            f"| {layer} | {test['fvu']:.3f} | {test['dead']:.1%} | {test['active']:.1f} | {test['tokens']:,} | "
            f"{facts['tokens']:,} | {facts['steps']:,} |"
        )
    return "\n".join(rows)
