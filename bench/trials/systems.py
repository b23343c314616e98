"""Systems to compare: fitted on one part, settings chosen on a second, measured on a third."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scopesift_classifiers.artifact.classifier import BINARY, MANY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.pieces import columns_of
from scopesift_classifiers.fitting.presets import fit_decision
from scopesift_classifiers.fitting.settings import GREEDY, LINEAR_FIT, PAPER, FitSettings
from scopesift_classifiers.judging.outcome import decide
from scopesift_classifiers.measuring.baselines import Baseline, linear_probe, mean_difference, tfidf
from scopesift_classifiers.measuring.discriminant import discriminant
from scopesift_classifiers.studies.learning_curve import tfidf_of_few
from scopesift_classifiers.transfer.transfer import TransferSettings, choose, trial_decision, try_all
from scopesift_files.errors import InputError

from bench.trials.answers import Fitted, SystemAnswers
from bench.trials.parts import Part

POSITIVE, NEGATIVE = "toxic", "clean"
System = Callable[[Part, Part], Fitted]
"""(train part, dev part) -> fitted system."""
TOLD = ("preset", "dev_macro_f1", "dev_accuracy", "presets_on_dev", "strategy", "cross_validated")
"""Keys of a fit's description that are kept."""


def preset(name: str) -> System:
    """The product's fit with a preset and its default settings."""

    def fit(train: Part, dev: Part) -> Fitted:
        return of_decision(*fit_preset(name, train, dev))

    return fit


def fit_preset(name: str, train: Part, dev: Part) -> tuple[Decision, dict[str, Any]]:
    """A decision with a preset's default settings, and the artifact's description of the fit."""
    return fit_with(FitSettings(preset=name, positive=POSITIVE), train, dev)


def fit_with(settings: FitSettings, train: Part, dev: Part) -> tuple[Decision, dict[str, Any]]:
    """The same with settings of one's own."""
    binary = set(train.rows.classes) == {POSITIVE, NEGATIVE}
    return fit_decision(train.table, train.rows, dev.table, dev.rows, settings, None, binary=binary)


def of_decision(decision: Decision, details: dict[str, Any]) -> Fitted:
    """A decision as a system; with many labels the most likely one is given, without a cut.

    Args:
        decision: The fitted decision.
        details: The artifact's description of the fit.
    """
    names = np.array(list(decision.rules))

    def answer(part: Part) -> SystemAnswers:
        acts_NS = part.table.dense(columns_of(part.table, decision.feature_ids))
        if len(names) > 1:
            return SystemAnswers(names[decide(MANY, decision, acts_NS).best_N])
        outcome = decide(BINARY, decision, acts_NS)
        label_N = np.where(outcome.given_N, names[0], NEGATIVE)
        return SystemAnswers(label_N, decision.margins(acts_NS)[:, 0], outcome.score_N)

    about = {name: details[name] for name in TOLD if name in details}
    if "linear" in details:
        about["sizes"] = [[point["features"], point["dev_objective"]] for point in details["linear"]["curve"]]
    return Fitted(answer, {"features": len(decision.features)} | about)


def transferred(classifier: Classifier, few: Part) -> Fitted:
    """`scopesift transfer` of a classifier with labelled rows of a language, with its own choice of strategy.

    All strategies are beside it, so that what the choice costs can be measured.
    """
    trials = try_all(classifier, few.table, few.rows, TransferSettings())
    best = choose(trials)
    fitted = {
        trial.strategy.name: of_decision(trial_decision(classifier, few.table, few.rows, trial), {})
        for trial in trials
    }
    details = {"strategy": best.strategy.name, "cross_validated": best.to_dict()["macro_f1"]}
    chosen = fitted[best.strategy.name]
    return Fitted(chosen.answer, chosen.about | details, fitted)


def dense(fit_baseline: Callable[..., Baseline]) -> System:
    """A baseline on the mean residual of the best layer on the dev rows."""

    def fit(train: Part, dev: Part) -> Fitted:
        candidates = {
            layer: fit_baseline(mean_ND, train.rows.labels, dev.mean_ND[layer], dev.rows.labels)
            for layer, mean_ND in train.mean_ND.items()
        }
        layer = max(candidates, key=lambda layer: candidates[layer].chosen["dev_macro_f1"])
        found = candidates[layer]
        return _of_baseline(found, lambda part: part.mean_ND[layer], {"layer": layer} | found.chosen)

    return fit


def words(train: Part, dev: Part) -> Fitted:
    """TF-IDF and logistic regression."""
    found = tfidf(train.rows.texts, train.rows.labels, dev.rows.texts, dev.rows.labels)
    return _of_baseline(found, lambda part: part.rows.texts, found.chosen)


def words_of_few(few: Part) -> Fitted:
    """TF-IDF and logistic regression on few rows: a fifth of them chooses C, then it is fitted on all."""
    found = tfidf_of_few(few.rows)
    return _of_baseline(found, lambda part: part.rows.texts, {"C": found.chosen["C"]})


def attempt(fit: Callable[..., Fitted], *arguments: Any) -> Fitted:
    """Fit; if the rows don't allow it, return a system that flags nothing, with the reason."""
    try:
        return fit(*arguments)
    except InputError as error:
        reason = str(error)

    def nothing(part: Part) -> SystemAnswers:
        zero_N = np.zeros(len(part.rows))
        return SystemAnswers(np.full(len(part.rows), NEGATIVE), zero_N, None)

    return Fitted(nothing, {"refused": reason})


SYSTEMS: dict[str, System] = {
    "linear": preset(LINEAR_FIT),
    "greedy": preset(GREEDY),
    "paper": preset(PAPER),
    "linear_probe": dense(linear_probe),
    "lda": dense(discriminant),
    "mean_difference": dense(mean_difference),
    "tfidf": words,
}


def _of_baseline(found: Baseline, inputs: Callable[[Part], Any], about: dict[str, Any]) -> Fitted:
    def answer(part: Part) -> SystemAnswers:
        read = inputs(part)
        scores = np.asarray(found.scores(read), dtype=np.float64)
        # of two labels the positive one sorts last: scores above 0 mean the positive one
        return SystemAnswers(np.asarray(found.predict(read), dtype=str), scores if scores.ndim == 1 else None)

    return Fitted(answer, {name: round(value, 6) for name, value in about.items()})
