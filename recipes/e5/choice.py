"""The choice of SAEs: candidates are compared on dev rows with closed-form classifiers on their features.

One backbone pass for all candidates. Test rows are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scopesift_classifiers.labelled_rows.rows import LabelledText, read_labelled
from scopesift_classifiers.labelled_rows.sampling import balanced
from scopesift_classifiers.measuring.metrics import ManyClassMetrics
from scopesift_classifiers.rule_search.linear import PENALTIES
from scopesift_classifiers.rule_search.ridge import Ridge, fit_ridges
from scopesift_features.reader import Reader
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import DocumentMaxima
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.config import read_config
from scopesift_features.sae.files import read_safetensors

from recipes.bundled.domain import domain_rows
from recipes.e5.rows import language_rows, sentiment_rows
from recipes.nano.corpus import LANGUAGES as DOMAIN_LANGUAGES

LANGUAGES = ("ru", "es", "hi", "zh", "ar", "am")
TOXICITY_TRAIN, FEW, DOMAIN_TRAIN, SENTIMENT_TRAIN = 1750, 175, 4000, 7200
LANGUAGE_TRAIN, LANGUAGE_DEV = 4000, 2000
LEAST_DOCUMENTS, MOST_FEATURES = 5, 3000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainAndDev:
    """Rows to fit on and dev rows to measure on."""

    train: LabelledText
    dev: LabelledText


@dataclass(frozen=True)
class Comparison:
    """Quality of one choice of SAEs on dev rows.

    Attributes:
        saes: Names of the candidates used together.
        english_auc: Toxicity from English labels, on English.
        zero_shot_auc: The same weights on other languages, mean.
        few_labels_accuracy: 350 labels of each of these languages, mean.
        domain_accuracy, sentiment_macro_f1, language_accuracy: Many labels.
    """

    saes: tuple[str, ...]
    english_auc: float
    zero_shot_auc: float
    few_labels_accuracy: float
    domain_accuracy: float
    sentiment_macro_f1: float
    language_accuracy: float


def tasks(data: Path) -> dict[str, TrainAndDev]:
    """The rows of the comparison: TextDetox in seven languages, SIB-200, sentiment, languages."""
    found = {}
    for code in ("en", *LANGUAGES):
        rows = {
            split: read_labelled(data / "textdetox" / f"{code}.jsonl.gz", split=split)
            for split in ("train", "dev")
        }
        per_class = TOXICITY_TRAIN if code == "en" else FEW
        found[code] = TrainAndDev(rows["train"].select(balanced(rows["train"], per_class)), rows["dev"])
    domain = [_sib(domain_rows(data, split, DOMAIN_LANGUAGES)) for split in ("train", "dev")]
    found["domain"] = TrainAndDev(_some(domain[0], DOMAIN_TRAIN), domain[1])
    found["sentiment"] = TrainAndDev(
        _some(sentiment_rows(data, "train"), SENTIMENT_TRAIN), sentiment_rows(data, "dev")
    )
    found["language"] = TrainAndDev(
        _some(language_rows(data, "train"), LANGUAGE_TRAIN), _some(language_rows(data, "dev"), LANGUAGE_DEV)
    )
    return found


def compare_choices(
    reader: Reader,
    candidates: Mapping[str, Path],
    data: Path,
    say: Callable[[str], None],
) -> list[Comparison]:
    """Compare every candidate alone, and all pairs of different layers.

    Args:
        reader: The backbone.
        candidates: SAE files by name.
        data: The folder with `textdetox/`, `toxicity/`, `domain/`, `sentiment/` and `language/`.
        say: Called with one line per step.
    """
    saes = {
        name: read_safetensors(path, read_config(path.parent), decoder=False, dtype=torch.float32)
        for name, path in candidates.items()
    }
    read: dict[str, tuple[dict[str, csr_matrix], dict[str, csr_matrix]]] = {}
    rows = tasks(data)
    for name, task in rows.items():
        say(f"reading {name}: {len(task.train)} train and {len(task.dev)} dev rows")
        read[name] = features(reader, saes, task.train.texts), features(reader, saes, task.dev.texts)
    pairs = [pair for pair in combinations(saes, 2) if saes[pair[0]].layer != saes[pair[1]].layer]
    return [_measure(chosen, rows, read) for chosen in [*((name,) for name in saes), *pairs]]


def features(
    reader: Reader, saes: Mapping[str, SparseAutoencoder], texts: Sequence[str]
) -> dict[str, csr_matrix]:
    """Document features `[N, F]` of every candidate, in one backbone pass."""
    layers = sorted({sae.layer for sae in saes.values()})
    found = {name: DocumentMaxima(len(texts), sae.d_sae) for name, sae in saes.items()}
    for batch in stream_residuals(reader, make_windows(reader, texts, offsets=False), layers):
        for name, sae in saes.items():
            tokens = batch.at(sae.layer)
            found[name].add(tokens.document_T, sae.active(tokens.x_TD.float()))
    return {name: maxima.csr() for name, maxima in found.items()}


def _measure(
    chosen: tuple[str, ...],
    rows: Mapping[str, TrainAndDev],
    read: Mapping[str, tuple[dict[str, csr_matrix], dict[str, csr_matrix]]],
) -> Comparison:
    from sklearn.metrics import roc_auc_score

    def side(name: str, at: int) -> csr_matrix:
        return hstack([read[name][at][one] for one in chosen], format="csr")

    def fitted(name: str, others: Sequence[str]) -> tuple[list[str], dict[str, list[Floats]]]:
        documents_F = np.bincount(side(name, 0).indices, minlength=side(name, 0).shape[1])
        used = np.sort(np.argsort(-documents_F, kind="stable")[:MOST_FEATURES])
        used = used[documents_F[used] >= LEAST_DOCUMENTS]
        classes = sorted(set(rows[name].train.labels))
        target_NC = (np.array(rows[name].train.labels)[:, None] == np.array(classes)) * 2.0 - 1.0
        x_ND = _rooted(side(name, 0)[:, used])
        dev = {other: _rooted(side(other, 1)[:, used]) for other in others}
        scores: dict[str, list[Floats]] = {other: [] for other in others}
        for fit in _fits(x_ND, target_NC):
            for other in others:
                scores[other].append(fit.predict(dev[other]))
        return classes, scores

    def accuracy(name: str) -> tuple[float, float]:
        classes, scores = fitted(name, [name])
        metrics = [
            ManyClassMetrics.of(np.array(rows[name].dev.labels), np.array(classes)[score_NC.argmax(axis=1)])
            for score_NC in scores[name]
        ]
        return max(one.accuracy for one in metrics), max(one.macro_f1 for one in metrics)

    classes, scores = fitted("en", ["en", *LANGUAGES])
    toxic = classes.index("toxic")
    auc = {
        code: [
            float(roc_auc_score([label == "toxic" for label in rows[code].dev.labels], score_NC[:, toxic]))
            for score_NC in scores[code]
        ]
        for code in scores
    }
    best = int(np.argmax(auc["en"]))  # the penalty is chosen on English only
    return Comparison(
        saes=chosen,
        english_auc=auc["en"][best],
        zero_shot_auc=float(np.mean([auc[code][best] for code in LANGUAGES])),
        few_labels_accuracy=float(np.mean([accuracy(code)[0] for code in LANGUAGES])),
        domain_accuracy=accuracy("domain")[0],
        sentiment_macro_f1=accuracy("sentiment")[1],
        language_accuracy=accuracy("language")[0],
    )


def _fits(x_ND: Floats, target_NC: Floats) -> list[Ridge]:
    """One regression per penalty, with the smaller of the two normal equations."""
    weight_N = np.ones(len(x_ND))
    return fit_ridges(x_ND, target_NC, weight_N, PENALTIES)


def _rooted(acts_NF: csr_matrix) -> Floats:
    return np.sqrt(acts_NF.toarray().astype(np.float64))


def _some(rows: LabelledText, n: int) -> LabelledText:
    return rows.select(np.sort(np.random.default_rng(0).permutation(len(rows))[:n]))


def _sib(rows: LabelledText) -> LabelledText:
    return rows.select([index for index, source in enumerate(rows.sources) if source == "sib200"])
