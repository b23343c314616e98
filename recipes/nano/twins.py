"""Cross-lingual alignment: share of sentences whose English translation is found among 1,000."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scopesift_features.scope import Scope

from recipes.nano.alignment import PIVOT
from recipes.sae.text_residuals import text_mean_residuals
from recipes.sae.twins import twin_share

CANDIDATES = 1000


def english_sentences(data: Path) -> list[str]:
    """English SIB-200 sentences of all splits of `language/`, as distractors."""
    found: list[str] = []
    for split in ("dev", "test", "train"):
        with gzip.open(data / "language" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                if row["lang"] == PIVOT and row["source"] == "sib200":
                    found.append(row["text"])
    return found


def twin_accuracy(scope: Scope, data: Path, groups: Sequence[dict[str, str]]) -> dict[str, dict[str, float]]:
    """Share of sentences whose nearest English sentence, by cosine of the centred mean residual, is their twin.

    Args:
        scope: The scope to measure.
        data: The folder that holds `language/`.
        groups: Translation groups that the model was not trained on.

    Returns:
        `{layer: {language: share}}`, with the mean over languages under "mean"; chance is 1 in `CANDIDATES`.
    """
    twins = [group[PIVOT] for group in groups]
    known = set(twins)
    pool = twins + [sentence for sentence in english_sentences(data) if sentence not in known]
    pool = pool[:CANDIDATES]
    languages = sorted({code for group in groups for code in group} - {PIVOT})
    layers = list(scope.layers)
    english = text_mean_residuals(scope, pool, layers)
    result: dict[str, dict[str, float]] = {str(layer): {} for layer in layers}
    for code in languages:
        rows = [index for index, group in enumerate(groups) if code in group]
        foreign = text_mean_residuals(scope, [groups[index][code] for index in rows], layers)
        for layer in layers:
            share = twin_share(foreign[layer], english[layer], np.array(rows))
            result[str(layer)][code] = round(share, 3)
    for shares in result.values():
        shares["mean"] = round(float(np.mean(list(shares.values()))), 3)
    return result
