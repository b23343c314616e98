"""The engine: several classifiers, one backbone pass, one verdict each for every text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.classifier import BINARY, Classifier
from scopesift_classifiers.decision import Decision
from scopesift_classifiers.outcome import decide
from scopesift_classifiers.selected_reading import EncodeWindows, SelectedReading, by_layer, read_selected
from scopesift_classifiers.verdict import Evidence, Verdict
from scopesift_classifiers.whole_word import whole_word

LANGUAGE = "language"
DEFAULT = "default"
MOST_EVIDENCE = 8
TORCH, ONNX = HEADS = ("torch", "onnx")


class Engine:
    """Classifies texts with all loaded classifiers at once.

    The backbone is run once, no deeper than the deepest layer that any classifier reads, and only the features
    that they read are encoded.

    Attributes:
        scope: What reads the texts.
        head: Who encodes the residual.
        classifiers: By name.
        features: All (layer, index) that any classifier reads, sorted.
        layers: The same, sorted out by layer.
        columns: Places in `features` of a decision's features, by classifier and route ("default" or a language).
    """

    def __init__(self, scope: Scope, classifiers: Sequence[Classifier], *, head: str = TORCH) -> None:
        """Check that the classifiers belong to the scope.

        Args:
            scope: What reads the texts.
            classifiers: What judges them.
            head: Who encodes the residual: "torch" (the kernels) or "onnx" (ONNX Runtime).

        Raises:
            UsageError: No classifier, two of the same name, an unknown head or one that is not installed.
            ScopeError: A classifier that was fitted on another scope.
        """
        names = [classifier.name for classifier in classifiers]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"the engine needs classifiers with different names, got {names or 'none'}")
        if head not in HEADS:
            raise UsageError(f"the engine's head is one of {', '.join(HEADS)}, got {head!r}")
        for classifier in classifiers:
            classifier.check_scope(scope)
        self.head = head
        self._encode: EncodeWindows | None = None
        if head == ONNX:
            from scopesift_classifiers.onnx_runtime import OnnxEncoder

            self._encode = OnnxEncoder(scope.device)
        self.scope = scope
        self.classifiers = {classifier.name: classifier for classifier in classifiers}
        self.features = sorted({feature for classifier in classifiers for feature in classifier.features})
        self.layers = by_layer(tuple(self.features))
        column = {feature: at for at, feature in enumerate(self.features)}
        self.columns = {
            (classifier.name, route): np.array(
                [column[item.layer, item.index] for item in decision.features], dtype=np.int64
            )
            for classifier in classifiers
            for route, decision in {DEFAULT: classifier.default, **classifier.by_lang}.items()
        }

    @property
    def versions(self) -> dict[str, str]:
        """Version of every classifier, by name."""
        return {name: classifier.version for name, classifier in self.classifiers.items()}

    def predict(
        self,
        texts: Sequence[str],
        *,
        max_tokens: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[dict[str, Verdict]]:
        """Judge texts.

        Args:
            texts: N strings of any content and length; an empty one gets an answer too.
            max_tokens: Most tokens of a batch; None: by device. It changes speed, and answers by no more than rounding.
            on_progress: Called with (texts done, N).

        Returns:
            For every text a verdict by classifier name.
        """
        reading = read_selected(
            self.scope,
            texts,
            self.features,
            max_tokens=max_tokens,
            on_progress=on_progress,
            encode=self._encode,
        )
        answers: list[dict[str, Verdict]] = [{} for _ in texts]
        languages: list[tuple[str, float]] | None = None
        # the language verdict comes first: others may have rules of their own for it
        for name in sorted(self.classifiers, key=lambda name: name != LANGUAGE):
            verdicts = self._judge(self.classifiers[name], reading, texts, languages)
            if name == LANGUAGE:
                languages = [(verdict.label, verdict.score) for verdict in verdicts]
            for answer, verdict in zip(answers, verdicts, strict=True):
                answer[name] = verdict
        return answers

    def records(self, texts: Sequence[str], answers: Sequence[Mapping[str, Verdict]]) -> list[dict[str, Any]]:
        """The answers as `classify --json` prints them, one object a text."""
        return [
            {
                "text": text,
                **{name: verdict.to_dict() for name, verdict in answer.items()},
                "scope": self.scope.id,
                "classifiers": self.versions,
            }
            for text, answer in zip(texts, answers, strict=True)
        ]

    def _judge(
        self,
        classifier: Classifier,
        reading: SelectedReading,
        texts: Sequence[str],
        languages: list[tuple[str, float]] | None,
    ) -> list[Verdict]:
        routes = [DEFAULT] * len(texts)
        if classifier.by_lang and languages is not None:
            routes = [
                code if code in classifier.by_lang and score >= classifier.route_confidence else DEFAULT
                for code, score in languages
            ]
        verdicts: list[Verdict | None] = [None] * len(texts)
        for route in sorted(set(routes)):
            decision = classifier.default if route == DEFAULT else classifier.by_lang[route]
            rows = np.flatnonzero(np.array(routes) == route)
            columns = self.columns[classifier.name, route]
            part = SelectedReading(
                reading.acts_NS[np.ix_(rows, columns)],
                reading.starts_NS[np.ix_(rows, columns)],
                reading.ends_NS[np.ix_(rows, columns)],
            )
            own = [texts[int(row)] for row in rows]
            for row, verdict in zip(rows, judge(classifier, decision, part, own, route), strict=True):
                verdicts[row] = verdict
        return [verdict for verdict in verdicts if verdict is not None]


def judge(
    classifier: Classifier, decision: Decision, reading: SelectedReading, texts: Sequence[str], route: str
) -> list[Verdict]:
    """Verdicts of one decision.

    Args:
        classifier: Gives the kind and the unknown label.
        decision: The rules to apply.
        reading: Activations of the decision's features, in its order, `[N, S]`.
        texts: The N texts, for the evidence.
        route: What the verdicts say about where their rule came from.
    """
    if not texts:
        return []
    found = decide(classifier, decision, reading.acts_NS)
    labels = list(decision.rules)
    verdicts = []
    for row, text in enumerate(texts):
        label, given = labels[found.best_N[row]], bool(found.given_N[row])
        given_S = decision.rules[label].contributions(reading.acts_NS[row : row + 1], decision.thresholds_S)[
            0
        ]
        reasons_S = np.where(found.fires_NS[row], given_S, 0.0)
        verdicts.append(
            Verdict(
                kind=classifier.kind,
                label=label if given else classifier.unknown,
                flagged=given if classifier.kind == BINARY else None,
                score=float(found.score_N[row]),
                scores={name: float(found.scores_NC[row, at]) for at, name in enumerate(labels)},
                rule=route,
                evidence=_evidence(decision, reading, row, text, reasons_S),
            )
        )
    return verdicts


def _evidence(
    decision: Decision, reading: SelectedReading, row: int, text: str, reasons_S: NDArray[np.float64]
) -> tuple[Evidence, ...]:
    order = np.argsort(-reasons_S, kind="stable")[:MOST_EVIDENCE]
    found = []
    for column in order[reasons_S[order] > 0]:
        feature = decision.features[column]
        start, end = int(reading.starts_NS[row, column]), int(reading.ends_NS[row, column])
        first, last = whole_word(text, start, end)
        found.append(
            Evidence(
                layer=feature.layer,
                feature=feature.index,
                name=feature.label,
                activation=float(reading.acts_NS[row, column]),
                threshold=feature.threshold,
                contribution=float(reasons_S[column]),
                start=start,
                end=end,
                text=text[start:end],
                word=text[first:last],
            )
        )
    return tuple(found)
