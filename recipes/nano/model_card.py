"""The model card of nano, generated from the recipe's measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recipes.bundled.card_tables import quality_of, write_page

SOURCES = (
    ("davidson, mlma, poetry_zh", "MIT"),
    ("cold, inspection_ja", "Apache-2.0"),
    ("sib200 (sentences from FLORES-200)", "CC-BY-SA-4.0"),
    ("germeval2018, tldr-pages", "CC-BY-4.0"),
    ("tatoeba pairs (via LASER)", "CC-BY-2.0-FR"),
    ("ELTeC novels (en, fr, es, pt, uk)", "texts public domain, encoding CC-BY-4.0"),
    ("Common Voice sentences, nsmc, itadracor", "CC0-1.0"),
    ("gesetze, ruslit, inaugural and state-of-the-union speeches, genesis, udhr", "public domain"),
    ("Chinese statutes", "not under copyright in the PRC"),
    ("Python documentation (zh, ja)", "CC0 / PSF"),
    ("NLTK movie_reviews", "CC-BY-4.0"),
)


def write_card(folder: Path) -> None:
    """Write `README.md` into a scope folder that holds `measured.json` and `classifiers/`.

    Args:
        folder: The scope folder; the file is replaced whole.
    """
    measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
    config = json.loads((folder / "backbone" / "config.json").read_text(encoding="utf-8"))
    quality = quality_of(folder / "classifiers")
    write_page(
        folder,
        [
            "# nano: scopesift's bundled scope",
            _summary(config, measured),
            "## Fidelity\n\n" + _fidelity(measured),
            "## Languages\n\n" + _languages(measured, quality),
            "## Known weaknesses\n\n" + _weaknesses(measured),
            "## Data and licence\n\n" + _data(),
        ],
    )


def _summary(config: dict[str, Any], measured: dict[str, Any]) -> str:
    training = measured["training"]
    return (
        f"A Qwen3-architecture base model ({training['parameters'] / 1e6:.1f}M weights, width {config['hidden_size']}, "
        f"{config['num_hidden_layers']} blocks, {config['vocab_size']:,} tokens) trained from scratch on "
        f"{training['tokens'] / 1e6:.1f}M tokens in {float(training['seconds']) / 60:.0f} minutes, with one TopK "
        f"sparse autoencoder a block (k {measured['k']}) in the file semantics of Qwen-Scope. It makes the whole "
        "product run offline through the code path of the real weights. It is far smaller than any model that "
        "people use in earnest, and so is its accuracy.\n\n"
        "This page is written by `python -m recipes.nano --only card`; no number in it is typed by hand."
    )


def _fidelity(measured: dict[str, Any]) -> str:
    rows = [
        "| layer | FVU | dead features | active a token | finds its English twin (chance .001) |",
        "|---|---|---|---|---|",
    ]
    for layer, sae in measured["sae"].items():
        twin = measured["twins"][layer]["mean"]
        rows.append(f"| {layer} | {sae['fvu']:.3f} | {sae['dead']:.1%} | {sae['active']:.1f} | {twin:.3f} |")
    note = (
        f"Measured on {measured['held_out_tokens']:,} tokens of held-out text, prefix left out. A feature is dead when "
        "none of them fires it. The twin search takes sentences of translation groups that no training text holds, "
        "and looks for their English counterpart among 1,000 English sentences by mean residual."
    )
    return "\n".join(rows) + "\n\n" + note


def _languages(measured: dict[str, Any], quality: dict[str, Any]) -> str:
    toxicity = quality.get("toxicity", {})
    per_class = quality.get("language", {}).get("test", {}).get("per_class", {})
    deepest = max(measured["twins"], key=lambda layer: measured["twins"][layer]["mean"])
    rows = [
        f"| language | dev loss (nats a token) | twin, layer {deepest} | language F1 | toxicity macro-F1, zero-shot |",
        "|---|---|---|---|---|",
    ]
    for code, loss in measured["dev_loss"].items():
        twin = measured["twins"][deepest].get(code)
        f1 = per_class.get(code, {}).get("f1")
        zero = toxicity.get(f"zero-shot {code}", {}).get("macro_f1")
        cells = ["–" if value is None else f"{value:.3f}" for value in (twin, f1, zero)]
        rows.append(f"| {code} | {loss:.3f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _weaknesses(measured: dict[str, Any]) -> str:
    languages = len(measured["dev_loss"])
    return (
        f"- It knows {languages} languages, each from a few megabytes of text; anything else is noise to it.\n"
        "- Its features are mostly words and word pieces, not meanings: English toxicity rules carry over to other "
        "languages badly. The table above says how badly.\n"
        "- The posts it was trained on (davidson, germeval2018, cold, mlma) contain abuse, so it knows those insults "
        "and those dialects best; labels of davidson follow profanity.\n"
        "- Texts are read in windows of 128 tokens; what needs a longer context is not seen.\n"
        "- No fairness evaluation was made. Do not moderate people with it."
    )


def _data() -> str:
    rows = ["| sources | licence |", "|---|---|", *(f"| {name} | {licence} |" for name, licence in SOURCES)]
    return (
        "\n".join(rows)
        + "\n\nThe weights are licensed CC-BY-SA-4.0 with attribution to the sources above, since some pre-training "
        "lines are share-alike. The classifiers were fitted and measured on davidson, vicomtech (CC-BY-SA-3.0-ES), "
        "germeval2018, cold, mlma, told_br and korean_hate_speech (CC-BY-SA-4.0), inspection_ja, sib200 and mmlu "
        "(MIT); they hold feature ids, thresholds and statistics, no text."
    )
