"""Language spans: where a text switches its language.

Short segments are classified, and a Viterbi path (1967) with a cost for every change of language smooths the labels.
Merged spans are classified again as a whole, with the classifier's cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.text_segments import letters, segments
from scopesift_classifiers.judging.verdict import Verdict

SWITCH_COST = 3.0
"""Cost of a change of language, in nats."""
FULL_LETTERS = 24
"""Segments with fewer letters get a lower weight."""
LOWEST = 1e-3
UNKNOWN_SCORE = 0.02
"""On the path, a segment has the unknown label if no language has a better score; above the cost of a change."""


@dataclass(frozen=True)
class LanguageSpan:
    """A part of a text in one language.

    Attributes:
        start: Its start in characters.
        end: Its end, exclusive; spans are adjacent and cover the text.
        label: The language; the unknown label ("und") without evidence.
        score: Calibrated probability that the label is correct for the span; 0 for the unknown label.
    """

    start: int
    end: int
    label: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """The span as `classify --spans --json` prints it."""
        return {"start": self.start, "end": self.end, "label": self.label, "score": round(self.score, 4)}


def language_spans(engine: Engine, text: str) -> list[LanguageSpan]:
    """Split a text in spans by language.

    Args:
        engine: Has the language classifier.
        text: Any text; an empty one has no spans.

    Raises:
        UsageError: The engine has no many-class classifier called "language".
    """
    return spans_of_texts(engine, [text])[0]


def spans_of_texts(engine: Engine, texts: Sequence[str]) -> list[list[LanguageSpan]]:
    """`language_spans` of several texts in one pass of the backbone.

    Raises:
        UsageError: As `language_spans`.
    """
    classifier = engine.classifiers.get(LANGUAGE)
    if classifier is None or len(classifier.labels) < 2:
        known = ", ".join(engine.classifiers)
        raise UsageError(
            f"language spans need a classifier called {LANGUAGE!r} with several labels; loaded: {known}"
        )
    chosen = engine.backend
    alone = Engine(engine.scope, [classifier], backend=chosen.name, encoder=chosen.encoder)
    ranges = [segments(text) for text in texts]
    paths = [
        _joined(own, _path(classifier, pieces, verdicts))
        for own, (pieces, verdicts) in zip(ranges, _judged(alone, texts, ranges), strict=True)
    ]
    wholes = _judged(alone, texts, [[(start, end) for start, end, _ in path] for path in paths])
    return [_spans(classifier, path, verdicts) for path, (_, verdicts) in zip(paths, wholes, strict=True)]


def _judged(
    engine: Engine, texts: Sequence[str], ranges: Sequence[Sequence[tuple[int, int]]]
) -> list[tuple[list[str], list[Verdict]]]:
    """Pieces of every text and their verdicts, in one pass."""
    pieces = [[text[start:end] for start, end in own] for text, own in zip(texts, ranges, strict=True)]
    every = [piece for own in pieces for piece in own]
    verdicts = iter([answer[LANGUAGE] for answer in engine.predict(every)] if every else [])
    return [(own, [next(verdicts) for _ in own]) for own in pieces]


def _path(classifier: Classifier, pieces: Sequence[str], verdicts: Sequence[Verdict]) -> NDArray[np.int64]:
    """The label index of every piece: 0 is the unknown label, the classifier's labels follow."""
    scores_GC = np.array(
        [[UNKNOWN_SCORE, *(verdict.scores[label] for label in classifier.labels)] for verdict in verdicts]
    ).reshape(-1, 1 + len(classifier.labels))
    # a piece without letters has no cost, and gets a neighbour's label
    weight_G = np.minimum(np.array([letters(piece) for piece in pieces]) / FULL_LETTERS, 1.0)
    return _cheapest(-np.log(np.clip(scores_GC, LOWEST, 1.0)) * weight_G[:, None])


def _joined(ranges: Sequence[tuple[int, int]], path_G: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """(start, end, label) of adjacent pieces with the same label, merged."""
    groups = np.split(np.arange(len(path_G)), np.flatnonzero(np.diff(path_G)) + 1)
    return [
        (ranges[group[0]][0], ranges[group[-1]][1], int(path_G[group[0]])) for group in groups if len(group)
    ]


def _spans(
    classifier: Classifier, path: Sequence[tuple[int, int, int]], verdicts: Sequence[Verdict]
) -> list[LanguageSpan]:
    spans: list[LanguageSpan] = []
    for (start, end, number), verdict in zip(path, verdicts, strict=True):
        known = number > 0 and verdict.label != classifier.unknown
        label = classifier.labels[number - 1] if known else classifier.unknown
        score = verdict.scores[label] if known else 0.0
        if spans and spans[-1].label == label:
            before = spans.pop()
            start, score = before.start, min(before.score, score)
        spans.append(LanguageSpan(start, end, label, score))
    return spans


def _cheapest(cost_GC: NDArray[np.float64]) -> NDArray[np.int64]:
    """The labels `[G]` with the lowest sum of costs and changes; on ties the first label."""
    n_segments = len(cost_GC)
    total_C = np.zeros(cost_GC.shape[1])
    came_from_GC = np.zeros(cost_GC.shape, dtype=np.int64)
    for place in range(n_segments):
        cheapest = int(total_C.argmin())
        switched = total_C[cheapest] + SWITCH_COST < total_C
        came_from_GC[place] = np.where(switched, cheapest, np.arange(len(total_C)))
        total_C = np.where(switched, total_C[cheapest] + SWITCH_COST, total_C) + cost_GC[place]
    path = np.zeros(n_segments, dtype=np.int64)
    if n_segments:
        path[-1] = total_C.argmin()
        for place in range(n_segments - 1, 0, -1):
            path[place - 1] = came_from_GC[place, path[place]]
    return path
