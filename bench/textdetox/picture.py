"""The plot of the TextDetox result: F1 by number of labels, with the published figures as lines."""

from __future__ import annotations

import statistics
from contextlib import suppress
from pathlib import Path
from typing import Any

from scopesift_classifiers.pages.plots import Axes
from scopesift_files.atomic import write_atomically

from bench.results_file import RESULTS
from bench.textdetox.cells import (
    ACROSS_MOVED,
    ENGLISH,
    PERSPECTIVE,
    QWEN,
    SHARES,
    SOURCE,
    TRANSFER,
    UNLABELLED,
    Cells,
    NotMeasuredError,
)

DOCS = RESULTS.parent.parent / "docs"
LINES = {
    TRANSFER: ("ours", "scopesift transfer from the other languages"),
    "linear": ("own", "scopesift linear, own labels only"),
    "linear_probe": ("probe", "linear probe, own labels only"),
    "tfidf": ("words", "TF-IDF + logistic regression"),
}
LEVELS = {
    "best": "best LLM",
    "median": "median LLM",
    QWEN: "Qwen 2.5 7B",
    PERSPECTIVE: "Perspective, cut .55",
}
LEAST, MOST = 0.4, 1.0
STYLE = """
svg { color-scheme: light dark; }
text { font: 11px system-ui, sans-serif; fill: #67656e; } .label, .strong { fill: #1c1b1f; }
.grid { stroke: #e2e0e6; fill: none; } .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.ours { stroke: #5b4bd6; } .own { stroke: #a89bff; } .probe { stroke: #0b8793; } .words { stroke: #c26a00; }
circle.ours { fill: #5b4bd6; } circle.own { fill: #a89bff; } circle.probe { fill: #0b8793; }
circle.words { fill: #c26a00; } .level { stroke: #67656e; stroke-dasharray: 4 4; fill: none; }
@media (prefers-color-scheme: dark) { text { fill: #a09da9; } .label, .strong { fill: #ecebf0; }
.grid { stroke: #35333b; } .level { stroke: #a09da9; } }
"""


def write(result: dict[str, Any], out: Path | None = None) -> Path:
    """Write the plot to a file.

    Args:
        result: Content of the JSON file.
        out: Folder; None: `docs/`.

    Returns:
        The file.
    """
    path = (out or DOCS) / "textdetox.svg"
    drawn = picture(Cells(result))
    write_atomically(path, lambda temporary: temporary.write_text(drawn, encoding="utf-8"))
    return path


def picture(cells: Cells) -> str:
    """The plot as SVG; means over the languages other than English with published figures."""
    langs = [lang for lang in cells.published if lang != SOURCE]
    ticks = [(0.0, "none"), *((float(at), size) for at, size in enumerate(SHARES, start=1))]
    axes = Axes(
        "labels of the language",
        f"F1, mean of {', '.join(langs)}",
        x_ends=(0.0, float(len(SHARES))),
        y_ends=(LEAST, MOST),
        x_ticks=ticks,
    )
    for name, says in LEVELS.items():
        level = statistics.fmean(cells.published[lang][name] for lang in langs)
        axes.line([(0.0, level), (float(len(SHARES)), level)], "level")
        axes.note(0.05, level + 0.006, f"{says} {level:.3f}")
    for place, (system, (kind, says)) in enumerate(LINES.items()):
        points = []
        for at, size in enumerate(SHARES, start=1):
            with suppress(NotMeasuredError):
                points.append((float(at), cells.mean(size, system, "f1", langs)))
        axes.line(points, f"line {kind}")
        for x, y in points:
            axes.dot(x, y, kind, radius=3, title=f"{says}: {y:.3f}")
        height = 0.60 - 0.03 * place
        axes.dot(2.6, height + 0.005, kind, radius=3)
        axes.note(2.7, height, says)
    zero = cells.mean(ENGLISH, "linear", "f1", langs)
    axes.dot(0.0, zero, "ours", title=f"English labels only: {zero:.3f}")
    with suppress(NotMeasuredError):
        moved = cells.mean(UNLABELLED, ACROSS_MOVED, "f1", langs)
        axes.dot(
            0.0, moved, "ours", title=f"labels of the other languages, 350 unlabelled texts: {moved:.3f}"
        )
    return axes.svg("F1 on TextDetox against the number of labels of the language", style=STYLE) + "\n"
