"""Classifies batches with the current versions of the classifiers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from scopesift_classifiers.artifact.classifier import DEFAULT, LANGUAGE, Classifier
from scopesift_classifiers.judging.language_spans import LanguageSpan
from scopesift_classifiers.judging.token_hits import TokenHit
from scopesift_classifiers.judging.tokenised import TokenisedTexts
from scopesift_classifiers.judging.verdict import Verdict
from scopesift_files.errors import ScopesiftError

from scopesift_service import metrics
from scopesift_service.engine.current_engine import CurrentEngine, MakeEngine, Predicts
from scopesift_service.engine.judged import AskedText, Judged, readings
from scopesift_service.versions.registry import Registry

WARM_UP = ("The cat sat on the mat.", "Das Wetter ist heute schön. " * 40)
log = logging.getLogger("scopesift.engine")
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class TokenisedCall:
    """The texts of a call, tokenised for the engine that was in use.

    Attributes:
        engine: That engine; another one may need other forms of the texts.
        texts: Tokenised.
        tokens: Tokens that the model will run for the call.
    """

    engine: Predicts
    texts: TokenisedTexts
    tokens: int


FindSpans = Callable[[Any, Sequence[str]], list[list[LanguageSpan]]]
"""Language spans of texts with an engine, as `spans_of_texts`."""
FindHits = Callable[[Any, Sequence[tuple[str, Mapping[str, Verdict]]]], list[dict[str, list[list[TokenHit]]]]]
"""Tokens on which evidence fires, of texts with their verdicts, as `token_hits`."""


class BrokenEngineError(ScopesiftError):
    """The engine itself fails, even on the warm-up texts, not one text."""


class Judge:
    """Classifies batches with the versions that the state folder names.

    A batch that makes the engine fail is halved until the failing text is alone, so that all others get an answer.
    """

    def __init__(
        self,
        scope: Mapping[str, str],
        base: Sequence[Classifier],
        make_engine: MakeEngine,
        find_spans: FindSpans,
        find_hits: FindHits,
        *,
        registry: Registry | None = None,
    ) -> None:
        """Load and warm up.

        Args:
            scope: Fingerprint of the scope; its id is part of every answer.
            base: Initial classifiers; the state folder may name other versions of them.
            make_engine: Creates an engine for classifiers; raises for classifiers of another scope.
            find_spans: Finds the language spans of texts, for those whose caller asked for them.
            find_hits: Finds every token on which the evidence fires, for those texts whose caller asked for it.
            registry: The state folder, if there is one.

        Raises:
            ScopesiftError: The base classifiers cannot be loaded.
        """
        self.scope = dict(scope)
        self._current = CurrentEngine(base, make_engine, registry)
        self._find_spans = find_spans
        self._find_hits = find_hits
        self.engine.predict(WARM_UP)

    @property
    def engine(self) -> Predicts:
        """The engine in use."""
        return self._current.engine

    def refresh(self) -> None:
        """Use the versions that the state folder names now."""
        self._current.refresh()

    def tokenise(self, items: Sequence[AskedText]) -> TokenisedCall:
        """Tokenise the texts of a call; for threads beside the model.

        Args:
            items: The texts, with what the caller asked for.
        """
        engine = self.engine
        texts = engine.tokenise([item.text for item in items])
        asked = items[0]
        return TokenisedCall(engine, texts, texts.tokens * readings(spans=asked.spans, tokens=asked.tokens))

    def answer(self, items: Sequence[AskedText], calls: Sequence[TokenisedCall] = ()) -> list[Judged]:
        """Classify a batch.

        Args:
            items: The texts of several calls.
            calls: The same calls, tokenised; empty: they are tokenised here.

        Returns:
            One answer per text, in order.

        Raises:
            BrokenEngineError: The engine fails on its own warm-up texts.
        """
        self.refresh()
        began = time.monotonic()
        answers = self._answers([item.text for item in items], calls)
        spans = self._spans(items)
        hits = self._hits(items, answers)
        seconds = time.monotonic() - began
        self._measure(items, answers, began, seconds, sum(call.tokens for call in calls))
        if answers and all(answer is None for answer in answers):
            self._require_warm_up()
        versions = self.engine.versions
        judged: list[Judged] = []
        for row, (asked, answer) in enumerate(zip(items, answers, strict=True)):
            failed = answer is None or spans.get(row, ()) is None or hits.get(row, {}) is None
            found = {} if answer is None or failed else answer
            item: Judged = {
                "verdicts": {name: verdict.to_dict() for name, verdict in found.items()},
                "scores": {name: verdict.scores for name, verdict in found.items()},
                "scope": self.scope["id"],
                "classifiers": versions,
                "queue": max(0.0, began - asked.sent),
                "seconds": seconds,
            }
            if failed:
                item["error"] = "the engine could not read this text"
            else:
                _add(item["verdicts"], spans.get(row), hits.get(row))
            judged.append(item)
        return judged

    def _spans(self, items: Sequence[AskedText]) -> dict[int, list[LanguageSpan] | None]:
        """Language spans by row, of the texts whose caller asked for them; None where the engine fails."""
        rows = [row for row, item in enumerate(items) if item.spans]
        if not rows:
            return {}
        found = self._each(
            lambda texts: self._find_spans(self.engine, texts), [items[row].text for row in rows]
        )
        return dict(zip(rows, found, strict=True))

    def _hits(
        self, items: Sequence[AskedText], answers: Sequence[Mapping[str, Verdict] | None]
    ) -> dict[int, dict[str, list[list[TokenHit]]] | None]:
        """Tokens of the evidence by row, of the texts whose caller asked for them; None where the engine fails."""
        rows, judged = [], []
        for row, (item, answer) in enumerate(zip(items, answers, strict=True)):
            if item.tokens and answer is not None:
                rows.append(row)
                judged.append((item.text, answer))
        if not rows:
            return {}
        found = self._each(lambda own: self._find_hits(self.engine, own), judged)
        return dict(zip(rows, found, strict=True))

    def _answers(
        self, texts: Sequence[str], calls: Sequence[TokenisedCall]
    ) -> list[dict[str, Verdict] | None]:
        """An answer for every text; the calls' tokens are used if the engine is still theirs and doesn't fail."""
        if calls and all(call.engine is self.engine for call in calls):
            try:
                answers = self.engine.predict_tokenised(TokenisedTexts.join([call.texts for call in calls]))
            except Exception as error:
                log.error("a batch cannot be read", extra={"reason": type(error).__name__})
            else:
                if len(answers) == len(texts):
                    return list(answers)
        return self._each(self.engine.predict, texts)

    def _each(
        self, run: Callable[[Sequence[Asked]], list[Answer]], texts: Sequence[Asked]
    ) -> list[Answer | None]:
        """An answer for every text; None for one that makes the engine fail even alone."""
        try:
            answers = run(texts)
            if len(answers) != len(texts):
                raise RuntimeError(f"the engine returned {len(answers)} answers for {len(texts)} texts")
        except Exception as error:
            if len(texts) == 1:
                # only the type: the message may quote the text
                log.error("a text cannot be read", extra={"reason": type(error).__name__})
                return [None]
            half = len(texts) // 2
            return self._each(run, texts[:half]) + self._each(run, texts[half:])
        return list(answers)

    def _require_warm_up(self) -> None:
        try:
            self.engine.predict(WARM_UP)
        except Exception as error:
            raise BrokenEngineError(f"the engine fails at its own warm-up: {type(error).__name__}") from None

    def _measure(
        self,
        items: Sequence[AskedText],
        answers: Sequence[Mapping[str, Verdict] | None],
        began: float,
        seconds: float,
        tokens: int,
    ) -> None:
        metrics.batch_texts.observe(len(items))
        metrics.batch_tokens.observe(tokens)
        metrics.engine_seconds.observe(seconds)
        counts: dict[tuple[str, str], int] = {}
        for item, answer in zip(items, answers, strict=True):
            metrics.queue_seconds.observe(max(0.0, began - item.sent))
            if answer is None:
                metrics.texts_failed.inc()
                continue
            for name, verdict in answer.items():
                counts[name, verdict.label] = counts.get((name, verdict.label), 0) + 1
        for key, count in counts.items():
            metrics.verdicts.labels(*key).inc(count)

    def describe(self) -> list[dict[str, Any]]:
        """The classifiers in use, as shown by the routes under /v1/classifiers."""
        self.refresh()
        return [_described(classifier) for classifier in self.engine.classifiers.values()]


def _add(
    verdicts: Mapping[str, dict[str, Any]],
    spans: Sequence[LanguageSpan] | None,
    hits: Mapping[str, Sequence[Sequence[TokenHit]]] | None,
) -> None:
    """What a caller asked for besides the verdicts, put into them."""
    if spans is not None:
        verdicts[LANGUAGE]["spans"] = [span.to_dict() for span in spans]
    for name, each in (hits or {}).items():
        for shown, own in zip(verdicts[name]["evidence"], each, strict=True):
            shown["tokens"] = [hit.to_dict() for hit in own]


def _described(classifier: Classifier) -> dict[str, Any]:
    decisions = {DEFAULT: classifier.default, **classifier.by_lang}
    features = {
        (item.layer, item.index, item.threshold, rule): item
        for rule, decision in decisions.items()
        for item in decision.features
    }
    return {
        "name": classifier.name,
        "kind": classifier.kind,
        "labels": classifier.labels,
        "unknown": classifier.unknown,
        "version": classifier.version,
        "langs": sorted(classifier.by_lang),
        "cut": classifier.default.cut,
        "label_cuts": classifier.default.label_cuts,
        "n_features": len(classifier.features),
        "deepest_layer": classifier.deepest_layer,
        "quality": classifier.quality,
        "transferred": classifier.fit.get("by_lang", {}),
        "muted": classifier.fit.get("muted", []),
        "features": [{**item.to_dict(), "rule": rule} for (_, _, _, rule), item in features.items()],
    }
