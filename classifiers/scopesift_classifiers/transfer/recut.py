"""New cuts for a fitted classifier, so that they mean the same in every language.

The rule and its scores stay as they are. A cut is chosen on labelled rows that the rule was not fitted on, for a
required precision, recall or false-positive rate, and refused if the rows are too few to show it. The artifact keeps
what was required, and what the cut has on those rows, with intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.classifier import BINARY, DEFAULT, LANGUAGE, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.cuts import Requirement
from scopesift_classifiers.measuring.kept_quality import quality_without
from scopesift_classifiers.transfer.required_cut import require_enough, required_cut

PIECE = 4096
"""Texts read at a time: their activations are in memory as a dense array."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Recut:
    """A classifier with new cuts.

    Attributes:
        classifier: The classifier.
        cuts: By "default" or language: "before", "after", and what the artifact keeps, see `required_cut`.
        refused: Languages that keep their cut, with the reason.
    """

    classifier: Classifier
    cuts: dict[str, dict[str, Any]]
    refused: dict[str, str]


def recut(
    classifier: Classifier,
    scope: Scope,
    rows: LabelledText,
    required: Requirement,
    langs: Sequence[str] = (),
    *,
    on_progress: Progress | None = None,
) -> Recut:
    """Move the cuts of a classifier to where they have a required rate on labelled rows.

    A language without a decision of its own gets a copy of the default one, with its own cut.

    Args:
        classifier: The classifier.
        scope: Its scope.
        rows: Labelled rows that it was not fitted on.
        required: The requirement; with many labels a precision (share of given labels that are correct) or a recall
            (share of correct labels that are given).
        langs: Languages, each of which is cut on its own rows; empty: the default decision, on all rows.
        on_progress: Called with (texts read, all texts).

    Raises:
        InputError: No decision can be cut: too few rows to show the rate, or no cut has it; or labels that the
            classifier does not know.
        UsageError: A false-positive rate of many labels, or languages of the language classifier.
        ScopeError: Another scope than the classifier's.
    """
    if required.is_limit and classifier.kind != BINARY:
        raise UsageError(
            f"a {required.name} is for two labels, {classifier.name!r} has {len(classifier.labels)}; "
            "ask for a precision or a recall"
        )
    if langs and classifier.name == LANGUAGE:
        raise UsageError("the language classifier has one decision for all languages; leave the language out")
    rows.require_labels([*classifier.labels, classifier.unknown])
    places = {lang: rows_of(rows, lang) for lang in langs} if langs else {DEFAULT: rows}
    total, done = sum(map(len, places.values())), 0
    cuts: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    for name, own in places.items():

        def step(read: int, _: int, before: int = done) -> None:
            if on_progress is not None:
                on_progress(before + read, total)

        decision = classifier.decision(classifier.rule_for(name))
        try:
            moved, cuts[name] = _moved(classifier, decision, scope, own, required, step)
        except InputError as error:
            refused[name] = str(error)
        else:
            classifier = _with_decision(classifier, name, moved, cuts[name])
        done += len(own)
    if not cuts:
        name, reason = next(iter(refused.items()))
        raise InputError(reason if name == DEFAULT else f"{name}: {reason}")
    return Recut(classifier, cuts, refused)


def rows_of(rows: LabelledText, lang: str) -> LabelledText:
    """The rows of a language; all rows if none states a language.

    Raises:
        InputError: Other languages are stated, but not this one.
    """
    if not any(rows.langs):
        return rows
    own = np.flatnonzero([stated == lang for stated in rows.langs])
    if not own.size:
        there = ", ".join(sorted({stated for stated in rows.langs if stated}))
        raise InputError(f"{rows.origin}: expected rows in {lang!r}, got rows in {there}; name one of them")
    return rows.select(own)


def _moved(
    classifier: Classifier,
    decision: Decision,
    scope: Scope,
    rows: LabelledText,
    required: Requirement,
    on_progress: Progress,
) -> tuple[Decision, dict[str, Any]]:
    """The decision with a new cut, and the description of the cut."""
    binary = classifier.kind == BINARY
    if binary:
        require_enough(rows, classifier.labels[0], required)
    value_N, outcome_N = _values(classifier, decision, scope, rows, on_progress)
    calibration = decision.calibration if binary else None
    after, described = required_cut(value_N, outcome_N, required, rows, calibration)
    return decision.with_cut(after), {"before": decision.cut, "after": after, **described}


def _values(
    classifier: Classifier,
    decision: Decision,
    scope: Scope,
    rows: LabelledText,
    on_progress: Progress,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The values that are cut, and which rows are positive.

    With two labels the values are margins, of which scores are an increasing function. With many labels they are the
    scores of the most likely labels, 0 without evidence, and a row is positive if that label is correct.
    """
    alone = replace(classifier, default=decision.with_cut(0.0), by_lang={})
    engine = Engine(scope, [alone])
    reader, columns = engine.reader.without_places(), engine.columns[alone.name][DEFAULT]
    texts = alone.as_read(rows.texts)
    values: list[NDArray[np.float64]] = []
    labels: list[str] = []
    for start in range(0, len(texts), PIECE):

        def step(read: int, _: int, before: int = start) -> None:
            on_progress(before + read, len(texts))

        acts_NS = reader.read(texts[start : start + PIECE], on_progress=step).acts_NS[:, columns]
        if classifier.kind == BINARY:
            values.append(alone.default.margins(acts_NS)[:, 0])
            labels += alone.labels * len(acts_NS)
        else:
            outcome = decide(alone.kind, alone.default, acts_NS)
            values.append(outcome.score_N)
            labels += [alone.labels[best] for best in outcome.best_N]
    right_N = np.array([given == true for given, true in zip(labels, rows.labels, strict=True)], dtype=bool)
    return np.concatenate(values), right_N


def _with_decision(
    classifier: Classifier, name: str, decision: Decision, described: dict[str, Any]
) -> Classifier:
    """The classifier with a moved cut; quality that was measured with the old one is removed, or says so."""
    kept = {key: value for key, value in described.items() if key not in ("before", "after")}
    if name == DEFAULT:
        note = "measured before the default decision's cut was moved"
        quality = {data: {**measured, "note": note} for data, measured in classifier.quality.items()}
        fit = {**classifier.fit, "cut": kept}
        return replace(classifier, default=decision, fit=fit, quality=quality)
    by_lang = classifier.fit.get("by_lang", {})
    fit = {**classifier.fit, "by_lang": {**by_lang, name: {**by_lang.get(name, {}), "cut": kept}}}
    return replace(
        classifier,
        by_lang={**classifier.by_lang, name: decision},
        fit=fit,
        quality=quality_without(classifier.quality, name),
    )
