"""How well the languages share one space: does a sentence find its English twin among 1,000?"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scopesift_features.document_features import document_features
from scopesift_features.scope import Scope

from recipes.nano.alignment import PIVOT

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
    english = _means(scope, pool, layers)
    result: dict[str, dict[str, float]] = {str(layer): {} for layer in layers}
    for code in languages:
        rows = [index for index, group in enumerate(groups) if code in group]
        foreign = _means(scope, [groups[index][code] for index in rows], layers)
        for layer in layers:
            nearest = (_unit(foreign[layer]) @ _unit(english[layer]).T).argmax(axis=1)
            result[str(layer)][code] = round(float((nearest == np.array(rows)).mean()), 3)
    for shares in result.values():
        shares["mean"] = round(float(np.mean(list(shares.values()))), 3)
    return result


def _means(scope: Scope, texts: Sequence[str], layers: list[int]) -> dict[int, NDArray[np.float32]]:
    means = document_features(scope, texts, layers, mean_residual=True).mean_ND
    if means is None:
        raise ValueError("document_features gave no mean residual")
    return means


def _unit(mean_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre on the language's own mean, then scale to length 1."""
    centred = mean_ND - mean_ND.mean(axis=0)
    unit: NDArray[np.float32] = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return unit
