"""Results of `evaluate` as tables for a terminal."""

from __future__ import annotations

from typing import Any, Literal

from rich import box
from rich.table import Table
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.counted import counted

BINARY_COLUMNS = ("n", "f1", "precision", "recall", "false_positive_rate", "balanced_accuracy", "macro_f1")
MANY_COLUMNS = ("n", "accuracy", "balanced_accuracy", "macro_f1")
NARROW = {
    "precision": "prec.",
    "false_positive_rate": "FPR",
    "balanced_accuracy": "bal. acc.",
    "accuracy": "acc.",
    "macro_f1": "macro-F1",
    "ece": "ECE",
}
MOST_MOVED = 10


def measured_tables(classifier: Classifier, measured: dict[str, Any]) -> list[Table]:
    """Overall with baselines, per source, per language."""
    columns = BINARY_COLUMNS if "f1" in measured else MANY_COLUMNS
    whole = _table(f"{classifier.name} {classifier.version}", ["", *columns, "95%"])
    whole.add_row("scopesift", *_cells(measured, columns), _ends(measured), style="bold")
    for name, baseline in measured["baselines"].items():
        if isinstance(baseline, dict):
            whole.add_row(name, *_cells(baseline, columns), _ends(baseline))
    found = [whole]
    for group in ("by_source", "by_lang"):
        if len(measured[group]) > 1:
            table = _table(group, ["", *columns, "ece"])
            for name, part in measured[group].items():
                table.add_row(str(name), *_cells(part, (*columns, "ece")))
            found.append(table)
    return found


def drift_tables(classifier: Classifier, measured: dict[str, Any]) -> list[Table]:
    """The drift with reference values, and the features that changed most."""
    drift = measured["drift"]
    whole = _table(f"{classifier.name} {classifier.version}: drift", ["", "distance"])
    whole.add_row("these texts from the fit's", f"{drift['divergence']:.4f}", style="bold")
    whole.add_row("what a different mix of labels does not explain", f"{drift['unexplained']:.4f}")
    whole.add_row(f"chance alone, {counted(drift['n'], 'text')}", f"{drift['chance']:.4f}")
    whole.add_row("the fit's labels from each other", f"{drift['between_classes']:.4f}")
    if not drift["moved"]:
        return [whole]
    moved = _table(
        "features that changed most", ["layer", "feature", "fit", "now", "distance", "strongest on"]
    )
    for item in drift["moved"][:MOST_MOVED]:
        moved.add_row(
            str(item["layer"]),
            str(item["feature"]),
            f"{item['fit']:.1%}",
            f"{item['now']:.1%}",
            f"{item['divergence']:.4f}",
            item["label"],
        )
    return [whole, moved]


def _table(title: str, columns: list[str]) -> Table:
    # narrow enough for 80 columns, the width in pipes
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=0)
    for column in columns:
        side: Literal["left", "right"] = "left" if column in ("", "strongest on") else "right"
        table.add_column(NARROW.get(column, column), justify=side, no_wrap=column != "strongest on")
    return table


def _ends(part: dict[str, Any]) -> str:
    ends = part["intervals"].get("macro_f1")
    return f"{ends[0]:.3f}–{ends[1]:.3f}" if ends else "–"


def _cells(part: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    values = [part.get(column) for column in columns]
    return [
        "–" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}" for value in values
    ]
