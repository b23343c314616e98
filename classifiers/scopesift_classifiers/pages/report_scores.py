"""Sections of the report about scores: cuts for wanted rates, and whether scores are probabilities."""

from __future__ import annotations

from html import escape
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.measuring.calibration_error import MIN_DOCUMENTS, reliability
from scopesift_classifiers.measuring.cuts import FALSE_POSITIVE_RATE, PRECISION, RATES, RECALL, Requirement
from scopesift_classifiers.measuring.intervals import wilson
from scopesift_classifiers.measuring.operating_points import precision_recall, thinned
from scopesift_classifiers.pages.page import folded, html_table
from scopesift_classifiers.pages.plots import Axes
from scopesift_classifiers.pages.report_words import BASELINE_NAMES, METRIC_NAMES, language_name

SHOWN_BY_LANGUAGE = {FALSE_POSITIVE_RATE: 0.05, PRECISION: 0.9, RECALL: 0.9}


def cut_section(
    measured: dict[str, Any],
    truth_N: list[bool],
    scores_N: list[float],
    beside: dict[str, Any],
    positive: str,
) -> str:
    """Precision and recall at every cut, and cuts for required values."""
    curve = precision_recall(scores_N, truth_N)
    axes = Axes(f"recall: share of the {positive} texts found", "precision: share of flags that are right")
    share = sum(truth_N) / len(truth_N)
    axes.line([(0, share), (1, share)], "even")
    # a step between two cuts, since points between them can't be chosen
    steps = [point for cut, p, r in thinned(curve) for point in ((r, p),)]
    axes.line(steps)
    for name, part in beside.items():
        title = f"{BASELINE_NAMES[name]}: precision {part['precision']:.3f}, recall {part['recall']:.3f}"
        axes.dot(part["recall"], part["precision"], f"of-{name}", title=title)
    now = f"now: precision {measured['precision']:.3f}, recall {measured['recall']:.3f}"
    axes.dot(measured["recall"], measured["precision"], "point", radius=6, title=now)
    legend = "".join(
        f'<span><i class="swatch of-{name}"></i>{BASELINE_NAMES[name]}</span>' for name in beside
    )
    points = measured["thresholds"]
    tables = []
    for rate, other in ((PRECISION, RECALL), (RECALL, PRECISION), (FALSE_POSITIVE_RATE, RECALL)):
        rows = [[_wanted(rate, point["required"]), *_cells(point, (rate, other))] for point in points[rate]]
        header = ["wanted", "cut at score (95%)", METRIC_NAMES[rate], METRIC_NAMES[other]]
        tables.append(html_table(header, rows, numbers_from=1))
    return (
        f'<div class="figures"><figure>{axes.svg("Precision and recall at every cut")}'
        f'<figcaption><div class="legend"><span><i class="swatch"></i>this classifier; the dot is its present cut'
        f"</span>{legend}</div>The dashed line is what flagging at random gives. Average precision "
        f"{points['average_precision']:.3f}.</figcaption></figure><div>"
        "<p>Raise the cut and fewer harmless texts are flagged, but more is missed. "
        "Which score to cut at, for a wanted precision, recall or false-positive rate:</p>"
        f"{''.join(tables)}</div></div>{_cuts_by_language(measured['by_lang'])}"
        '<p class="dim">These cuts are chosen and measured on the same texts, which flatters them a little: choose on '
        "one file and confirm on another (scopesift recut, then evaluate). Precision depends on how frequent the label "
        "is; recall and the false-positive rate do not.</p>"
    )


def calibration_section(
    measured: dict[str, Any], outcome_N: list[bool], scores_N: list[float], what: str
) -> str:
    """Calibration: whether 8 of 10 texts with a score of .8 are positive."""
    bins = reliability(scores_N, outcome_N, bins=10)
    axes = Axes("score", f"share that {what}")
    axes.line([(0, 0), (1, 1)], "even")
    most = float(bins.documents.max())
    for score, share, count in zip(bins.predicted, bins.observed, bins.documents, strict=True):
        low, high = wilson(float(share), int(count))
        axes.upright(float(score), low, high)
        radius = 3 + 5 * (float(count) / most) ** 0.5
        axes.dot(
            float(score),
            float(share),
            radius=radius,
            title=f"{counted(int(count), 'text')}: score {score:.2f}, {share:.2f}",
        )
    ece = measured["ece"]
    if ece is None:
        error = f"The expected calibration error is not given: it {measured['ece_reason']}."
    else:
        (low, high), chance = measured["ece_interval"], measured["ece_by_chance"]
        error = (
            f"Scores are off by {ece:.3f} on average (expected calibration error, {low:.3f} to {high:.3f}). Exact "
            f"probabilities would be off by {chance['mean']:.3f} by chance, rarely by more than {chance['p95']:.3f}."
        )
    return (
        f'<div class="figures"><figure>{axes.svg("Score against what is observed")}</figure><div>'
        f"<p>{escape(error)}</p><p>Each dot is a group of texts with similar scores, larger for more texts. On the "
        f"dashed line a score is a probability: of the texts that score .8, 8 of 10 {escape(what)}. Below it, scores "
        "promise too much; above it, too little. Upright lines are 95% intervals.</p>"
        '<p class="dim">Scores are calibrated to how frequent the labels were in the fit. Where they are much rarer, '
        f"scores are too high until the prior is set anew.</p>{_calibration_by_language(measured['by_lang'])}"
        "</div></div>"
    )


def _cuts_by_language(by_lang: dict[str, Any]) -> str:
    """Tables of the cuts of every language for the rates of `SHOWN_BY_LANGUAGE`; empty for one language."""
    tables: list[str] = []
    for rate, value in SHOWN_BY_LANGUAGE.items():
        points = {
            lang: next(point for point in own["thresholds"][rate] if point["required"] == value)
            for lang, own in by_lang.items()
            if "thresholds" in own
        }
        if not points:
            return ""
        rows = [
            [language_name(lang), f"{by_lang[lang]['n']:,}", *_cells(point, RATES)]
            for lang, point in points.items()
        ]
        header = ["", "texts", "cut at score (95%)", *(METRIC_NAMES[name] for name in RATES)]
        reasons = "".join(
            f'<p class="dim">{escape(language_name(lang))}: {escape(point["reason"])}</p>'
            for lang, point in points.items()
            if point["cut"] is None
        )
        title = f"Cuts of each language for {_wanted(rate, value)}"
        tables.append(folded(title, html_table(header, rows, numbers_from=1) + reasons, opened=not tables))
    return (
        "<h3>The same in every language</h3><p>One score does not mean the same in every language. With a cut of its "
        f"own each language has the same rate:</p>{''.join(tables)}"
    )


def _calibration_by_language(by_lang: dict[str, Any]) -> str:
    """The calibration error of every language; empty for one language."""
    if len(by_lang) < 2:
        return ""
    rows = []
    for lang, own in by_lang.items():
        cells = ["–", "–", "–"]
        if own["ece"] is not None:
            chance = own["ece_by_chance"]
            cells = [
                f"{own['ece']:.3f}",
                _ends(own["ece_interval"]),
                f"{chance['mean']:.3f}, rarely over {chance['p95']:.3f}",
            ]
        rows.append([language_name(lang), f"{own['n']:,}", *cells])
    header = ["", "texts", "calibration error", "95%", "by chance alone"]
    few = any(own["ece"] is None for own in by_lang.values())
    return folded("Calibration error by language", html_table(header, rows, numbers_from=1)) + (
        f'<p class="dim">The error of a language takes at least {MIN_DOCUMENTS} texts.</p>' if few else ""
    )


def _wanted(rate: str, value: float) -> str:
    sign = "≤" if Requirement(rate, value).is_limit else "≥"
    return f"{METRIC_NAMES[rate]} {sign} {value:g}"


def _cells(point: dict[str, Any], rates: tuple[str, ...]) -> list[str]:
    """The cut with its interval, and the rates."""
    if point["cut"] is None:
        return ["cannot be had", *("–" for _ in rates)]
    shown = ["–" if point[rate] is None else f"{point[rate]:.3f}" for rate in rates]
    return [f"{point['cut']:.3f} ({_ends(point['cut_interval'])})", *shown]


def _ends(interval: list[float]) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}"
