"""The study's pictures: by number of labels, number of features, layer and language."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from scopesift_classifiers.pages.plots import Axes, Point
from scopesift_files.atomic import write_atomically

from bench.study.cells import ENGLISH, OWN, Study
from bench.study.tables import METRIC, ON_A_LAYER
from bench.textdetox.cells import (
    ACROSS_MOVED,
    ALL,
    LANGUAGES,
    OTHERS,
    PERSPECTIVE,
    SHARES,
    TFIDF,
    TRANSFER,
    UNLABELLED,
    NotMeasuredError,
)
from bench.textdetox.picture import DOCS, STYLE

KINDS = {TRANSFER: "ours", "linear": "own", "greedy": "short", "linear_probe": "probe", TFIDF: "words"}
SAYS = {
    TRANSFER: "scopesift transfer",
    "linear": "scopesift linear",
    "greedy": "scopesift greedy",
    "linear_probe": "linear probe",
    TFIDF: "TF-IDF + logistic regression",
}
MORE_STYLE = """
.short { stroke: #d1478c; } circle.short { fill: #d1478c; } .dashed { stroke-dasharray: 5 4; }
circle.llm { fill: #67656e; } circle.perspective { fill: none; stroke: #67656e; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) { circle.llm { fill: #a09da9; } circle.perspective { stroke: #a09da9; } }
"""


def write(study: Study, out: Path | None = None) -> list[Path]:
    """Write the pictures as SVG.

    Args:
        study: The numbers.
        out: Folder; None: `docs/`.

    Returns:
        The files.
    """
    paths = []
    for name, draw in PICTURES.items():
        path = (out or DOCS) / f"study-{name}.svg"
        drawn = draw(study).svg(f"TextDetox by {name}", style=STYLE + MORE_STYLE) + "\n"
        write_atomically(path, partial(_put, drawn))
        paths.append(path)
    return paths


def by_labels(study: Study) -> Axes:
    """Mean balanced accuracy against the number of labels."""
    ticks = [(0.0, "none"), *((float(at), size) for at, size in enumerate(SHARES, start=1))]
    axes = Axes(
        "labels of the language",
        "balanced accuracy, mean of 8",
        x_ends=(0.0, float(len(SHARES))),
        y_ends=(0.5, 0.9),
        x_ticks=ticks,
    )
    for system, kind in KINDS.items():
        points: list[Point] = []
        for at, size in enumerate(SHARES, start=1):
            with suppress(NotMeasuredError):
                points.append((float(at), study.labels.mean(size, system, METRIC)))
        _curve(axes, points, kind)
        cell, name = (UNLABELLED, ACROSS_MOVED) if system == TRANSFER else (ENGLISH, system)
        with suppress(NotMeasuredError):
            axes.dot(0.0, study.labels.mean(cell, name, METRIC), kind, title="no labels of the language")
    _legend(axes, KINDS, 3.1, 0.6, 0.02)
    return axes


def by_features(study: Study) -> Axes:
    """Mean balanced accuracy against the number of features; the probe and TF-IDF as levels."""
    ends = (0.0, 10.0)
    axes = Axes(
        "features of the rule",
        "balanced accuracy, mean of 8, all labels",
        x_ends=ends,
        y_ends=(0.5, 0.9),
        x_ticks=[(float(power), str(2**power)) for power in range(11)],
    )
    for system in ("linear_probe", TFIDF):
        with suppress(NotMeasuredError):
            level = study.labels.mean(ALL, system, METRIC)
            axes.line([(ends[0], level), (ends[1], level)], f"line dashed {KINDS[system]}")
    for system in ("linear", "greedy"):
        with suppress(NotMeasuredError):
            sizes = study.by_size_mean(system, METRIC)
            points = [(math.log2(size), value) for size, value in sizes.items()]
            if system == "greedy":
                points.append((4.0, study.labels.mean(ALL, system, METRIC)))
            _curve(axes, points, KINDS[system])
    _legend(axes, ("linear", "greedy", "linear_probe", TFIDF), 5.4, 0.6, 0.02)
    return axes


def by_layer(study: Study) -> Axes:
    """The linear fit and the probe by layer: mean balanced accuracy with all labels, and with English labels."""
    layers = study.layers
    places = [f"layer {layer}" for layer in layers] + ["all layers"]
    axes = Axes(
        "",
        "balanced accuracy, mean of 8",
        x_ends=(-0.5, len(places) - 0.5),
        y_ends=(0.5, 0.9),
        x_ticks=[(float(at), says) for at, says in enumerate(places)],
    )
    for labels, cell, dashed in ((OWN, ALL, ""), (ENGLISH, ENGLISH, " dashed")):
        for system in ON_A_LAYER:
            points: list[Point] = []
            for at, layer in enumerate(layers):
                with suppress(NotMeasuredError):
                    values = [study.on_layer(lang, labels, system, layer, METRIC) for lang in OTHERS]
                    points.append((float(at), statistics.fmean(values)))
            with suppress(NotMeasuredError):
                points.append((float(len(layers)), study.labels.mean(cell, system, METRIC)))
            _curve(axes, points, KINDS[system], dashed)
    _legend(axes, ON_A_LAYER, -0.4, 0.58, 0.02)
    axes.note(-0.42, 0.535, "solid: all labels of the language; dashed: English labels only")
    return axes


def by_language(study: Study) -> Axes:
    """F1 by language with all labels, beside Perspective and the language models."""
    axes = Axes(
        "",
        "F1, all labels",
        x_ends=(-0.5, len(LANGUAGES) - 0.5),
        y_ends=(0.0, 1.0),
        x_ticks=[(float(at), lang) for at, lang in enumerate(LANGUAGES)],
    )
    published = study.labels.published
    for at, lang in enumerate(LANGUAGES):
        figures = published.get(lang)
        if figures:
            axes.upright(at - 0.3, figures["median"], figures["best"], "level")
            axes.dot(at - 0.3, figures["median"], "llm", radius=3, title=f"median LLM, {lang}")
            axes.dot(at - 0.3, figures[PERSPECTIVE], "perspective", radius=3, title=f"Perspective, {lang}")
        for shift, system in ((-0.1, "linear"), (0.1, "linear_probe"), (0.3, TFIDF)):
            with suppress(NotMeasuredError):
                value = study.labels.value(lang, ALL, system, "f1")
                axes.dot(
                    at + shift, value, KINDS[system], radius=3, title=f"{SAYS[system]}, {lang}: {value:.3f}"
                )
    _legend(axes, ("linear", "linear_probe", TFIDF), -0.3, 0.3, 0.055)
    for height, kind, says in (
        (0.135, "llm", "median LLM, line up to the best one"),
        (0.08, "perspective", "Perspective"),
    ):
        axes.dot(-0.3, height + 0.012, kind, radius=3)
        axes.note(-0.1, height, says)
    return axes


def _curve(axes: Axes, points: Sequence[Point], kind: str, more: str = "") -> None:
    if points:
        axes.line(points, f"line {kind}{more}")
    for x, y in points:
        axes.dot(x, y, kind, radius=3, title=f"{y:.3f}")


def _legend(axes: Axes, systems: Sequence[str] | dict[str, str], x: float, y: float, step: float) -> None:
    """Names of the systems below each other, from (x, y) down."""
    beside = (axes.x_ends[1] - axes.x_ends[0]) / 50
    for place, system in enumerate(systems):
        height = y - step * place
        axes.dot(x, height + step / 4, KINDS[system], radius=3)
        axes.note(x + beside, height, SAYS[system])


def _put(drawn: str, temporary: Path) -> None:
    temporary.write_text(drawn, encoding="utf-8")


PICTURES: dict[str, Callable[[Study], Axes]] = {
    "labels": by_labels,
    "features": by_features,
    "layers": by_layer,
    "languages": by_language,
}
