"""The model card of the bundled e5 scope, generated from the recipe's measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scopesift_features.catalogue.folder import read_record
from scopesift_features.catalogue.settings import INT8
from scopesift_features.sae.config import read_config

from recipes.bundled.card_tables import fidelity_table, licences, quality_of, quality_table, write_page
from recipes.nano.model_card import SOURCES

FITTED_ON = (
    ("toxicity", "textdetox (TextClass-Benchmark's splits)", "CC-BY-4.0"),
    ("toxicity", "davidson, mlma", "MIT"),
    ("toxicity", "germeval2018", "CC-BY-4.0"),
    ("toxicity", "cold, inspection_ja", "Apache-2.0"),
    ("toxicity", "vicomtech", "CC-BY-SA-3.0-ES"),
    ("toxicity", "told_br, korean_hate_speech", "CC-BY-SA-4.0"),
    ("language", "sib200 (sentences from FLORES-200), Common Voice", "CC-BY-SA-4.0, CC0-1.0"),
    ("domain", "sib200, mmlu", "CC-BY-SA-4.0, MIT"),
    ("sentiment", "UMSAB (cardiffnlp/xlm-t)", "Apache-2.0"),
    ("task-type", "gsm8k, humaneval, mmlu", "MIT"),
    ("task-type", "eltec, speeches, genesis", "public domain (eltec's encoding: CC-BY-4.0)"),
    ("task-type", "movie_reviews, tldr", "CC-BY-4.0"),
    ("task-type", "sib200, vicomtech", "CC-BY-SA"),
    ("task-type", "textdetox, davidson, UMSAB", "CC-BY-4.0, MIT, Apache-2.0"),
    ("task-type", "source of CPython (library, headers) and of torch (headers)", "PSF-2.0, BSD-3-Clause"),
)


def write_card(folder: Path) -> None:
    """Write `README.md` into the scope folder; the file is replaced whole.

    Args:
        folder: Holds scope.json, sae/, measured.json and classifiers/.
    """
    measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
    write_page(
        folder,
        [
            "# e5: scopesift's default scope",
            _summary(folder),
            "## The SAEs\n\n" + fidelity_table(measured["sae"]),
            "## What was chosen, on dev rows\n\n" + _choices(measured),
            "## What the classifiers are worth\n\n" + _quality(folder),
            "## Known weaknesses\n\n" + _weaknesses(),
            "## Data and licences\n\n" + licences("MIT", "", SOURCES, FITTED_ON),
        ],
    )


def _summary(folder: Path) -> str:
    record, config = read_record(folder), read_config(folder / "sae")
    if record.package is None:
        raise ValueError(f"{folder} does not read its backbone from a package")
    return (
        "[multilingual-e5-small](https://huggingface.co/intfloat/multilingual-e5-small) (MIT), an encoder of "
        f"{config.num_layers} blocks and width {config.d_model} for about a hundred languages, read from the data file "
        f"of the Python package `{record.package.requirement}` (4 bits a weight; SHA-256 "
        f"`{record.package.sha256[:12]}…`), with TopK sparse autoencoders of our own: {config.d_sae:,} features a "
        f"layer, k {config.k}, in the file semantics of Qwen-Scope. Texts are read behind `<s> query:`, which the "
        "model was trained with, and before `</s>`; neither counts.\n\n"
        "This page is written by `python -m recipes.e5 --only card`; no number in it is typed by hand."
    )


def _choices(measured: dict[str, Any]) -> str:
    tables = []
    for name, says in (
        ("width", "Active features a token, on SAEs of block 8 that were trained briefly:"),
        ("choice", "Candidate layers, alone and together:"),
    ):
        if name not in measured:
            tables.append(f"{says} not measured; `python -m recipes.e5 --only {name}` does.")
            continue
        rows = [
            "| read | toxicity, English AUC | other languages without labels, AUC | 350 own labels, accuracy | "
            "domain, accuracy | sentiment, macro-F1 | language, accuracy |",
            "|---|---|---|---|---|---|---|",
        ]
        for one in measured[name]:
            rows.append(
                f"| {' + '.join(one['saes'])} | {one['english_auc']:.4f} | {one['zero_shot_auc']:.3f} | "
                f"{one['few_labels_accuracy']:.3f} | {one['domain_accuracy']:.3f} | {one['sentiment_macro_f1']:.3f} | "
                f"{one['language_accuracy']:.4f} |"
            )
        tables.append(f"{says}\n\n" + "\n".join(rows))
    return "\n\n".join(tables)


def _quality(folder: Path) -> str:
    return (
        quality_table(quality_of(folder / "classifiers"))
        + "\n\nToxicity reads texts with obfuscated spelling undone (docs/hardening.md), in these measurements too; "
        "the presets beside it read them as they are.\n\n"
        "The same features, weights and cuts in int8 (`toxicity-int8`, `language-int8`, …; docs/performance.md):\n\n"
        + quality_table(quality_of(folder / "classifiers" / INT8))
    )


def _weaknesses() -> str:
    return (
        "- What counts as toxic differs between the sets that each language's rule was fitted on: hate, offence, "
        "profanity, hostility of any kind. Scores of two languages are not comparable without care.\n"
        "- Sets are balanced by label; in the wild far fewer texts are toxic, and precision falls with them.\n"
        "- The weights are those of a 4-bit file; the original model differs slightly.\n"
        "- No fairness evaluation was made: dialects and mentions of groups may be flagged more often. Do not "
        "moderate people with it unwatched."
    )
