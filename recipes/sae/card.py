"""The model card of trained SAEs, generated from measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scopesift_files.atomic import write_atomically

from recipes.sae.pool.documents import HELD_OUT_ONE_IN


def write_card(folder: Path) -> None:
    """Write `README.md` into an SAE folder that holds `config.json` and `measured.json`."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    layers = json.loads((folder / "measured.json").read_text(encoding="utf-8"))["layers"]
    text = "\n\n".join(
        [
            f"# SAEs of {config['base_model']}",
            _summary(config),
            "## Fidelity\n\n" + _fidelity(layers),
            "## Training\n\n" + _training(layers),
            "## Text and licence\n\n" + _licence(layers),
        ]
    )
    write_atomically(
        folder / "README.md", lambda temporary: temporary.write_text(text + "\n", encoding="utf-8")
    )


def _summary(config: dict[str, Any]) -> str:
    return (
        f"TopK sparse autoencoders of the residual stream after a block: {config['d_sae']:,} features over width "
        f"{config['d_model']}, k {config['k']}, in the file semantics of Qwen-Scope "
        "(`relu(topk(x @ W_enc.T + b_enc))`, feature directions in columns of `W_dec`, b_dec not subtracted before "
        "encoding).\n\nThis page is written by `python -m recipes.sae`; no number in it is typed by hand."
    )


def _fidelity(layers: dict[str, Any]) -> str:
    with_twins = any("twins" in facts for facts in layers.values())
    rows = ["| layer | FVU | dead features | active a token |", "|---|---|---|---|"]
    if with_twins:
        rows = [rows[0] + " finds its twin |", rows[1] + "---|"]
    for layer, facts in layers.items():
        test = facts["test"]
        row = f"| {layer} | {test['fvu']:.3f} | {test['dead']:.1%} | {test['active']:.1f} |"
        if with_twins:
            row += f" {facts['twins']['share']:.3f} |" if "twins" in facts else " – |"
        rows.append(row)
    fewest = min(facts["test"]["tokens"] for facts in layers.values())
    note = (
        f"Measured on {fewest:,} tokens or more of held-out text, skipped and extreme tokens left out: one document "
        f"in {HELD_OUT_ONE_IN}, by a hash of its text, that no SAE was trained on. FVU is the fraction of variance "
        "unexplained. A feature is dead when none of these tokens fires it."
    )
    if with_twins:
        pairs = max(facts["twins"]["pairs"] for facts in layers.values() if "twins" in facts)
        note += (
            f" The twin search looks for a sentence's translation among {pairs:,} by the layer's mean residual; "
            f"chance is {1 / pairs:.3f}. It tells of the layer, not of its SAE."
        )
    return "\n".join(rows) + "\n\n" + note


def _training(layers: dict[str, Any]) -> str:
    rows = [
        "| layer | tokens of text | read in | extreme | steps | tokens a step | minutes, all layers | FVU on dev |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for layer, facts in layers.items():
        key = facts["key"]
        rows.append(
            f"| {layer} | {facts['tokens']:,} | {key['reading']['dtype']} | {facts['extreme']:.2%} | "
            f"{facts['steps']:,} | {key['settings']['batch']:,} | {facts['minutes']:.1f} | {facts['dev']['fvu']:.3f} |"
        )
    note = "Extreme tokens, whose norm exceeds 10 times the median, were left out. Layers that share a row's minutes "
    note += "were trained side by side."
    return "\n".join(rows) + "\n\n" + note


def _licence(layers: dict[str, Any]) -> str:
    rows = ["| layers | text | licence of the text |", "|---|---|---|"]
    texts: dict[tuple[str, str], list[str]] = {}
    for layer, facts in layers.items():
        texts.setdefault((", ".join(facts["key"]["text"]), facts["licence"]), []).append(layer)
    rows += [f"| {', '.join(same)} | {text} | {licence} |" for (text, licence), same in texts.items()]
    return "\n".join(rows)
