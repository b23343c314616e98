"""The three baselines of the quality tables.

Two of them are trained by gradient descent; they are for comparison only. Each takes fit data and dev data, chooses its
one setting by macro-F1 on dev, and supports two or more classes.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.measuring.metrics import ManyClassMetrics, macro_f1_of_counts

BASELINES = ("mean_difference", "linear_probe", "tfidf")
PROBE_CS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
TFIDF_CS = (0.5, 2.0, 8.0, 32.0)
MOST_ITERATIONS = 500
MOST_NGRAMS = 60_000  # of characters, and as many of words

Labels = npt.NDArray[Any]
Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline.

    Attributes:
        name: one of `BASELINES`.
        chosen: its setting and macro-F1 on dev.
        predict: maps inputs (`[N, D]` residuals or N texts) to `[N]` labels.
        scores: maps the same inputs to scores: `[N]` for two labels, above 0 for the one that sorts last; else `[N,
            C]`, labels sorted, the largest is predicted.
    """

    name: str
    chosen: dict[str, float]
    predict: Callable[[Any], Labels]
    scores: Callable[[Any], Scores]


def mean_difference(
    X_train_ND: npt.ArrayLike, y_train: npt.ArrayLike, X_dev_ND: npt.ArrayLike, y_dev: npt.ArrayLike
) -> Baseline:
    """Residual mean difference; with more than two classes, the nearest class mean.

    For two classes documents are projected on the difference of the class means and cut where macro-F1 on
    dev is highest.

    Args:
        X_train_ND: `[N, D]` mean residual of each document at one layer.
        y_train: `[N]` labels, strings or integers.
        X_dev_ND: the same for dev.
        y_dev: its labels.

    Raises:
        InputError: the fit data has one class, or dev none.
    """
    y_train, y_dev = checked_labels(y_train, y_dev)
    X_train, X_dev = np.asarray(X_train_ND), np.asarray(X_dev_ND)
    classes = np.unique(y_train)
    mean_CD = np.stack([X_train[y_train == label].mean(axis=0, dtype=np.float64) for label in classes])
    if len(classes) > 2:
        # |x - mean|^2 without its term in x alone, which is the same for all classes.
        offset_C = np.sum(mean_CD**2, axis=1) / 2

        def closeness(X: npt.ArrayLike) -> Scores:
            return np.asarray(X) @ mean_CD.T - offset_C

        def nearest(X: npt.ArrayLike) -> Labels:
            return classes[np.argmax(closeness(X), axis=1)]

        return Baseline(
            "mean_difference", {"dev_macro_f1": macro_f1_on_dev(nearest(X_dev), y_dev)}, nearest, closeness
        )
    direction_D = mean_CD[1] - mean_CD[0]
    cut, dev_macro_f1 = _best_cut(X_dev @ direction_D, y_dev == classes[1])

    def above_cut(X: npt.ArrayLike) -> Scores:
        return np.asarray(X) @ direction_D - cut

    return Baseline(
        "mean_difference",
        {"threshold": cut, "dev_macro_f1": dev_macro_f1},
        lambda X: classes[(above_cut(X) > 0).astype(int)],
        above_cut,
    )


def linear_probe(
    X_train_ND: npt.ArrayLike, y_train: npt.ArrayLike, X_dev_ND: npt.ArrayLike, y_dev: npt.ArrayLike
) -> Baseline:
    """Logistic regression on standardised mean residuals; the arguments are those of `mean_difference`."""
    y_train, y_dev = checked_labels(y_train, y_dev)
    X_train = np.asarray(X_train_ND)
    mean_D, std_D = X_train.mean(axis=0, dtype=np.float64), X_train.std(axis=0, dtype=np.float64)
    std_D[std_D == 0] = 1

    def standardised(X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return (np.asarray(X) - mean_D) / std_D

    model, chosen = _best_logistic(
        standardised(X_train), y_train, standardised(X_dev_ND), y_dev, PROBE_CS, max_iter=MOST_ITERATIONS
    )
    return Baseline(
        "linear_probe",
        chosen,
        lambda X: model.predict(standardised(X)),
        lambda X: model.decision_function(standardised(X)),
    )


def tfidf(
    texts_train: Sequence[str],
    y_train: npt.ArrayLike,
    texts_dev: Sequence[str],
    y_dev: npt.ArrayLike,
    *,
    Cs: Sequence[float] = TFIDF_CS,
) -> Baseline:
    """Logistic regression on TF-IDF of character 2- to 5-grams inside words and of words and word pairs.

    Args:
        texts_train: N texts.
        y_train: `[N]` labels, strings or integers.
        texts_dev: the texts of dev.
        y_dev: their labels.
        Cs: inverse strengths of regularisation to choose from.

    Raises:
        InputError: the fit data has one class or no letters at all, or dev is empty.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    y_train, y_dev = checked_labels(y_train, y_dev)
    grams = FeatureUnion(
        [
            (
                analyzer,
                TfidfVectorizer(
                    analyzer=analyzer,
                    ngram_range=lengths,
                    # Words of one letter too, which are common in many scripts.
                    token_pattern=r"\w+" if analyzer == "word" else None,
                    sublinear_tf=True,
                    max_features=MOST_NGRAMS,
                    dtype=np.float32,
                ),
            )
            for analyzer, lengths in (("char_wb", (2, 5)), ("word", (1, 2)))
        ]
    )
    try:
        X_train = grams.fit_transform(texts_train)
    except ValueError as error:
        raise InputError(f"TF-IDF: expected texts with words in the fit data, got none ({error})") from None
    model, chosen = _best_logistic(
        X_train, y_train, grams.transform(texts_dev), y_dev, Cs, max_iter=MOST_ITERATIONS
    )
    return Baseline(
        "tfidf",
        chosen,
        lambda texts: model.predict(grams.transform(texts)),
        lambda texts: model.decision_function(grams.transform(texts)),
    )


def _best_logistic(
    X_train: Any, y_train: Labels, X_dev: Any, y_dev: Labels, Cs: Iterable[float], *, max_iter: int
) -> tuple[Any, dict[str, float]]:
    """The logistic regression with the highest macro-F1 on dev; on ties the smallest C."""
    from scipy.sparse import issparse
    from sklearn.exceptions import ConvergenceWarning

    best: tuple[Any, dict[str, float]] = (None, {"dev_macro_f1": -1.0})
    for C in sorted(Cs):
        with warnings.catch_warnings():
            # A fit that didn't converge is a valid candidate.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = _logistic(C, max_iter, many_sparse=issparse(X_train) and len(np.unique(y_train)) > 2)
            model.fit(X_train, y_train)
        dev_macro_f1 = macro_f1_on_dev(model.predict(X_dev), y_dev)
        if dev_macro_f1 > best[1]["dev_macro_f1"]:
            best = model, {"C": C, "dev_macro_f1": dev_macro_f1}
    return best


def _logistic(C: float, max_iter: int, *, many_sparse: bool) -> Any:
    """One against the rest if the joint fit is too slow because of classes times n-grams."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    if many_sparse:
        return OneVsRestClassifier(LogisticRegression(C=C, max_iter=max_iter, solver="liblinear"))
    return LogisticRegression(C=C, max_iter=max_iter)


def _best_cut(score_N: npt.NDArray[np.float64], high_N: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The cut with the highest macro-F1, halfway between two scores (on ties the middle one)."""
    order = np.argsort(score_N, kind="stable")
    score, high = score_N[order], high_N[order]
    between = np.flatnonzero(np.diff(score) > 0) + 1
    below = np.concatenate([[0], between, [score.size]])  # number of documents below each cut
    cuts = np.concatenate([[score[0] - 1], (score[between - 1] + score[between]) / 2, [score[-1] + 1]])
    high_below = np.concatenate([[0], np.cumsum(high)])[below]
    n_high = high_below[-1]
    fp = score.size - below - (n_high - high_below)
    macro_f1 = macro_f1_of_counts(n_high - high_below, fp, high_below, below - high_below)
    ties = np.flatnonzero(macro_f1 == macro_f1.max())
    best = ties[ties.size // 2]
    return float(cuts[best]), float(macro_f1[best])


def macro_f1_on_dev(predicted: Labels, truth: Labels) -> float:
    """Macro-F1 on dev, by which baselines choose their setting."""
    return ManyClassMetrics.of(truth, predicted).macro_f1


def checked_labels(y_train: npt.ArrayLike, y_dev: npt.ArrayLike) -> tuple[Labels, Labels]:
    """The labels as arrays.

    Raises:
        InputError: the fit data has one class, or dev none.
    """
    train, dev = np.asarray(y_train), np.asarray(y_dev)
    if np.unique(train).size < 2 or dev.size == 0:
        raise InputError(
            f"a baseline needs fit data with two classes and dev data, got {np.unique(train).size} classes "
            f"and {counted(dev.size, 'dev document')}; add rows"
        )
    return train, dev
