"""Verdicts, scores and F1 of every kind of ONNX export against torch, on real texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.onnx.export import ExportSettings, build_model, calibration_tokens, make_encoders
from scopesift_classifiers.onnx.file import open_model
from scopesift_classifiers.onnx.parity import Candidate, Disagreement, compare_with_torch
from scopesift_classifiers.onnx.stand_in import Tokens
from scopesift_classifiers.onnx.texts import TEXTS, own_sentences
from scopesift_features.scope import Scope

from bench.onnx.texts import LabelledPool, read_pool, read_task

CALIBRATION_TEXTS = 1500
# exports with small expected differences are measured on every fourth text
FOURTH = 4
SELECTED = ExportSettings(head="selected")
ON_ALL = {
    "full": ExportSettings(),
    "selected": SELECTED,
    "full, int8 dynamic": ExportSettings(int8="dynamic"),
    "full, int8 static": ExportSettings(int8="static"),
}
ON_A_FOURTH = {
    "full, fp16 storage": ExportSettings(dtype="fp16"),
    "full, with backbone": ExportSettings(with_backbone=True),
}


def measure(data: Path, n: int, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Compare every bundled classifier with its exports.

    Args:
        data: Folder with language/, domain/ and toxicity/; test splits are measured; the
            train split of a classifier's own task calibrates its exports.
        n: Number of test texts.
        say: Called with a line per step.

    Yields:
        Twice the result so far: rows of classifier, export, texts, differing verdicts, largest score
        difference, F1 of both sides.
    """
    scope = Scope.load("nano", device="cpu")
    pool = read_pool(data, "test", n, 1)
    whole: list[Candidate] = []
    part: list[Candidate] = []
    for name in ("toxicity", "language", "domain"):
        say(f"calibrating {name}")
        classifier = Classifier.load(name, scope.id)
        layers = sorted({layer for layer, _ in classifier.features})
        tokens = calibration_tokens(scope, read_task(data, name, min(CALIBRATION_TEXTS, n), 2), layers)
        whole += [_candidate(scope, classifier, *choice, tokens) for choice in ON_ALL.items()]
        part += [_candidate(scope, classifier, *choice, tokens) for choice in ON_A_FOURTH.items()]
        exact = next(one for one in whole if one.classifier is classifier and one.name == "full")
        part += [replace(exact, name=f"full, rules of {code}", route=code) for code in classifier.by_lang]
        own = calibration_tokens(scope, own_sentences(scope, classifier, min(TEXTS, n)), layers)
        part.append(_candidate(scope, classifier, "selected, calibrated on nano's own texts", SELECTED, own))
    result: dict[str, Any] = {"texts": len(pool.texts), "languages": pool.languages, "rows": []}
    for step, candidates in ((1, whole), (FOURTH, part)):
        texts = pool.part(step)
        say(f"comparing {len(candidates)} exports on {len(texts.texts)} texts")
        result["rows"] += _rows(candidates, compare_with_torch(scope, texts.texts, candidates), texts)
        yield result


def _candidate(
    scope: Scope, classifier: Classifier, name: str, settings: ExportSettings, tokens: Mapping[int, Tokens]
) -> Candidate:
    encoders = make_encoders(classifier, scope, settings, tokens)
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
