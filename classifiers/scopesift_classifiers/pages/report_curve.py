"""Quality of a linear classifier by number of features, and of other presets on the same rows."""

from __future__ import annotations

from html import escape
from math import log2
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.pages.page import html_table
from scopesift_classifiers.pages.plots import Axes

PRESET = "preset "
METRICS = ("macro_f1", "balanced_accuracy", "accuracy")


def curve_section(classifier: Classifier) -> str | None:
    """The fit's curve with the chosen number marked; None for a classifier without one."""
    curve: list[dict[str, Any]] = classifier.fit.get("linear", {}).get("curve", [])
    if not curve:
        return None
    what = _objective(classifier)
    chosen = len(classifier.default.features)
    points = [(log2(max(point["features"], 1)), float(point["dev_objective"])) for point in curve]
    low = min(value for _, value in points)
    floor = max(0.0, (int(low * 20) - 1) / 20)  # a twentieth or two below the lowest
    ends = (points[0][0], max(points[-1][0], points[0][0] + 1))
    ticks = [(x, f"{point['features']:,}") for (x, _), point in zip(points, curve, strict=True)]
    axes = Axes("features", f"{what} on dev rows", x_ends=ends, y_ends=(floor, 1.0), x_ticks=ticks)
    axes.line(points)
    for (x, value), point in zip(points, curve, strict=True):
        own = point["features"] == chosen
        axes.dot(
            x, value, radius=6 if own else 3, title=f"{counted(point['features'], 'feature')}: {value:.3f}"
        )
    rows = [
        [f"{point['features']:,}" + (" (chosen)" if point["features"] == chosen else ""), f"{value:.3f}"]
        for (_, value), point in zip(points, curve, strict=True)
    ]
    return (
        f'<div class="figures"><figure>{axes.svg("Quality against the number of features")}<figcaption>The larger dot '
        f"is the number that is used: the smallest one that is about as good as the best.</figcaption></figure><div>"
        f"<p>Weights over {counted(chosen, 'feature')}, fitted in closed form. Fewer are easier to read, more know "
        "more; a rule of a handful with thresholds is what <code>fit --preset greedy</code> makes.</p>"
        f"{html_table(['features', what], rows, numbers_from=1)}</div></div>{_presets(classifier)}"
    )


def _objective(classifier: Classifier) -> str:
    if classifier.kind != BINARY:
        return "accuracy"
    name = str(classifier.fit.get("objective", {}).get("name", "macro_f1"))
    return {"macro_f1": "macro-F1", "f1": "F1"}.get(name, name.replace("_", " "))


def _presets(classifier: Classifier) -> str:
    """Other presets: on the dev rows of the fit, and on other data measured with it."""
    parts = []
    on_dev = classifier.fit.get("presets_on_dev")
    if on_dev:
        rows = [[preset, f"{value:.3f}"] for preset, value in on_dev.items()]
        parts.append(html_table(["preset", f"{_objective(classifier)} on dev rows"], rows, numbers_from=1))
    beside = {
        data: measured for data, measured in classifier.quality.items() if PRESET in data or data == "test"
    }
    if any(PRESET in data for data in beside):
        rows = [
            [data, *(_number(measured.get(name)) for name in METRICS)] for data, measured in beside.items()
        ]
        header = ["measured on", "macro-F1", "balanced accuracy", "accuracy"]
        parts.append(html_table(header, rows, numbers_from=1))
    return "".join(["<h3>Beside other presets</h3>", *parts]) if parts else ""


def _number(value: Any) -> str:
    return escape(f"{value:.3f}") if isinstance(value, int | float) else "–"
