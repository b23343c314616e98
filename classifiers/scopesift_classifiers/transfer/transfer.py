"""Transfer: adds a language to a classifier from a few labelled examples.

Several strategies are cross-validated on the examples, and all results are kept. The best one becomes an entry in the
classifier's `by_lang`, to which texts are routed by the language verdict. Measured quality of the replaced decision is
removed, and cross-validated metrics of the new one are added.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.artifact.calibration import calibrate
from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.feature_tables.counting import FeatureTable
from scopesift_classifiers.fitting.feature_names import name_features
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.cuts import Requirement
from scopesift_classifiers.measuring.evaluation import evaluate_binary, evaluate_many_class
from scopesift_classifiers.measuring.kept_quality import quality_without
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.transfer.many_labels import choose_many, many_decision, try_many
from scopesift_classifiers.transfer.replaced_rule import measure_replaced
from scopesift_classifiers.transfer.required_cut import require_enough, required_cut
from scopesift_classifiers.transfer.strategies import PREFERRED, strategies
from scopesift_classifiers.transfer.trial import StrategyTrial, try_strategy

LEAST_PER_LABEL = 3
CROSS_VALIDATED = "it was cross-validated on the examples of a transfer"


@dataclass(frozen=True)
class TransferSettings:
    """Settings of a transfer.

    Attributes:
        folds: Of the cross-validation; fewer if a label has fewer different texts.
        max_layer: Deepest layer that the new decision may read, for speed; None: all.
        greedy: Limits of the greedy searches.
        required: What the cut shall have on the examples, by their held-out margins; None: the best macro-F1.
    """

    folds: int = 5
    max_layer: int | None = None
    greedy: GreedySettings = field(default_factory=lambda: GreedySettings(candidates=200))
    required: Requirement | None = None


@dataclass(frozen=True, eq=False)
class Transfer:
    """Result of a transfer.

    Attributes:
        classifier: The classifier with the new language in `by_lang`.
        chosen: Name of the chosen strategy.
        strategies: For every strategy, the simplest first: name, says, features, macro_f1, balanced_accuracy (both
            from pooled held-out predictions) and spread (the standard error of macro_f1).
        replaced: Metrics of the replaced decision on the same examples; see `measure_replaced`.
        cut: If one was required, the cut and its rates on the examples; see `required_cut`.
    """

    classifier: Classifier
    chosen: str
    strategies: list[dict[str, Any]]
    replaced: dict[str, Any] | None
    cut: dict[str, Any] | None = None

    @property
    def warning(self) -> str | None:
        """A warning if the replaced decision is better on the examples and was not fitted on them; else None."""
        old = self.replaced
        new = next(row for row in self.strategies if row["name"] == self.chosen)
        if old is None or old["fitted_on_these"] or old["macro_f1"] <= new["macro_f1"]:
            return None
        return (
            f"the rule that it replaces ({old['rule']}) does better on these examples: macro-F1 {old['macro_f1']:.3f} "
            f"± {old['spread']:.3f} against {new['macro_f1']:.3f} ± {new['spread']:.3f}"
        )


def transfer(
    classifier: Classifier,
    scope: Scope,
    few: LabelledText,
    lang: str,
    *,
    settings: TransferSettings | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_strategy: Callable[[int, int], None] | None = None,
    on_stage: Callable[[str], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Transfer:
    """Add a language to a classifier from a few labelled examples.

    Args:
        classifier: The classifier; the data of its fit is not needed.
        scope: Its scope.
        few: Labelled examples in the new language, of at least two labels.
        lang: The language's code, as the language classifier names it.
        settings: Limits of the search.
        cache: Cache of document features.
        on_progress: Called with (texts read, all texts).
        on_strategy: Called with (strategies cross-validated, all strategies).
        on_stage: Called with "naming" and "measuring" before what comes after the strategies.
        say: Called with one line per strategy.

    Raises:
        InputError: Too few examples, one label only, or labels that the classifier does not know; or the examples
            cannot show the required rate.
        UsageError: A rate is required, and the classifier has more than two labels.
        ScopeError: Another scope than the classifier's.
    """
    scope = classifier.bind(scope)
    check_examples(classifier, few)
    settings = settings or TransferSettings()
    if settings.required is not None:
        if classifier.kind != BINARY:
            raise UsageError(
                f"a required rate is for two labels, {classifier.name!r} has {len(classifier.labels)}; leave it out"
            )
        require_enough(few, classifier.labels[0], settings.required)
    texts = classifier.as_read(few.texts)
    table = read_table(scope, texts, max_layer=settings.max_layer, cache=cache, on_progress=on_progress)
    found = (_two_labels if classifier.kind == BINARY else _many_labels)(
        classifier, table, few, settings, on_strategy
    )
    decision, chosen, rows = found.decision, found.chosen, found.rows
    if say is not None:
        for row in rows:
            say(f"{row['name']}: cross-validated macro-F1 {row['macro_f1']:.3f} ± {row['spread']:.3f}")
    on_stage = on_stage or (lambda _: None)
    on_stage("naming")
    names = name_features(scope, texts, decision.feature_ids)
    named = tuple(replace(item, label=name) for item, name in zip(decision.features, names, strict=True))
    on_stage("measuring")
    replaced = measure_replaced(classifier, lang, table, few)
    entry = {
        "train": {"rows": len(few), "sha256": few.fingerprint()},
        "labels": {label: few.labels.count(label) for label in few.classes},
        "chosen": chosen,
        "strategies": rows,
        "replaced": replaced,
        **({} if found.cut is None else {"cut": found.cut}),
    }
    fit = {**classifier.fit, "by_lang": {**classifier.fit.get("by_lang", {}), lang: entry}}
    by_lang = {**classifier.by_lang, lang: replace(decision, features=named)}
    quality = quality_without(classifier.quality, lang)
    made = replace(classifier, by_lang=by_lang, fit=fit, quality=quality)
    made = made.with_quality(f"cross-validated {lang}", found.measured(lang))
    return Transfer(made, chosen, rows, replaced, found.cut)


class _Found(NamedTuple):
    """The chosen strategy's decision, its name, every strategy's numbers, its metrics in a language, a required cut."""

    decision: Decision
    chosen: str
    rows: list[dict[str, Any]]
    measured: Callable[[str], dict[str, Any]]
    cut: dict[str, Any] | None = None


def _two_labels(
    classifier: Classifier,
    table: FeatureTable,
    few: LabelledText,
    settings: TransferSettings,
    on_strategy: Callable[[int, int], None] | None,
) -> _Found:
    trials = try_all(classifier, table, few, settings, on_strategy)
    best = choose(trials)
    decision, predicted_N, cut = trial_decision(classifier, table, few, best), best.predicted_N, None
    if settings.required is not None:
        calibration, positive_N = decision.calibration, positives(classifier, few)
        moved, cut = required_cut(best.margins_N, positive_N, settings.required, few, calibration)
        decision, predicted_N = decision.with_cut(moved), calibration.apply(best.margins_N) >= moved
    return _Found(
        decision,
        best.strategy.name,
        [trial.to_dict() for trial in trials],
        lambda lang: _cross_validated(classifier, few, lang, predicted_N),
        cut,
    )


def _many_labels(
    classifier: Classifier,
    table: FeatureTable,
    few: LabelledText,
    settings: TransferSettings,
    on_strategy: Callable[[int, int], None] | None,
) -> _Found:
    trials = try_many(classifier, table, few, settings.folds, on_strategy)
    best = choose_many(trials)
    return _Found(
        many_decision(table, few, best),
        best.name,
        [trial.to_dict() for trial in trials],
        lambda lang: evaluate_many_class(
            few.labels,
            best.best_N,
            classes=few.classes,
            langs=[lang] * len(few),
            sources=few.sources,
            no_baselines=CROSS_VALIDATED,
        ),
    )


def check_examples(classifier: Classifier, few: LabelledText) -> None:
    """Check the examples.

    Raises:
        InputError: Too few examples, one label only, or labels that the classifier does not know.
    """
    known = [*classifier.labels, classifier.unknown] if classifier.kind == BINARY else classifier.labels
    few.require_labels(known)
    few.require_two_classes()
    for label in few.classes:
        different = len({text for text, own in zip(few.texts, few.labels, strict=True) if own == label})
        if different < LEAST_PER_LABEL:
            raise InputError(
                f"{few.origin}: expected at least {LEAST_PER_LABEL} different texts labelled {label!r}, "
                f"got {different}; label some more"
            )


def positives(classifier: Classifier, rows: LabelledText) -> NDArray[np.bool_]:
    """Which rows have a binary classifier's positive label, `[N]`."""
    return np.array([label == classifier.labels[0] for label in rows.labels], dtype=bool)


def try_all(
    classifier: Classifier,
    table: FeatureTable,
    few: LabelledText,
    settings: TransferSettings,
    on_strategy: Callable[[int, int], None] | None = None,
) -> list[StrategyTrial]:
    """Cross-validate every strategy on the few examples, all on the same folds.

    Args:
        classifier: The classifier.
        table: Document features of the examples.
        few: The examples.
        settings: Limits of the search.
        on_strategy: Called with (strategies done, all strategies).
    """
    positive_N = positives(classifier, few)
    chosen, trials = strategies(classifier, table, settings.greedy), list[StrategyTrial]()
    for strategy in chosen:
        trials.append(try_strategy(strategy, table, few, positive_N, settings.folds))
        if on_strategy is not None:
            on_strategy(len(trials), len(chosen))
    return trials


def choose(trials: list[StrategyTrial]) -> StrategyTrial:
    """The preferred strategy, or the one with the best cross-validated macro-F1 (on ties the simpler).

    With ten strategies and few examples the best one may be best by chance, so the preferred one is kept unless another
    is better by more than the standard error of its own macro-F1.
    """
    best = max(trials, key=lambda trial: round(trial.macro_f1, 9))
    for trial in trials:
        if trial.strategy.name == PREFERRED and best.macro_f1 - trial.macro_f1 <= trial.spread:
            return trial
    return best


def trial_decision(
    classifier: Classifier, table: FeatureTable, few: LabelledText, trial: StrategyTrial
) -> Decision:
    """A trial's rule as an entry of `by_lang`, calibrated on cross-fitted margins."""
    calibration = calibrate(trial.margins_N, positives(classifier, few))
    return trial.rule.decision(table, classifier.labels, calibration)


def _cross_validated(
    classifier: Classifier, few: LabelledText, lang: str, predicted_N: NDArray[np.bool_]
) -> dict[str, Any]:
    """Metrics of held-out predictions for the examples, as in `evaluate`."""
    (positive,) = classifier.labels
    return evaluate_binary(
        few.labels,
        np.where(predicted_N, positive, classifier.unknown),
        positive=positive,
        langs=[lang] * len(few),
        sources=few.sources,
        no_baselines=CROSS_VALIDATED,
    )
