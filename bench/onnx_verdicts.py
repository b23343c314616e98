"""The bars of the ONNX export on real texts: verdicts, scores and F1 of every kind of export against torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.onnx_export import ExportSettings, build_model, make_encoders
from scopesift_classifiers.onnx_file import open_model
from scopesift_classifiers.onnx_parity import Candidate, Disagreement, compare
from scopesift_classifiers.onnx_texts import own_sentences
from scopesift_features.scope import Scope

from bench.onnx_texts import LabelledPool, read_pool

CALIBRATION_TEXTS = 2000
# int8, fp16 and the backbone are measured on every third text, which is enough for rates like theirs
THIRD = 3
OWN = ExportSettings(head="selected")
ON_ALL = {"full": ExportSettings(), "selected, real texts": OWN}
ON_A_THIRD = {
    "full, fp16 storage": ExportSettings(dtype="fp16"),
    "full, with backbone": ExportSettings(with_backbone=True),
    "full, int8 dynamic": ExportSettings(int8="dynamic"),
    "full, int8 static": ExportSettings(int8="static"),
}


def measure(data: Path, n: int) -> dict[str, Any]:
    """Compare every bundled classifier with its exports.

    Args:
        data: Folder with language/, domain/ and toxicity/; test splits are measured, train splits calibrate.
        n: How many test texts.

    Returns:
        Rows of classifier, export, texts, differing verdicts, largest score difference, F1 of both sides.
    """
    scope = Scope.load("nano", device="cpu")
    pool = read_pool(data, "test", n, 1)
    calibration = read_pool(data, "train", min(CALIBRATION_TEXTS, n), 2).texts
    classifiers = [Classifier.load(name) for name in ("toxicity", "language", "domain")]
    whole: list[Candidate] = []
    part: list[Candidate] = []
    for classifier in classifiers:
        whole += [_candidate(scope, classifier, *choice, calibration) for choice in ON_ALL.items()]
        own = own_sentences(scope, classifier)
        whole.append(_candidate(scope, classifier, "selected, nano's own texts", OWN, own))
        part += [_candidate(scope, classifier, *choice, calibration) for choice in ON_A_THIRD.items()]
    third = pool.part(THIRD)
    rows = _rows(whole, compare(scope, pool.texts, whole), pool)
    rows += _rows(part, compare(scope, third.texts, part), third)
    return {"texts": len(pool.texts), "languages": pool.languages, "rows": rows}


def _candidate(
    scope: Scope, classifier: Classifier, name: str, settings: ExportSettings, texts: Sequence[str]
) -> Candidate:
    encoders = make_encoders(classifier, scope, settings, texts)
    model = build_model(classifier, scope, encoders, settings, {})
    return Candidate(name, classifier, open_model(model), settings.with_backbone)


def _rows(
    candidates: Sequence[Candidate], found: Sequence[Disagreement], pool: LabelledPool
) -> list[dict[str, Any]]:
    return [
        {
            "classifier": one.classifier.name,
            "export": one.name,
            **result.to_dict(),
            "f1_torch": _f1(one.classifier, result.expected, pool),
            "f1": _f1(one.classifier, result.labels, pool),
        }
        for one, result in zip(candidates, found, strict=True)
    ]


def _f1(classifier: Classifier, given: dict[int, int], pool: LabelledPool) -> float:
    """F1 of the positive label for a binary classifier, macro-F1 over the true labels for the others."""
    from sklearn.metrics import f1_score

    truth = pool.labels[classifier.name]
    names = [*classifier.labels, classifier.unknown]  # position -1 is the last one
    true = list(truth.values())
    said = [names[given[at]] for at in truth]
    if classifier.kind == "binary":
        return float(f1_score(true, said, pos_label=classifier.labels[0], average="binary"))
    return float(f1_score(true, said, labels=sorted(set(true)), average="macro", zero_division=0))
