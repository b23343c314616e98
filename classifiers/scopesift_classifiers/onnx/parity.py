"""Comparison of an exported graph's answers with torch's on the same residuals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_features.reading.selected_features import SelectedFeature, by_layer
from scopesift_features.reading.torch_reader import kernel_arguments
from scopesift_features.scope import Scope

from scopesift_classifiers.artifact.classifier import DEFAULT, Classifier
from scopesift_classifiers.judging.answers import answers_of
from scopesift_classifiers.onnx.rows import Rows, row_batches


@dataclass(frozen=True, eq=False)
class Candidate:
    """An exported graph under test.

    Attributes:
        name: Its name in results.
        classifier: The exported classifier.
        session: An open inference session.
        with_backbone: Whether its inputs are token ids.
        route: The language whose decision is used, or "default".
    """

    name: str
    classifier: Classifier
    session: Any
    with_backbone: bool = False
    route: str = DEFAULT


@dataclass(eq=False)
class Disagreement:
    """Differences between graph and torch.

    Attributes:
        texts: Number of texts.
        verdicts: Number of texts with different labels.
        largest_score: Largest difference of a label's score.
        firings: Pairs (text, feature) that fire on one side only.
        fired: Pairs that fire in torch.
        labels: The graph's label of each text, by index; -1: none.
        expected: The same of torch.
    """

    texts: int = 0
    verdicts: int = 0
    largest_score: float = 0.0
    firings: int = 0
    fired: int = 0
    labels: dict[int, int] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Share of verdicts that differ."""
        return self.verdicts / max(self.texts, 1)

    def to_dict(self) -> dict[str, Any]:
        """The counts and rates as JSON values."""
        return {
            "texts": self.texts,
            "verdicts": self.verdicts,
            "verdict_rate": self.rate,
            "largest_score_difference": self.largest_score,
            "firing_rate": self.firings / max(self.fired, 1),
        }


def compare_with_torch(
    scope: Scope,
    texts: Sequence[str],
    candidates: Sequence[Candidate],
    on_texts: Callable[[int], None] = lambda _: None,
) -> list[Disagreement]:
    """Run graphs and torch side by side; the backbone runs once.

    Args:
        scope: The scope of all candidates.
        texts: Real texts.
        candidates: The graphs.
        on_texts: Called with the number of texts of each batch that is done.

    Returns:
        One result per candidate.
    """
    classifiers = {candidate.classifier.name: candidate.classifier for candidate in candidates}
    features = sorted({one.selected(feature) for one in classifiers.values() for feature in one.features})
    layers = sorted({feature.layer for feature in features})
    place = {feature: at for at, feature in enumerate(features)}
    columns = {
        name: [place[one.selected(feature)] for feature in one.features] for name, one in classifiers.items()
    }
    found = [Disagreement() for _ in candidates]
    for places, rows in row_batches(scope, texts):
        residuals = rows.residuals(scope, layers)
        acts_NS = torch_maxima(scope, rows, residuals, features, len(places))
        for candidate, result in zip(candidates, found, strict=True):
            answers = _run(candidate, rows, residuals, len(places))
            _count(result, candidate, acts_NS[:, columns[candidate.classifier.name]], answers, places)
        on_texts(len(places))
    return found


def torch_maxima(
    scope: Scope,
    rows: Rows,
    residuals: dict[int, NDArray[np.float32]],
    features: Sequence[SelectedFeature],
    n_documents: int,
) -> NDArray[np.float32]:
    """Document maxima `[N, S]` of the features by the kernels, from the same residuals."""
    acts_NS = np.zeros((n_documents, len(features)), np.float32)
    for own in by_layer(features):
        keep_BT = rows.counted(residuals[own.layer], own.norm_bound)
        document_T = torch.from_numpy(np.broadcast_to(rows.document_B[:, None], keep_BT.shape)[keep_BT])
        x_TD = torch.from_numpy(residuals[own.layer][keep_BT]).to(scope.sae_device)
        found = scope.sae(own.layer).encode_selected(x_TD, *kernel_arguments(own), document_T, n_documents)
        acts_NS[:, own.columns_S] = found.maxima_NS.cpu().numpy()
    return acts_NS


def _run(
    candidate: Candidate, rows: Rows, residuals: dict[int, NDArray[np.float32]], n_documents: int
) -> dict[str, NDArray[Any]]:
    own = {layer: residuals[layer] for layer in sorted({layer for layer, _ in candidate.classifier.features})}
    feeds = rows.feeds(None if candidate.with_backbone else own)
    if candidate.classifier.by_lang:
        codes = sorted(candidate.classifier.by_lang)
        number = codes.index(candidate.route) if candidate.route != DEFAULT else -1
        feeds["language"] = np.full(n_documents, number, np.int64)
    names = ["label", "scores", "maxima"]
    return dict(zip(names, candidate.session.run(names, feeds), strict=True))


def _count(
    result: Disagreement,
    candidate: Candidate,
    acts_NS: NDArray[np.float32],
    answers: dict[str, NDArray[Any]],
    places: Iterable[np.int64],
) -> None:
    classifier = candidate.classifier
    decision = classifier.decision(candidate.route)
    columns = np.array([classifier.features.index(feature) for feature in decision.feature_ids])
    said = answers_of(classifier, acts_NS, {candidate.route: columns}, [candidate.route] * len(acts_NS))
    names = classifier.labels
    expected_N = np.array([names.index(label) if label in names else -1 for label in said.label_N])
    fires_NS, other_NS = decision.fires(acts_NS[:, columns]), decision.fires(answers["maxima"][:, columns])
    result.texts += len(acts_NS)
    result.verdicts += int((expected_N != answers["label"]).sum())
    result.largest_score = max(result.largest_score, float(np.abs(said.scores_NC - answers["scores"]).max()))
    result.firings += int((fires_NS != other_NS).sum())
    result.fired += int(fires_NS.sum())
    for place, label, expected in zip(places, answers["label"], expected_N, strict=True):
        result.labels[int(place)] = int(label)
        result.expected[int(place)] = int(expected)
