"""A picture of the encodes on a GPU: their times as multiples of the bare product's, by shape of the encoder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from scopesift_classifiers.pages.plots import Axes
from scopesift_files.atomic import write_atomically

from bench.results_file import RESULTS
from bench.textdetox.picture import STYLE

PICTURES = RESULTS.parent.parent / "docs" / "pictures"
FULL = {
    "encode_topk": ("ours", "encode_topk"),
    "torch eager": ("words", "torch"),
    "SAELens (operations written out)": ("probe", "SAELens"),
}
"""By encode: colour and name."""
SELECTED = ("own", "encode_selected, 64 features")
MOST = 3.5


def write(content: dict[str, Any]) -> Path:
    """Write docs/pictures/encode-gpu.svg.

    Args:
        content: encode-gpu.json's.
    """
    drawn = _draw({name: row for name, row in content["rows"].items() if name != "memory"}).svg(
        "time of the encodes on a GPU, in bare products", style=STYLE
    )
    path = PICTURES / "encode-gpu.svg"
    write_atomically(path, partial(_put, drawn + "\n"))
    return path


def _put(drawn: str, temporary: Path) -> None:
    temporary.write_text(drawn, encoding="utf-8")


def _draw(rows: dict[str, Any]) -> Axes:
    names = sorted(rows, key=lambda name: (rows[name]["d_model"], rows[name]["n_features"], rows[name]["k"]))
    axes = Axes(
        "encoder: width, thousands of features, k",
        "time, in bare products",
        x_ends=(-0.5, len(names) - 0.5),
        y_ends=(0.0, MOST),
        x_ticks=[
            (float(at), f"{rows[name]['d_model']}, {rows[name]['n_features'] // 1024}, {rows[name]['k']}")
            for at, name in enumerate(names)
        ],
        y_ticks=[(half / 2, f"{half / 2:g}") for half in range(int(2 * MOST) + 1)],
    )
    axes.line([(-0.5, 1.0), (len(names) - 0.5, 1.0)], "level")
    lines = {
        says: (kind, [rows[name]["ratio"][encode] for name in names]) for encode, (kind, says) in FULL.items()
    }
    lines[SELECTED[1]] = (SELECTED[0], [_selected(rows[name]) for name in names])
    for says, (kind, ratios) in lines.items():
        points = [(float(at), ratio) for at, ratio in enumerate(ratios)]
        axes.line(points, f"line {kind}")
        for x, y in points:
            axes.dot(x, y, kind, radius=3, title=f"{says}: {y:.2f}")
        axes.note(-0.4, ratios[0] + 0.12, says)
    return axes


def _selected(row: dict[str, Any]) -> float:
    """The selection of the goals: 64 features, documents of 512 tokens, fitted floors."""
    return next(
        float(cell["ratio"])
        for cell in row["selected"]
        if (cell["features"], cell["document_tokens"], cell["floors"]) == (64, 512, "fitted")
    )
