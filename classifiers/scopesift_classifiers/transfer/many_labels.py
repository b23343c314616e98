"""Transfer of a classifier with many labels: strategies, cross-validation and choice.

As with two labels, weights move from the classifier's by closed-form ridge regression. Labels without examples keep the
classifier's rule, unless the strategy starts from nothing; then the decision doesn't have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import LINEAR, linear_margins, linear_rules
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.settings import FitSettings
from scopesift_classifiers.fitting.stored_cut import answer_cut
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.intervals import Z, many_class_intervals
from scopesift_classifiers.measuring.metrics import ManyClassMetrics
from scopesift_classifiers.rule_search.found_rules import FoundRules
from scopesift_classifiers.rule_search.moments import Targets
from scopesift_classifiers.rule_search.ranking import WHOLE
from scopesift_classifiers.transfer.moved_weights import Moved, Sums, fits_of, move_weights
from scopesift_classifiers.transfer.strategies import PREFERRED
from scopesift_classifiers.transfer.trial import example_folds

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelRules:
    """Rules with their labels.

    Attributes:
        labels: One per rule.
        found: The rules.
    """

    labels: tuple[str, ...]
    found: FoundRules


@dataclass(frozen=True, eq=False)
class ManyTrial:
    """Cross-validation of one strategy on the N examples.

    Attributes:
        name: Its name in results.
        says: A short description.
        rules: Fitted on all examples.
        margins_NC: Margins of every example for the labels of `rules`, from rules fitted without its fold.
        metrics: Of the most likely labels.
        spread: Standard error of macro-F1.
    """

    name: str
    says: str
    rules: LabelRules
    margins_NC: NDArray[np.float64]
    metrics: ManyClassMetrics
    spread: float

    @property
    def best_N(self) -> list[str]:
        """The most likely label of each example."""
        return [self.rules.labels[at] for at in self.margins_NC.argmax(axis=1)]

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return {
            "name": self.name,
            "says": self.says,
            "features": len(self.rules.found.columns),
            "macro_f1": round(self.metrics.macro_f1, 4),
            "balanced_accuracy": round(self.metrics.balanced_accuracy, 4),
            "spread": round(self.spread, 4),
        }


def try_many(
    classifier: Classifier,
    table: FeatureTable,
    few: LabelledText,
    folds: int,
    on_strategy: Callable[[int, int], None] | None = None,
) -> list[ManyTrial]:
    """Cross-validate every strategy on the same folds, the simplest first.

    Args:
        classifier: With many labels; if its default decision is linear, weights start from it.
        table: Document features of the N examples.
        few: The examples.
        folds: Number of folds; fewer if a label has fewer different texts.
        on_strategy: Called with (strategies done, all strategies).
    """
    fold_N = example_folds(few, folds)
    found: list[ManyTrial] = []
    chosen = list(_strategies(classifier, table, few))
    for name, says, fit in chosen:
        fits = fit(fold_N)
        answers = [_held_out(fits, variant, table, fold_N) for variant in range(len(fits[WHOLE]))]
        margins_NC = np.zeros(answers[0].shape)
        for fold in np.unique(fold_N):
            own = fold_N == fold
            rest = np.flatnonzero(~own)
            variant = _best_variant([other[rest] for other in answers], fits[WHOLE], few.select(rest))
            margins_NC[own] = answers[variant][own]
        rules = fits[WHOLE][_best_variant(answers, fits[WHOLE], few)]
        best_N = _best_labels(rules, margins_NC)
        found.append(ManyTrial(name, says, rules, margins_NC, _metrics(few, best_N), _spread(few, best_N)))
        if on_strategy is not None:
            on_strategy(len(found), len(chosen))
    return found


def choose_many(trials: Sequence[ManyTrial]) -> ManyTrial:
    """As `choose`: the preferred one, unless another one is better by more than its standard error."""
    best = max(trials, key=lambda trial: round(trial.metrics.macro_f1, 9))
    for trial in trials:
        if trial.name == PREFERRED and best.metrics.macro_f1 - trial.metrics.macro_f1 <= trial.spread:
            return trial
    return best


def many_decision(table: FeatureTable, few: LabelledText, trial: ManyTrial) -> Decision:
    """A trial's rules as an entry of `by_lang`, calibrated and cut on its held-out answers.

    Raises:
        InputError: No held-out answer is right.
    """
    labels_C, margins_NC = np.array(trial.rules.labels), trial.margins_NC
    right_NC = np.array(few.labels)[:, None] == labels_C
    calibration = calibrate(margins_NC.ravel(), right_NC.ravel())
    best_N = margins_NC.argmax(axis=1)
    every = np.arange(len(few))
    cut = answer_cut(calibration.apply(margins_NC[every, best_N]), right_NC[every, best_N], FitSettings())
    return trial.rules.found.decision(table, trial.rules.labels, calibration, cut)


def decision_metrics(
    decision: Decision, table: FeatureTable, few: LabelledText
) -> tuple[ManyClassMetrics, float]:
    """Metrics of a decision's most likely labels on examples, and the standard error of macro-F1."""
    margins_NC = decision.margins(table.dense(columns_of(table, decision.feature_ids)))
    best_N = np.array(list(decision.rules))[margins_NC.argmax(axis=1)]
    return _metrics(few, best_N), _spread(few, best_N)


Fitted = Callable[[Ints], dict[int, list[LabelRules]]]


def _strategies(
    classifier: Classifier, table: FeatureTable, few: LabelledText
) -> list[tuple[str, str, Fitted]]:
    """(name, description, fit by folds) of every strategy."""
    default, present = classifier.default, [label for label in classifier.labels if label in few.classes]
    place = {label: at for at, label in enumerate(present)}
    class_N = np.array([place[label] for label in few.labels])
    targets = Targets.of_many(class_N, len(present))
    readable = all(layer in table.layers for layer, _ in default.feature_ids)

    def anew(fold_N: Ints) -> dict[int, list[LabelRules]]:
        moved = move_weights(table, targets, fold_N, None)
        return {fold: [_alone(one, present) for one in variants] for fold, variants in moved.items()}

    from_nothing: list[tuple[str, str, Fitted]] = [
        ("refitted_linear", "all features, weights in closed form", anew)
    ]
    if not readable:
        return from_nothing
    columns = columns_of(table, default.feature_ids)
    as_it_is = LabelRules(
        tuple(default.rules),
        FoundRules(
            tuple(columns), tuple(item.threshold for item in default.features), tuple(default.rules.values())
        ),
    )

    def unchanged(fold_N: Ints) -> dict[int, list[LabelRules]]:
        return {fold: [as_it_is] for fold, _ in fits_of(fold_N)}

    kept: list[tuple[str, str, Fitted]] = [("zero_shot", "the rules as they are", unchanged)]
    if {rule.combine for rule in default.rules.values()} != {LINEAR}:
        return kept + from_nothing

    def sums(some: FeatureTable) -> NDArray[np.float64]:
        return linear_margins([default.rules[label] for label in present], some.dense(columns))

    def moving(prior: Sums, only: Sequence[int] | None) -> Fitted:
        def fit(fold_N: Ints) -> dict[int, list[LabelRules]]:
            moved = move_weights(table, targets, fold_N, prior, only)
            return {
                fold: [_joined(as_it_is, one, present) for one in variants]
                for fold, variants in moved.items()
            }

        return fit

    return [
        *kept,
        ("recut", "the rules, new constants", moving(sums, ())),
        ("reweighted", "its features, weights moved in closed form", moving(sums, columns)),
        (PREFERRED, "its weights, moved in closed form", moving(sums, None)),
        *from_nothing,
    ]


def _alone(moved: Moved, labels: Sequence[str]) -> LabelRules:
    rules = linear_rules(moved.weights_PC, moved.bias_C)
    columns = tuple(moved.columns.tolist())
    return LabelRules(tuple(labels), FoundRules(columns, (0.0,) * len(columns), rules))


def _joined(prior: LabelRules, moved: Moved, present: Sequence[str]) -> LabelRules:
    """All labels of the prior: those with examples scaled and moved, the others as they are."""
    own = sorted({*prior.found.columns, *moved.columns.tolist()})
    place = {column: at for at, column in enumerate(own)}
    rows = [place[column] for column in prior.found.columns]
    weights_SC, bias_C = np.zeros((len(own), len(prior.labels))), np.zeros(len(prior.labels))
    for at, (label, rule) in enumerate(zip(prior.labels, prior.found.rules, strict=True)):
        factor = moved.slope if label in present else 1.0
        weights_SC[rows, at] = factor * rule.weights_S
        bias_C[at] = factor * rule.bias
        if label in present:
            number = list(present).index(label)
            weights_SC[[place[column] for column in moved.columns.tolist()], at] += moved.weights_PC[
                :, number
            ]
            bias_C[at] += moved.bias_C[number]
    return LabelRules(
        prior.labels, FoundRules(tuple(own), (0.0,) * len(own), linear_rules(weights_SC, bias_C))
    )


def _held_out(
    fits: dict[int, list[LabelRules]], variant: int, table: FeatureTable, fold_N: Ints
) -> NDArray[np.float64]:
    """Margins of every example from the rules without its fold, `[N, labels]`."""
    margins_NC = np.zeros((len(fold_N), len(fits[WHOLE][variant].labels)))
    for fold in np.unique(fold_N).tolist():
        held = np.flatnonzero(fold_N == fold)
        margins_NC[held] = fits[fold][variant].found.margins(table.rows(held))
    return margins_NC


def _best_labels(rules: LabelRules, margins_NC: NDArray[np.float64]) -> NDArray[np.str_]:
    return np.array(rules.labels)[margins_NC.argmax(axis=1)]


def _metrics(few: LabelledText, best_N: NDArray[np.str_]) -> ManyClassMetrics:
    return ManyClassMetrics.of(few.labels, best_N.astype(str), few.classes)


def _spread(few: LabelledText, best_N: NDArray[np.str_]) -> float:
    """Standard error of macro-F1, from its 95% interval."""
    low, high = many_class_intervals(few.labels, best_N.astype(str), few.classes)["macro_f1"]
    return (high - low) / (2 * Z)


def _best_variant(
    answers: Sequence[NDArray[np.float64]], variants: Sequence[LabelRules], few: LabelledText
) -> int:
    """The variant with the best macro-F1; on ties the first, which is the smallest."""
    scores = [
        round(_metrics(few, _best_labels(rules, margins_NC)).macro_f1, 9)
        for rules, margins_NC in zip(variants, answers, strict=True)
    ]
    return int(np.argmax(scores))
