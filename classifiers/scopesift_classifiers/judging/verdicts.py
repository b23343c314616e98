"""Verdicts with evidence, from a classifier's answers and the reading."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scopesift_features.reading.selected_reading import SelectedReading

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.judging.answers import Answers
from scopesift_classifiers.judging.forms import TextForms
from scopesift_classifiers.judging.verdict import Evidence, Verdict
from scopesift_classifiers.judging.whole_word import whole_word

MOST_EVIDENCE = 8


def verdicts_of(
    classifier: Classifier,
    answers: Answers,
    reading: SelectedReading,
    columns: Mapping[str, NDArray[np.int64]],
    forms: TextForms,
) -> list[Verdict]:
    """A verdict for every text.

    Args:
        classifier: The classifier.
        answers: Its answers for the N texts.
        reading: Activations of S features in the documents of `forms`, with places.
        columns: Columns of each decision's features in the reading, by "default" and language.
        forms: The texts and the documents that were read; evidence has offsets in the original texts.
    """
    place = {label: at for at, label in enumerate(classifier.labels)}
    verdicts = []
    for row, (text, read) in enumerate(zip(forms.originals, forms.rows(classifier).tolist(), strict=True)):
        rule = answers.rule_N[row]
        decision = classifier.decision(rule)
        verdicts.append(
            Verdict(
                kind=classifier.kind,
                label=answers.label_N[row],
                flagged=bool(answers.given_N[row]) if classifier.kind == BINARY else None,
                score=float(answers.score_N[row]),
                scores={label: float(answers.scores_NC[row, place[label]]) for label in decision.rules},
                rule=rule,
                evidence=_evidence(
                    decision, answers.likeliest_N[row], reading, (read, columns[rule]), forms, text
                ),
                cut=decision.label_cuts.get(answers.likeliest_N[row], decision.cut),
            )
        )
    return verdicts


def for_and_against(
    decision: Decision,
    label: str,
    reading: SelectedReading,
    place: tuple[int, NDArray[np.int64]],
    forms: TextForms,
    text: str,
) -> tuple[Evidence, ...]:
    """Every feature that contributes to a label's margin, from what says most for it to what says most against it.

    Args:
        decision: The decision used.
        label: The label.
        reading: Activations in the documents of `forms`, with places.
        place: The document's row in the reading, and the columns of the decision's S features.
        forms: What was read.
        text: The original text.
    """
    given_S = decision.contributions(label, reading.acts_NS[place][None])[0]
    order = np.argsort(-given_S, kind="stable")
    chosen = order[given_S[order] != 0]
    return _items(decision, chosen, given_S, reading, place, forms, text)


def _evidence(
    decision: Decision,
    label: str,
    reading: SelectedReading,
    place: tuple[int, NDArray[np.int64]],
    forms: TextForms,
    text: str,
) -> tuple[Evidence, ...]:
    """The firing features that are evidence for the label, largest contribution first."""
    acts_S = reading.acts_NS[place]
    given_S = np.where(decision.fires(acts_S), decision.contributions(label, acts_S[None])[0], 0.0)
    order = np.argsort(-given_S, kind="stable")[:MOST_EVIDENCE]
    return _items(decision, order[given_S[order] > 0], given_S, reading, place, forms, text)


def _items(
    decision: Decision,
    chosen: NDArray[np.int64],
    given_S: NDArray[np.float64],
    reading: SelectedReading,
    place: tuple[int, NDArray[np.int64]],
    forms: TextForms,
    text: str,
) -> tuple[Evidence, ...]:
    """The chosen features with their contributions and places in the original text."""
    row, columns_S = place
    found = []
    for column in chosen:
        feature = decision.features[column]
        start, end = reading.span(row, columns_S[column])
        first, last = forms.original(row, *whole_word(forms.texts[row], start, end))
        start, end = forms.original(row, start, end)
        found.append(
            Evidence(
                layer=feature.layer,
                feature=feature.index,
                name=feature.label,
                activation=float(reading.acts_NS[row, columns_S[column]]),
                threshold=feature.threshold,
                contribution=float(given_S[column]),
                start=start,
                end=end,
                text=text[start:end],
                word=text[first:last],
                given_name=feature.given_name,
            )
        )
    return tuple(found)
