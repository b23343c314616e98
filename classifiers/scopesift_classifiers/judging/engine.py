"""The engine: runs several classifiers in one backbone pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.batching.text_chunks import text_chunks
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import SelectedReading
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.artifact.rule import LOG_ODDS
from scopesift_classifiers.judging.answers import Answers, answers_of
from scopesift_classifiers.judging.backend import Backend, choose_backend
from scopesift_classifiers.judging.forms import TextForms
from scopesift_classifiers.judging.one_ahead import one_ahead
from scopesift_classifiers.judging.routing import rules_of
from scopesift_classifiers.judging.tokenised import TokenisedTexts
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_classifiers.judging.verdicts import for_and_against, verdicts_of

if TYPE_CHECKING:
    from scopesift_features.reading.torch_reader import Encoder


class Engine:
    """Classifies texts with all loaded classifiers at once.

    The backbone is run once, no deeper than the deepest layer that any classifier reads, and only the features
    that they read are encoded.

    Attributes:
        scope: The scope.
        classifiers: By name.
        features: Features of all classifiers, sorted.
        columns: Indices in `features` of every decision's features: by classifier, then by "default" or language.
        backend: What runs backbone and encode.
    """

    def __init__(
        self,
        scope: Scope,
        classifiers: Sequence[Classifier],
        *,
        backend: str | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        """Check that the classifiers belong to the scope.

        Args:
            scope: The scope.
            classifiers: The classifiers.
            backend: "torch" or "onnx"; None: see `choose_backend`.
            encoder: Encodes behind torch's backbone, such as `onnx.runtime.OnnxEncoder`; None: the back end itself.

        Raises:
            UsageError: No classifier, two of the same name, or a back end that cannot be used here.
            ScopeError: A classifier that was fitted on another scope.
        """
        names = [classifier.name for classifier in classifiers]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"the engine needs classifiers with different names, got {names or 'none'}")
        for classifier in classifiers:
            classifier.check_scope(scope)
        self.scope = scope
        self.classifiers = {classifier.name: classifier for classifier in classifiers}
        self.features = sorted({one.selected(feature) for one in classifiers for feature in one.features})
        layers = sorted({feature.layer for feature in self.features})
        self.backend: Backend = choose_backend(scope, layers, backend, encoder)
        column = {feature: at for at, feature in enumerate(self.features)}
        self.columns = {
            classifier.name: {
                rule: np.array(
                    [column[classifier.selected(feature)] for feature in decision.feature_ids],
                    dtype=np.int64,
                )
                for rule, decision in classifier.decisions.items()
            }
            for classifier in classifiers
        }

    @property
    def versions(self) -> dict[str, str]:
        """Version of every classifier, by name."""
        return {name: classifier.version for name, classifier in self.classifiers.items()}

    @cached_property
    def reader(self) -> SelectedReader:
        """The reader of the engine's features."""
        floors = floors_of(self.classifiers.values())
        features = [replace(feature, floor=float(floors[feature])) for feature in self.features]
        return self.backend.reader(self.scope, features)

    def predict(
        self,
        texts: Sequence[str],
        *,
        max_tokens: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[dict[str, Verdict]]:
        """Classify texts.

        Args:
            texts: N strings of any content and length; an empty one gets an answer too.
            max_tokens: Maximum tokens of a batch; None: by device. Affects speed, and answers only by rounding.
            on_progress: Called with (texts done, N).

        Returns:
            For every text a verdict by classifier name.
        """
        found: list[dict[str, Verdict]] = []
        chunks = list(text_chunks(texts))
        # the next chunk is tokenised while the model reads this one
        tokenised = one_ahead(partial(self.tokenise, texts[begin:end]) for begin, end in chunks)
        for (begin, end), own in zip(chunks, tokenised, strict=True):

            def told(done: int, size: int, begin: int = begin, end: int = end) -> None:
                if on_progress is not None:
                    on_progress(begin + (end - begin) * done // size, len(texts))

            found += self.predict_tokenised(own, max_tokens=max_tokens, on_progress=told)
            told(1, 1)
        return found

    def tokenise(self, texts: Sequence[str], *, offsets: bool = True) -> TokenisedTexts:
        """Tokenise texts for `predict_tokenised`; may run in a thread beside the model.

        Args:
            texts: N strings.
            offsets: False saves time if no evidence is wanted.
        """
        return TokenisedTexts.of(self.scope, texts, self.classifiers.values(), offsets=offsets)

    def predict_tokenised(
        self,
        texts: TokenisedTexts,
        *,
        max_tokens: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[dict[str, Verdict]]:
        """Classify texts that this engine tokenised; see `predict`.

        Args:
            texts: N texts.
            max_tokens: As in `predict`.
            on_progress: Called with (windows done, all).
        """
        reading = self.reader.nothing(len(texts.forms.texts))
        self.reader.read_windows(texts.windows, reading, max_tokens=max_tokens, on_progress=on_progress)
        return self.verdicts(texts.forms, reading)

    def forms(self, texts: Sequence[str]) -> TextForms:
        """The documents to read for texts: as they are, and restored where a classifier needs that."""
        return TextForms.of(texts, self.classifiers.values())

    def verdicts(self, forms: TextForms, reading: SelectedReading) -> list[dict[str, Verdict]]:
        """Classify texts from their reading: for every text a verdict by classifier name.

        Args:
            forms: What was read of N texts.
            reading: Activations of `features` in it, with places.
        """
        found = {
            name: verdicts_of(self.classifiers[name], answers, reading, self.columns[name], forms)
            for name, answers in self.answers(reading.acts_NS, forms).items()
        }
        return [
            {name: verdicts[row] for name, verdicts in found.items()} for row in range(len(forms.originals))
        ]

    def for_and_against(
        self, name: str, verdict: Verdict, forms: TextForms, reading: SelectedReading, row: int = 0
    ) -> tuple[Evidence, ...]:
        """Every feature that contributes to the likeliest label of a verdict, from most for it to most against it.

        Args:
            name: Name of the classifier.
            verdict: Its verdict for the text.
            forms: What was read of N texts.
            reading: Activations of `features` in it, with places.
            row: Which of the texts.
        """
        classifier = self.classifiers[name]
        place = int(forms.rows(classifier)[row]), self.columns[name][verdict.rule]
        decision = classifier.decision(verdict.rule)
        return for_and_against(decision, verdict.likeliest, reading, place, forms, forms.originals[row])

    def answers(self, acts_DS: NDArray[np.float32], forms: TextForms) -> dict[str, Answers]:
        """Answers of every classifier by name.

        Args:
            acts_DS: Largest activation of each of `features` in each of the D texts that were read, float32.
            forms: Which of them are what of the N texts that are judged.
        """
        found: dict[str, Answers] = {}
        languages: Answers | None = None
        # language first, since other classifiers may have decisions by language
        for name in sorted(self.classifiers, key=lambda name: name != LANGUAGE):
            classifier = self.classifiers[name]
            row_N = forms.rows(classifier)
            if name == LANGUAGE:
                # of all documents: a restored text is routed by the language of its restored form
                languages = answers_of(
                    classifier, acts_DS, self.columns[name], rules_of(classifier, len(acts_DS), None)
                )
                found[name] = languages.rows(row_N)
                continue
            acts_NS = acts_DS[row_N] if forms.restored else acts_DS
            rules = rules_of(classifier, len(row_N), languages.rows(row_N) if languages else None)
            found[name] = answers_of(classifier, acts_NS, self.columns[name], rules)
        return found

    def records(self, texts: Sequence[str], answers: Sequence[Mapping[str, Verdict]]) -> list[dict[str, Any]]:
        """The answers as `classify --json` prints them, one object per text."""
        return [
            {
                "text": text,
                **{name: verdict.to_dict() for name, verdict in own.items()},
                "scope": self.scope.id,
                "classifiers": self.versions,
            }
            for text, own in zip(texts, answers, strict=True)
        ]


def floors_of(classifiers: Iterable[Classifier]) -> dict[SelectedFeature, np.float32]:
    """The floor of each feature, float32: the largest activation that no decision distinguishes from 0.

    If all rules that read a feature add log-odds, the floor is just below its threshold, which saves most of the
    encode.
    """
    floors: dict[SelectedFeature, np.float32] = {}
    for classifier in classifiers:
        for decision in classifier.decisions.values():
            counted = all(rule.combine == LOG_ODDS for rule in decision.rules.values())
            for item, threshold in zip(decision.features, decision.thresholds_S, strict=True):
                below = np.nextafter(threshold, np.float32(0)) if counted else np.float32(0)
                key = classifier.selected((item.layer, item.index))
                floors[key] = min(floors.get(key, below), below)
    return floors
