"""Binary and many-class metrics.

Ratios with denominator 0 are 0, as in scikit-learn with `zero_division=0`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Elementwise quotient of any shapes that broadcast, 0 where the denominator is 0."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    return np.divide(top, bottom, out=np.zeros(top.shape), where=bottom != 0)


def macro_f1_of_counts(tp: npt.ArrayLike, fp: npt.ArrayLike, fn: npt.ArrayLike, tn: npt.ArrayLike) -> Floats:
    """Mean of the F1 of both classes, for counts of any shape."""
    tp, fp, fn, tn = (np.asarray(count, float) for count in (tp, fp, fn, tn))
    errors = fp + fn
    return (ratio(2 * tp, 2 * tp + errors) + ratio(2 * tn, 2 * tn + errors)) / 2


@dataclass(frozen=True)
class BinaryMetrics:
    """Confusion counts of a binary classifier, and metrics.

    Attributes:
        tp: flagged positives.
        fp: flagged negatives.
        fn: positives that were not flagged.
        tn: negatives that were not flagged.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @classmethod
    def of(cls, truth_N: npt.ArrayLike, flagged_N: npt.ArrayLike) -> "BinaryMetrics":
        """Count from two boolean arrays of shape `[N]`: is positive, and was flagged.

        Raises:
            ValueError: the arrays are not boolean or differ in length.
        """
        truth, flagged = np.asarray(truth_N), np.asarray(flagged_N)
        if truth.dtype != np.bool_ or flagged.dtype != np.bool_ or truth.shape != flagged.shape:
            raise ValueError(
                f"expected two boolean arrays of one length, got {truth.dtype}{list(truth.shape)} and "
                f"{flagged.dtype}{list(flagged.shape)}; compare the labels with the positive class first"
            )
        tp, fp, fn = (int(np.sum(both)) for both in (truth & flagged, ~truth & flagged, truth & ~flagged))
        return cls(tp, fp, fn, truth.size - tp - fp - fn)

    @property
    def n(self) -> int:
        """Documents."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def n_positive(self) -> int:
        """Documents of the positive class."""
        return self.tp + self.fn

    @property
    def precision(self) -> float:
        """Share of the flagged that are positive."""
        return float(ratio(self.tp, self.tp + self.fp))

    @property
    def recall(self) -> float:
        """Share of the positives that are flagged."""
        return float(ratio(self.tp, self.tp + self.fn))

    @property
    def specificity(self) -> float:
        """Share of the negatives that are not flagged."""
        return float(ratio(self.tn, self.tn + self.fp))

    @property
    def false_positive_rate(self) -> float:
        """Share of the negatives that are flagged."""
        return float(ratio(self.fp, self.tn + self.fp))

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall of the positive class."""
        return float(ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn))

    @property
    def accuracy(self) -> float:
        """Share of correct answers."""
        return float(ratio(self.tp + self.tn, self.n))

    @property
    def balanced_accuracy(self) -> float:
        """Mean of recall and specificity."""
        return (self.recall + self.specificity) / 2

    @property
    def macro_f1(self) -> float:
        """Mean of the F1 of both classes."""
        return float(macro_f1_of_counts(self.tp, self.fp, self.fn, self.tn))

    def at_prevalence(self, prevalence: float) -> dict[str, float]:
        """Expected precision, recall and F1 if a share `prevalence` of all documents is positive.

        Balanced test data overestimates precision; recall and the false-positive rate don't depend on prevalence.

        Raises:
            ValueError: `prevalence` is not between 0 and 1.
        """
        if not 0 <= prevalence <= 1:
            raise ValueError(f"expected a prevalence between 0 and 1, got {prevalence}")
        hits = self.recall * prevalence
        alarms = self.false_positive_rate * (1 - prevalence)
        precision = float(ratio(hits, hits + alarms))
        f1 = float(ratio(2 * precision * self.recall, precision + self.recall))
        return {"prevalence": prevalence, "precision": precision, "recall": self.recall, "f1": f1}


@dataclass(frozen=True)
class ManyClassMetrics:
    """Metrics of a classifier with many labels.

    Attributes:
        n: documents.
        accuracy: share of correct answers.
        balanced_accuracy: mean recall of the classes.
        macro_f1: mean F1 of the classes; predictions outside the classes (such as "und") count as wrong.
        per_class: label -> n, precision, recall and f1, in the order of the labels.
    """

    n: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    per_class: dict[str, dict[str, float]]

    @classmethod
    def of(
        cls, truth_N: npt.ArrayLike, predicted_N: npt.ArrayLike, classes: list[str] | None = None
    ) -> "ManyClassMetrics":
        """Compare two arrays of labels of shape `[N]`.

        Args:
            truth_N: the true labels.
            predicted_N: the predicted ones.
            classes: the labels for means; default: those in the truth.

        Raises:
            ValueError: the arrays differ in length.
        """
        truth, predicted = (np.asarray(labels, dtype=str) for labels in (truth_N, predicted_N))
        if truth.shape != predicted.shape:
            raise ValueError(f"expected as many predictions as labels, got {predicted.size} and {truth.size}")
        table: dict[str, dict[str, float]] = {}
        for label in sorted(set(truth.tolist())) if classes is None else classes:
            one = BinaryMetrics.of(truth == label, predicted == label)
            table[label] = {
                "n": one.n_positive,
                "precision": one.precision,
                "recall": one.recall,
                "f1": one.f1,
            }
        n_classes = len(table)
        return cls(
            n=truth.size,
            accuracy=float(ratio(np.sum(truth == predicted), truth.size)),
            balanced_accuracy=float(ratio(sum(row["recall"] for row in table.values()), n_classes)),
            macro_f1=float(ratio(sum(row["f1"] for row in table.values()), n_classes)),
            per_class=table,
        )
