"""Cuts on scores: what each one flags, and the choice of one for a required precision, recall or false-positive rate.

A cut for a rate is a quantile of the scores of one class. Its interval holds the cuts at which the required value is
inside the 95% interval of the measured one; for recall and the false-positive rate that is the distribution-free
interval of a quantile by order statistics (Conover 1999, "Practical Nonparametric Statistics", 3.2), with Wilson's
interval in place of the exact binomial one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scopesift_files.errors import InputError, UsageError

from scopesift_classifiers.measuring.intervals import LEVEL, wilson, wilson_ends
from scopesift_classifiers.measuring.metrics import ratio

PRECISION, RECALL, FALSE_POSITIVE_RATE = "precision", "recall", "false_positive_rate"
RATES = (PRECISION, RECALL, FALSE_POSITIVE_RATE)
COUNTED_OVER = {PRECISION: "flagged", RECALL: "positive", FALSE_POSITIVE_RATE: "negative"}
BELOW_ALL = 1e-6
"""Distance of a cut from the lowest score, if that is flagged too: more than a rounding error."""

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Requirement:
    """What a cut shall have.

    Attributes:
        rate: One of `RATES`.
        value: The lowest precision or recall, or the highest false-positive rate.
    """

    rate: str
    value: float

    def __post_init__(self) -> None:
        """Check the value.

        Raises:
            UsageError: A precision or recall outside (0, 1], or a false-positive rate outside (0, 1).
        """
        if self.is_limit and not 0 < self.value < 1:
            raise UsageError(f"a {self.name} must be above 0 and below 1, got {self.value:g}")
        if not 0 < self.value <= 1:
            raise UsageError(f"{self.name} must be above 0 and at most 1, got {self.value:g}")

    @property
    def is_limit(self) -> bool:
        """Whether less is better."""
        return self.rate == FALSE_POSITIVE_RATE

    @property
    def name(self) -> str:
        """The rate in words."""
        return "false-positive rate" if self.is_limit else self.rate

    @property
    def documents(self) -> float:
        """Fewest documents on which the rate can be shown: without any error among them, it is, with 95% confidence.

        About 3 over the rate of errors (the rule of three, Hanley & Lippman-Hand 1983); infinite for no error at all.
        """
        errors = self.value if self.is_limit else 1 - self.value
        return math.ceil(math.log(1 - LEVEL) / math.log1p(-errors)) if errors else math.inf

    def describe(self) -> str:
        """In words: "false-positive rate 0.05"."""
        return f"{self.name} {self.value:g}"

    def too_few(self, documents: int) -> InputError:
        """The error for fewer documents than `documents`."""
        shown = f"{self.documents:,}" if math.isfinite(self.documents) else "infinitely many"
        return InputError(
            f"{self.describe()} cannot be shown on {documents:,} {COUNTED_OVER[self.rate]} documents: it takes at "
            f"least {shown}; give more rows, or ask for a {'higher' if self.is_limit else 'lower'} one"
        )


def one_requirement(
    precision: float | None, recall: float | None, false_positive_rate: float | None
) -> Requirement | None:
    """The one that is given; None if none is.

    Raises:
        UsageError: More than one is given, or its value is out of range.
    """
    values = zip(RATES, (precision, recall, false_positive_rate), strict=True)
    given = [Requirement(rate, value) for rate, value in values if value is not None]
    if len(given) > 1:
        raise UsageError(
            f"a cut is set by one of precision, recall and false-positive rate, got {len(given)}; give one"
        )
    return given[0] if given else None


@dataclass(frozen=True, eq=False)
class Cuts:
    """The C distinct scores of N documents as cuts, the highest first; equal scores are flagged together.

    Attributes:
        scores_C: The scores (or margins); a document is flagged if its own is at least the cut.
        tp_C: Flagged positives of each cut.
        fp_C: Flagged negatives.
        positives: Number of positive documents.
        negatives: Number of the others.
    """

    scores_C: Floats
    tp_C: Counts
    fp_C: Counts
    positives: int
    negatives: int

    @classmethod
    def of(cls, scores_N: npt.ArrayLike, positive_N: npt.ArrayLike) -> Cuts:
        """Count the flagged documents of every cut.

        Args:
            scores_N: Scores or margins.
            positive_N: Is positive, bool; with many labels: whether the answer is correct.

        Raises:
            ValueError: The lengths differ, or a score is NaN.
        """
        score, positive = np.asarray(scores_N, float), np.asarray(positive_N, bool)
        if score.shape != positive.shape or np.isnan(score).any():
            raise ValueError(
                f"expected as many scores (no NaN) as labels, got {score.size} and {positive.size}"
            )
        order = np.argsort(-score, kind="stable")
        score, hits = score[order], np.cumsum(positive[order])
        last = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if score.size else np.array([], int)
        positives = int(positive.sum())
        return cls(score[last], hits[last], last + 1 - hits[last], positives, positive.size - positives)

    def counts(self, rate: str) -> tuple[Counts, Counts]:
        """The documents that a rate counts, and those that it is a share of, `[C]` each."""
        if rate == PRECISION:
            return self.tp_C, self.tp_C + self.fp_C
        if rate == RECALL:
            return self.tp_C, np.full(len(self.scores_C), self.positives)
        return self.fp_C, np.full(len(self.scores_C), self.negatives)

    def rates(self, rate: str) -> Floats:
        """A rate at every cut, `[C]`."""
        return ratio(*self.counts(rate))

    def meeting(self, required: Requirement, documents: float = 0) -> int:
        """Index of the cut that meets a requirement and is best otherwise.

        With a required precision that is the cut with the largest recall, with a required recall the one with the
        largest precision (on ties the higher cut), with a false-positive rate the lowest cut.

        Args:
            required: The requirement, of these documents.
            documents: Fewest documents that the rate is to be a share of.

        Raises:
            InputError: No cut meets it, or none on so many documents.
        """
        if not len(self.scores_C):
            raise InputError("a cut needs documents, got none; give rows")
        if required.rate != FALSE_POSITIVE_RATE and not self.positives:
            raise InputError("a cut needs positive documents, got none; give data with both classes")
        rate_C, of_C = self.rates(required.rate), self.counts(required.rate)[1]
        if of_C[-1] < documents:
            raise required.too_few(int(of_C[-1]))
        met_C = rate_C <= required.value if required.is_limit else rate_C >= required.value
        if not met_C.any():
            best = rate_C.min() if required.is_limit else rate_C.max()
            raise InputError(
                f"no cut has {required.describe()}; the best is {best:.3f}; ask for less or fit on more"
            )
        if not (met_C & (of_C >= documents)).any():
            raise required.too_few(int(of_C[met_C].max()))
        met_C &= of_C >= documents
        allowed = np.flatnonzero(met_C)
        if required.is_limit:
            return int(allowed[-1])
        opposite_C = self.rates(PRECISION) if required.rate == RECALL else self.rates(RECALL)
        return int(allowed[np.argmax(opposite_C[allowed])])

    def between(self, at: int) -> float:
        """A cut that flags the same documents as number `at`, halfway to the next lower score.

        A document's own score is not a robust cut: in another batch its last bits may differ.
        """
        if at + 1 == len(self.scores_C):
            return float(self.scores_C[at]) - BELOW_ALL
        return float((self.scores_C[at] + self.scores_C[at + 1]) / 2)

    def interval(self, at: int, required: Requirement) -> tuple[float, float]:
        """95% interval of the cut that has the required value on other documents of the kind, see the module.

        Precision is high by chance at cuts with few flagged documents too, so the interval ends before the first cut on
        either side that the required value is not possible for.

        Args:
            at: Number of the chosen cut, which is inside.
            required: The requirement.
        """
        low_C, high_C = wilson_ends(*self.counts(required.rate))
        other_C = (required.value < low_C) | (high_C < required.value)
        other_C[at] = False
        above, below = np.flatnonzero(other_C[:at]), np.flatnonzero(other_C[at:])
        first = int(above[-1]) + 1 if above.size else 0
        last = at + int(below[0]) - 1 if below.size else len(other_C) - 1
        return self.between(last), self.between(first)

    def measured(self, at: int) -> dict[str, Any]:
        """Precision, recall and false-positive rate of cut `at` on these documents; None without documents.

        Returns:
            `{"precision", "recall", "false_positive_rate", "intervals": {rate: [low, high]}}`, 95%, Wilson's.
        """
        found: dict[str, Any] = {}
        intervals: dict[str, list[float]] = {}
        for rate in RATES:
            hits, of = (int(counts_C[at]) for counts_C in self.counts(rate))
            found[rate] = round(hits / of, 6) if of else None
            if of:
                low, high = wilson(hits / of, of)
                intervals[rate] = [round(low, 4), round(high, 4)]
        return {**found, "intervals": intervals}
