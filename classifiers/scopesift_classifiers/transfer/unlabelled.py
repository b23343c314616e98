"""Transfer without labels: the cut of a decision moves to where a language's own texts lie.

The ranking of a rule carries over to other languages better than its cut does. From unlabelled texts and the share of
them that is taken to be positive, the cut is the margin that this share of the texts reaches (quantile matching; with a
share of one half the median). Scores move with it, so that the score at the cut stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_features.scope import Scope
from scopesift_files.errors import InputError, ScopeError, UsageError

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.cache import FeatureCache
from scopesift_classifiers.fitting.fit import read_table
from scopesift_classifiers.fitting.stored_cut import above_nothing, between_margins
from scopesift_classifiers.measuring.kept_quality import quality_without
from scopesift_classifiers.measuring.unlabelled import UnlabelledText
from scopesift_classifiers.transfer.strategies import margin_at_cut, rule_over

LEAST_TEXTS = 20
LEAST_A_SIDE = 5
"""Minimum texts that a share flags, and that it doesn't: with fewer, single texts decide."""
MOVED_CUT = "moved_cut"
TOLERANCE = 0.02
"""Difference between the wanted and the reached share from which on there is an error."""


@dataclass(frozen=True, eq=False)
class MovedCut:
    """Result of a transfer without labels.

    Attributes:
        classifier: The classifier with the language in `by_lang`.
        rule: The decision whose cut was moved: "default" or the language.
        positive_share: Share of texts that is taken to be positive.
        flagged_before: Share of the texts that the decision flagged before.
        flagged: Share that it flags now.
        moved_by: Distance of the new cut from the old one, in units of the margin.
    """

    classifier: Classifier
    rule: str
    positive_share: float
    flagged_before: float
    flagged: float
    moved_by: float

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return {
            "rule": self.rule,
            "positive_share": round(self.positive_share, 4),
            "flagged_before": round(self.flagged_before, 4),
            "flagged": round(self.flagged, 4),
            "moved_by": round(self.moved_by, 4),
        }


def move_cut(
    classifier: Classifier,
    scope: Scope,
    unlabelled: UnlabelledText,
    lang: str,
    *,
    positive_share: float | None = None,
    cache: FeatureCache | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> MovedCut:
    """Add a language to a binary classifier from unlabelled texts.

    Args:
        classifier: The classifier; the decision in use for the language gets a new cut.
        scope: Its scope.
        unlabelled: N texts of the language.
        lang: The language's code, as the language classifier names it.
        positive_share: Share of texts to flag, between 0 and 1; None: that of the classifier's fit.
        cache: Cache of document features.
        on_progress: Called with (texts read, N).

    Raises:
        InputError: Too few texts, or too few of them have any evidence.
        UsageError: The classifier has more than two labels, or a share is missing or not between 0 and 1.
        ScopeError: Another scope than the classifier's.
    """
    if classifier.kind != BINARY:
        raise UsageError(
            f"a transfer without labels needs a classifier with two labels, {classifier.name!r} has "
            f"{len(classifier.labels)}; give labelled examples (--train)"
        )
    texts, different = unlabelled.texts, len(set(unlabelled.texts))
    if different < LEAST_TEXTS:
        raise InputError(
            f"{unlabelled.origin}: expected at least {LEAST_TEXTS} different texts, got {different}; give more"
        )
    share = fit_share(classifier) if positive_share is None else positive_share
    if not 0 < share < 1:
        raise UsageError(
            f"the share of positive texts must be above 0 and below 1, got {share:g}; 0.1 stands for 10%"
        )
    if min(share, 1 - share) * len(texts) < LEAST_A_SIDE:
        raise InputError(
            f"{unlabelled.origin}: a share of {share:g} of {len(texts)} texts is decided by fewer than {LEAST_A_SIDE} "
            f"of them; give at least {math.ceil(LEAST_A_SIDE / min(share, 1 - share))} texts"
        )
    scope = classifier.bind(scope)
    rule = classifier.rule_for(lang)
    decision = classifier.decision(rule)
    deepest = max((item.layer for item in decision.features), default=None)
    table = read_table(
        scope, classifier.as_read(texts), max_layer=deepest, cache=cache, on_progress=on_progress
    )
    over = rule_over(table, decision)
    if over is None:
        raise ScopeError(f"classifier {classifier.name!r} reads layers that {scope.id} lacks; fit it again")
    margins_N = over.margins(table)[:, 0]
    moved, by = moved_decision(decision, margins_N, share, lang)
    before, after = (float((one.calibration.apply(margins_N) >= one.cut).mean()) for one in (decision, moved))
    found = MovedCut(classifier, rule, share, before, after, by)
    entry = {
        "chosen": MOVED_CUT,
        "unlabelled": {"rows": len(texts), "sha256": unlabelled.fingerprint()},
        "share_of": "fit" if positive_share is None else "stated",
        **found.to_dict(),
    }
    made = replace(
        classifier,
        by_lang={**classifier.by_lang, lang: moved},
        fit={**classifier.fit, "by_lang": {**classifier.fit.get("by_lang", {}), lang: entry}},
        quality=quality_without(classifier.quality, lang),
    )
    return replace(found, classifier=made)


def fit_share(classifier: Classifier) -> float:
    """Share of positive rows in a binary classifier's fit.

    Raises:
        UsageError: The artifact doesn't say.
    """
    counts = classifier.fit.get("labels", {})
    positive = counts.get(classifier.labels[0])
    if not positive or sum(counts.values()) == positive:
        raise UsageError(
            f"classifier {classifier.name!r} does not hold the number of rows of each label of its fit; state the "
            "share of positive texts (--positive-share)"
        )
    return float(positive / sum(counts.values()))


def moved_decision(
    decision: Decision, margins_N: NDArray[np.float64], share: float, lang: str
) -> tuple[Decision, float]:
    """A decision with the cut at the margin that a share of texts reaches, and how far the cut moved.

    Args:
        decision: A binary decision.
        margins_N: Its margins on the language's texts.
        share: The share.
        lang: The language, for messages.

    Raises:
        InputError: Texts with equal margins, such as those without any evidence, lie where the cut would be.
    """
    (rule,) = decision.rules.values()
    at = float(np.quantile(margins_N, 1 - share, method="higher"))
    bar = above_nothing(between_margins(margins_N, at), rule)
    reached = float((margins_N >= bar).mean())
    if abs(reached - share) > max(TOLERANCE, 1 / len(margins_N)):
        raise InputError(
            f"no cut flags a share of {share:g} of the texts of {lang} (--positive-share; by default that of the fit): "
            f"{reached:.3f} is the nearest, since the other texts have no evidence for the label, or all the same; "
            "state another share, or give more different texts"
        )
    by = bar - margin_at_cut(decision)
    calibration = decision.calibration.moved(by)
    return replace(decision, calibration=calibration, cut=float(calibration.apply(np.array(bar)))), by
