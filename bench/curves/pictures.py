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
from bench.markdown import three_digits
from bench.results_file import RESULTS
from bench.textdetox.picture import STYLE

PICTURES = RESULTS.parent.parent / "docs" / "pictures"
KINDS = {
    "ONNX Runtime": ("ours", "scopesift, ONNX"),
    "torch": ("own", "scopesift, torch"),
    "bare products": ("floor", "bare products"),
    XLMR: ("xlmr", "XLM-R base"),
    E5_WHOLE: ("probe", "e5, 12 blocks"),
    TFIDF: ("words", "TF-IDF + LR"),
    LANGID: ("langid", "py3langid"),
}
"""By system: colour and name."""
NAMES_SHARE, MOST_NAMES = 0.32, 18
"""Share of the width that the names take beside the lines, and how many have room one above the other."""
WIDE = 100
"""Of the axis, most over least, from which on only powers of ten are named."""
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
    costs = [cost * scale(curve) for own in points.values() for cost in own.values()]
    ticks = _ticks(min(costs), max(costs))
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    place = {value: float(at) for at, value in enumerate(points)}
    last = max(1.0, float(len(points) - 1))
    axes = Axes(
        axis,
        unit,
        x_ends=(0.0, last / (1 - NAMES_SHARE)),
        y_ends=(low, high),
        x_ticks=[(at, value) for value, at in place.items()],
        y_ticks=[(math.log10(rung), f"{rung:g}") for rung in ticks],
    )
    ends: dict[str, float] = {}
    for system, (kind, says) in KINDS.items():
        line = [
            (place[value], math.log10(own[system] * scale(curve)))
            for value, own in points.items()
            if system in own
        ]
        if not line:
            continue
        axes.line(line, f"line {kind}")
        for x, y in line:
            axes.dot(x, y, kind, radius=3, title=f"{says}: {three_digits(10**y)} {unit}")
        ends[system] = line[-1][1]
    for system, y in _apart(ends, (high - low) / MOST_NAMES).items():
        kind, says = KINDS[system]
        axes.dot(last * 1.05, y + 0.3 * (high - low) / MOST_NAMES, kind, radius=3)
        axes.note(last * 1.09, y, says)
    return axes


def _ticks(least: float, most: float) -> list[float]:
    """Numbers of 1, 2 and 5 times a power of ten from below `least` to above `most`; few in a wide range."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    steps = (1, 2, 5) if most / least < WIDE else (1,)
    every = [step * 10.0**power for power in powers for step in steps]
    first = max(at for at, rung in enumerate(every) if rung <= least)
    return every[first : 1 + next(at for at, rung in enumerate(every) if rung >= most and at > first)]


def _apart(heights: dict[str, float], least: float) -> dict[str, float]:
    """Heights of names in their order, moved so that no two are nearer than `least`."""
    moved: dict[str, float] = {}
    below = -math.inf
    for name in sorted(heights, key=lambda one: heights[one]):
        below = moved[name] = max(heights[name], below + least)
    return moved
