"""Drift: the change of the features' firing rates from the fit to new texts, without labels.

The drift is a mean Jensen-Shannon divergence (Lin 1991) of the features' firing rates, in bits: 0 for equal rates,
1 for features that always fired and never do now. It is compared with the divergence by chance at this sample size, and
with the part that a different mix of classes explains (label shift; Saerens et al. 2002), which doesn't affect the
classifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.counted import counted
from scopesift_files.errors import InputError

from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.artifact.rule import RuleFeature
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.feature_tables.pieces import columns_of, dense_pieces

Floats = NDArray[np.float64]

NOISE_DRAWS = 1000
NOISE_DOCUMENTS = (
    2000  # maximum sample size for chance, scaled up: divergence is proportional to 1 / documents
)
NOISE_LEVEL = 0.95
CLEAR_FROM, STRONG_FROM = 0.1, 0.5  # of the distance between the fit's own classes
NONE, SLIGHT, CLEAR, STRONG = "none", "slight", "clear", "strong"
LABELS, FEATURES = "labels", "features"
MOST_MOVED = 20


@dataclass(frozen=True)
class MovedFeature:
    """A feature whose firing rate changed by more than chance.

    Attributes:
        layer, feature, label: Layer, index and name.
        fit: Share of the fit's documents on which it fired.
        now: Share of the new documents.
        expected: Share for the new mix of classes.
        divergence: Jensen-Shannon divergence of `fit` and `now`, in bits.
        z: Change in standard errors.
    """

    layer: int
    feature: int
    label: str
    fit: float
    now: float
    expected: float
    divergence: float
    z: float


@dataclass(frozen=True)
class Drift:
    """Drift of N new documents from those of the fit.

    Attributes:
        n: New documents.
        fit_n: Documents of the fit.
        divergence: Mean over the features, in bits.
        chance: 95th percentile of the divergence for samples of this size without drift.
        between_classes: Mean divergence between pairs of the fit's classes, for comparison.
        mix_at_fit: Share of each class in the fit.
        mix_now: Share of each class in the new documents; None if unknown.
        mix_from: "labels" if `mix_now` was counted, "features" if it is estimated as the mix with which the fit's rates
            are closest to the new ones, which is meaningful only with little other drift.
        unexplained: Divergence from the fit's classes in the new mix.
        level: "none", "slight", "clear" or "strong", from `unexplained` minus `chance`.
        moved: The features with significant changes, largest divergence first.
    """

    n: int
    fit_n: int
    divergence: float
    chance: float
    between_classes: float
    mix_at_fit: dict[str, float]
    mix_now: dict[str, float] | None
    mix_from: str
    unexplained: float
    level: str
    moved: tuple[MovedFeature, ...]

    def to_dict(self) -> dict[str, Any]:
        """The drift as JSON values."""
        return asdict(self) | {"moved": [asdict(item) for item in self.moved]}


def firing_at_fit(table: Table, decision: Decision, labels: Sequence[str]) -> dict[str, Any]:
    """Number of documents of each class on which each feature fires, stored in the artifact's fit under `firing`.

    Args:
        table: Document features of the fit, `[N, layers * F]`.
        decision: The default decision.
        labels: N labels.

    Returns:
        As `count_firing`.
    """
    columns = columns_of(table, decision.feature_ids)
    pieces = [decision.fires(acts_BS) for _, acts_BS in dense_pieces(table, columns)]
    return count_firing(np.concatenate(pieces), labels)


def count_firing(fires_NS: NDArray[np.bool_], labels: Sequence[str]) -> dict[str, Any]:
    """Count firing documents by class.

    Returns:
        `{"documents": {class: n}, "fired": {class: [S counts]}}`.
    """
    label_N = np.array(labels, dtype=str)
    classes = sorted(set(labels))
    return {
        "documents": {name: int((label_N == name).sum()) for name in classes},
        "fired": {name: fires_NS[label_N == name].sum(axis=0).tolist() for name in classes},
    }


def measure_drift(
    reference: Mapping[str, Any],
    features: Sequence[RuleFeature],
    fires_NS: NDArray[np.bool_],
    labels: Sequence[str] | None = None,
) -> Drift:
    """Compare new documents with the fit's.

    Args:
        reference: Result of `count_firing` for the fit.
        features: The S features, for their names.
        fires_NS: Which of them fire on which new documents.
        labels: The new documents' classes, if known and among the fit's.

    Raises:
        InputError: The reference doesn't match the features, or there are no documents.
    """
    sizes_C, rates_CS = _read_reference(reference, len(features))
    if not len(fires_NS):
        raise InputError("drift needs documents, got none; give a file with rows")
    classes, n, fit_n = list(reference["documents"]), len(fires_NS), int(sizes_C.sum())
    now_S = fires_NS.mean(axis=0, dtype=np.float64)
    mix_C = sizes_C / sizes_C.sum()
    fit_S = mix_C @ rates_CS
    known = labels is not None and set(labels) <= set(classes)
    now_C = _counted(labels or (), classes) if known else estimate_mix(rates_CS, now_S, n)
    expected_S = now_C @ rates_CS
    chance, scale = _chance(fires_NS, fit_n), _between(rates_CS)
    unexplained = float(divergence(expected_S, now_S).mean())
    level = _level(unexplained, chance, scale)
    trusted = known or level in (NONE, SLIGHT)
    return Drift(
        n=n,
        fit_n=fit_n,
        divergence=_rounded(float(divergence(fit_S, now_S).mean())),
        chance=_rounded(chance),
        between_classes=_rounded(scale),
        mix_at_fit={name: _rounded(share) for name, share in zip(classes, mix_C, strict=True)},
        mix_now={name: _rounded(share) for name, share in zip(classes, now_C, strict=True)}
        if trusted
        else None,
        mix_from=LABELS if known else FEATURES,
        unexplained=_rounded(unexplained),
        level=level,
        moved=_moved(features, fit_S, now_S, expected_S, fit_n, n),
    )


def divergence(p: Floats, q: Floats) -> Floats:
    """Jensen-Shannon divergence of yes-or-no events with probabilities `p` and `q`, in bits, elementwise."""
    divided: Floats = np.maximum(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0.0)
    return divided


def estimate_mix(rates_CS: Floats, now_S: Floats, n: int) -> Floats:
    """Estimated shares of the classes, `[C]`, from firing rates.

    Non-negative least squares, each feature weighted by its sampling variance.
    """
    from scipy.optimize import nnls

    middle_S = (rates_CS.mean(axis=0) + now_S) / 2
    weight_S = 1 / np.sqrt(middle_S * (1 - middle_S) + 1 / n)
    # an additional equation with a large weight: the shares sum to 1
    heavy = 1e3 * float(weight_S.max()) * max(len(now_S), 1)
    equations = np.vstack([(rates_CS * weight_S).T, np.full((1, len(rates_CS)), heavy)])
    shares, _ = nnls(equations, np.append(now_S * weight_S, heavy))
    normalised: Floats = shares / shares.sum()
    return normalised


def _read_reference(reference: Mapping[str, Any], n_features: int) -> tuple[Floats, Floats]:
    try:
        documents, fired = reference["documents"], reference["fired"]
        sizes_C = np.array(list(documents.values()), dtype=np.float64)
        fired_CS = np.array([fired[name] for name in documents], dtype=np.float64)
    except (KeyError, TypeError, ValueError, AttributeError):
        fired_CS, sizes_C = np.zeros((0, 0)), np.zeros(0)
    if fired_CS.shape != (len(sizes_C), n_features) or not sizes_C.all() or not len(sizes_C):
        raise InputError(
            f"expected the fit's firing counts of {counted(n_features, 'feature')} for each class, got something else; "
            "fit the classifier again"
        )
    return sizes_C, fired_CS / sizes_C[:, None]


def _counted(labels: Sequence[str], classes: Sequence[str]) -> Floats:
    return np.array([labels.count(name) for name in classes], dtype=np.float64) / len(labels)


def _chance(fires_NS: NDArray[np.bool_], fit_n: int) -> float:
    """Divergence between two samples of one source with the sizes of the new one and the fit's.

    Bootstrapped from the new documents, by whole documents, which keeps the correlation of features.
    """
    n = len(fires_NS)
    step = -(-n // NOISE_DOCUMENTS)
    sample_NS = fires_NS[::step].astype(np.float32)
    rng = np.random.default_rng(0)
    weights_RN = rng.multinomial(len(sample_NS), np.full(len(sample_NS), 1 / len(sample_NS)), NOISE_DRAWS)
    drawn_RS = weights_RN.astype(np.float32) @ sample_NS / len(sample_NS)
    drawn_R = divergence(drawn_RS.astype(np.float64), sample_NS.mean(axis=0, dtype=np.float64)).mean(axis=1)
    return float(np.quantile(drawn_R, NOISE_LEVEL)) * len(sample_NS) * (1 / n + 1 / fit_n)


def _between(rates_CS: Floats) -> float:
    pairs = [
        divergence(rates_CS[one], rates_CS[other]).mean()
        for one in range(len(rates_CS))
        for other in range(one)
    ]
    return float(np.mean(pairs)) if pairs else 0.0


def _level(unexplained: float, chance: float, scale: float) -> str:
    if unexplained <= chance:
        return NONE
    share = (unexplained - chance) / scale if scale else 1.0
    return SLIGHT if share < CLEAR_FROM else CLEAR if share < STRONG_FROM else STRONG


def _moved(
    features: Sequence[RuleFeature], fit_S: Floats, now_S: Floats, expected_S: Floats, fit_n: int, n: int
) -> tuple[MovedFeature, ...]:
    from scipy.special import ndtri

    pooled_S = (fit_S * fit_n + now_S * n) / (fit_n + n)
    error_S = np.sqrt(pooled_S * (1 - pooled_S) * (1 / n + 1 / fit_n))
    z_S = np.divide(now_S - fit_S, error_S, out=np.zeros_like(now_S), where=error_S > 0)
    divided_S = divergence(fit_S, now_S)
    surprising = float(ndtri(1 - (1 - NOISE_LEVEL) / 2 / max(len(features), 1)))  # Bonferroni
    order = np.argsort(-divided_S, kind="stable")
    chosen = [int(at) for at in order if abs(z_S[at]) > surprising][:MOST_MOVED]
    return tuple(
        MovedFeature(
            layer=features[at].layer,
            feature=features[at].index,
            label=features[at].label,
            fit=_rounded(fit_S[at]),
            now=_rounded(now_S[at]),
            expected=_rounded(expected_S[at]),
            divergence=_rounded(divided_S[at]),
            z=round(float(z_S[at]), 1),
        )
        for at in chosen
    )


def _entropy(p: Floats) -> Floats:
    from scipy.special import xlogy

    entropy: Floats = -(xlogy(p, p) + xlogy(1 - p, 1 - p)) / np.log(2)
    return entropy


def _rounded(value: float) -> float:
    return round(float(value), 6)
