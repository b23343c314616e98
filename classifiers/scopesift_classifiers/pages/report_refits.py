"""Quality against the number of labels and of features, measured on the report's own texts."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from math import log2
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.pages.page import folded, html_table
from scopesift_classifiers.pages.plots import Axes, Point
from scopesift_classifiers.pages.report_words import METRIC_NAMES

MEANS = {"score": "line ours", "tfidf": "line of-tfidf"}


def refits_section(curves: dict[str, Any]) -> str:
    """Two curves with their table.

    Args:
        curves: Result of `refits.refit_curves`.
    """
    what = METRIC_NAMES[curves["metric"]]
    rows = [
        [f"{point['rows']:,}", _spread(point["score"]), _spread(point["tfidf"]), _range(point["features"])]
        for point in curves["labels"]
    ]
    header = ["labelled texts", f"{what}, linear", f"{what}, TF-IDF", "features chosen"]
    by_size = [[f"{point['features']:,}", f"{point['score']:.2f}"] for point in curves["features"]]
    tables = (
        html_table(header, rows, numbers_from=0),
        html_table(["features", what], by_size, numbers_from=0),
    )
    return (
        "<p>Fitted again on parts of the rows of <code>--fit-data</code>, over the same layers, and measured on the "
        "texts of this report. A curve that still rises at its right end says: label more.</p>"
        '<div class="legend"><span><i class="swatch"></i>features, linear</span>'
        '<span><i class="swatch of-tfidf"></i>TF-IDF + logistic regression on the same rows</span></div>'
        f'<div class="figures"><figure>{_by_labels(curves, what)}<figcaption>By number of labelled texts: mean over '
        f"draws, with all draws as dots.</figcaption></figure><figure>{_by_features(curves, what)}<figcaption>"
        f"By number of features, with all {counted(curves['labels'][-1]['rows'], 'labelled text')}."
        "</figcaption></figure></div>"
        + folded("Numbers", "".join(tables))
        + '<p class="dim">A fifth of each draw is held out and chooses the number of features and the cut. Small '
        "differences between neighbouring points are chance.</p>"
    )


def _by_labels(curves: dict[str, Any], what: str) -> str:
    points = curves["labels"]
    values = [value for point in points for key in MEANS for value in point[key]]
    places = [log2(point["rows"]) for point in points]
    ticks = [(x, f"{point['rows']:,}") for x, point in zip(places, points, strict=True)]
    axes = Axes("labelled texts", what, x_ends=_ends(places), y_ends=(_floor(values), 1.0), x_ticks=ticks)
    for key, kind in MEANS.items():
        axes.line([(x, statistics.fmean(point[key])) for x, point in zip(places, points, strict=True)], kind)
        for x, point in zip(places, points, strict=True):
            for value in point[key]:
                dot = "point" if key == "score" else "of-tfidf"
                axes.dot(x, value, dot, radius=2.5, title=f"{counted(point['rows'], 'text')}: {value:.2f}")
    return axes.svg("Quality against the number of labelled texts")


def _by_features(curves: dict[str, Any], what: str) -> str:
    points = curves["features"]
    places = [log2(point["features"]) for point in points]
    ticks = [(x, f"{point['features']:,}") for x, point in zip(places, points, strict=True)]
    floor = _floor([point["score"] for point in points])
    axes = Axes("features", what, x_ends=_ends(places), y_ends=(floor, 1.0), x_ticks=ticks)
    line: list[Point] = [(x, point["score"]) for x, point in zip(places, points, strict=True)]
    axes.line(line)
    for (x, value), point in zip(line, points, strict=True):
        axes.dot(x, value, radius=3, title=f"{counted(point['features'], 'feature')}: {value:.2f}")
    return axes.svg("Quality against the number of features")


def _ends(places: Sequence[float]) -> Point:
    return places[0], max(places[-1], places[0] + 1)


def _floor(values: Sequence[float]) -> float:
    """The largest multiple of a fifth that is not above the lowest: four even steps from it to 1."""
    return int(min(values) * 5) / 5


def _spread(values: Sequence[float]) -> str:
    mean = statistics.fmean(values)
    return f"{mean:.2f}" if len(values) < 2 else f"{mean:.2f} ± {statistics.stdev(values):.2f}"


def _range(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
