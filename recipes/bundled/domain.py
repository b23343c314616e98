"""The domain rows of both bundled scopes: SIB-200 and MMLU in one taxonomy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.measuring.baselines import tfidf

MMLU, MMLU_CHOICES = "mmlu", 4
TAXONOMY = {
    "science/technology": "science",
    "natural_science": "science",
    "computer_science": "science",
    "medicine": "health",
}
"""Labels of SIB-200 and MMLU that are merged; others are unchanged."""


def domain_rows(data: Path, split: str, languages: Collection[str]) -> LabelledText:
    """One split of `domain/` with merged labels, in some languages, MMLU without its answer choices."""
    rows = read_labelled(data / "domain" / f"{split}.jsonl.gz", label="domain")
    rows = rows.select([index for index, lang in enumerate(rows.langs) if lang in languages])
    texts = [
        "\n".join(text.split("\n")[:-MMLU_CHOICES]) if source == MMLU else text
        for text, source in zip(rows.texts, rows.sources, strict=True)
    ]
    # results by language compare the same sentences, so they leave out MMLU
    langs = [None if source == MMLU else lang for lang, source in zip(rows.langs, rows.sources, strict=True)]
    return replace(
        rows, texts=texts, langs=langs, labels=[TAXONOMY.get(label, label) for label in rows.labels]
    )


def tfidf_by_language(train: LabelledText, dev: LabelledText, test: LabelledText) -> dict[str, float]:
    """Test accuracy of a TF-IDF baseline that is fitted on each language by itself."""
    found = {}
    for code in sorted({lang for lang in test.langs if lang is not None}):
        fit, held_out, measured = (
            rows.select([index for index, lang in enumerate(rows.langs) if lang == code])
            for rows in (train, dev, test)
        )
        predicted = tfidf(fit.texts, fit.labels, held_out.texts, held_out.labels).predict(measured.texts)
        found[code] = round(
            float(np.mean([str(a) == b for a, b in zip(predicted, measured.labels, strict=True)])), 4
        )
    return found
