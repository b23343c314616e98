"""The curves as pictures: cost against what is varied, both in powers of ten or two."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

from scopesift_classifiers.pages.plots import Axes
from scopesift_files.atomic import write_atomically

from bench.curves.systems import E5_WHOLE, LANGID, TFIDF, XLMR
from bench.curves.tables import TITLES, scale
from bench.results_file import RESULTS
from bench.textdetox.picture import STYLE

PICTURES = RESULTS.parent.parent / "docs" / "pictures"
KINDS = {
    "ONNX Runtime": ("ours", "scopesift, ONNX Runtime"),
    "torch": ("own", "scopesift, torch"),
    "bare products": ("floor", "bare products"),
    XLMR: ("xlmr", "XLM-R base"),
    E5_WHOLE: ("probe", "e5, 12 blocks"),
    TFIDF: ("words", "TF-IDF + LR"),
    LANGID: ("langid", "py3langid"),
}
"""By system: colour and name."""
MORE_STYLE = """
.floor { stroke: #67656e; stroke-dasharray: 5 4; } circle.floor { fill: #67656e; }
.xlmr { stroke: #d1478c; } circle.xlmr { fill: #d1478c; } .langid { stroke: #3f8f3f; } circle.langid { fill: #3f8f3f; }
@media (prefers-color-scheme: dark) { .floor { stroke: #a09da9; } circle.floor { fill: #a09da9; } }
"""


def write(content: dict[str, Any], out: Path | None = None) -> list[Path]:
    """Write a picture of each curve as SVG.

    Args:
        content: The JSON file's.
        out: Folder; None: docs/pictures.

    Returns:
        The files.
    """
    paths = []
    for curve, points in content["curves"].items():
        path = (out or PICTURES) / f"curve-{curve.replace('_', '-')}.svg"
        drawn = _draw(curve, points).svg(", ".join(TITLES[curve]), style=STYLE + MORE_STYLE) + "\n"
        write_atomically(path, partial(_put, drawn))
        paths.append(path)
    return paths


def _put(drawn: str, temporary: Path) -> None:
    temporary.write_text(drawn, encoding="utf-8")


def _draw(curve: str, points: dict[str, dict[str, float]]) -> Axes:
    axis, unit = TITLES[curve]
    costs = [math.log10(cost * scale(curve)) for own in points.values() for cost in own.values()]
    low, high = math.floor(min(costs)), math.ceil(max(costs))
    place = {value: float(at) for at, value in enumerate(points)}
    axes = Axes(
        axis,
        unit,
        x_ends=(0.0, max(1.0, float(len(points) - 1))),
        y_ends=(low, high),
        x_ticks=[(at, value) for value, at in place.items()],
        y_ticks=[(float(power), f"{10.0**power:g}") for power in range(low, high + 1)],
    )
    for height, (system, (kind, says)) in enumerate(KINDS.items()):
        line = [
            (place[value], math.log10(own[system] * scale(curve)))
            for value, own in points.items()
            if system in own
        ]
        if not line:
            continue
        axes.line(line, f"line {kind}")
        for x, y in line:
            axes.dot(x, y, kind, radius=3, title=f"{says}: {10**y:.3g} {unit}")
        axes.note(line[-1][0], line[-1][1] + 0.02 * (high - low) * (1 + height % 2), says, anchor="end")
    return axes
