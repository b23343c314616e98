"""Results of `evaluate` as tables for a terminal."""

from __future__ import annotations

from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_files.counted import counted

from scopesift.terminal.tables import Column, FittedTable, decimals, interval, numbers

BINARY_COLUMNS = ("n", "f1", "precision", "recall", "false_positive_rate", "balanced_accuracy", "macro_f1")
MANY_COLUMNS = ("n", "accuracy", "balanced_accuracy", "macro_f1")
NARROW = {
    "precision": "prec.",
    "false_positive_rate": "FPR",
    "balanced_accuracy": "bal. acc.",
    "accuracy": "acc.",
    "macro_f1": "macro-F1",
    "ece": "ECE",
    "f1": "F1",
}
DROPPED = {"f1": 4, "false_positive_rate": 3, "accuracy": 2, "ece": 1}
"""In narrow terminals, those with larger numbers first."""
GROUPS = {"by_source": "by source", "by_lang": "by language"}
MOST_MOVED = 10


def measured_tables(classifier: Classifier, measured: dict[str, Any]) -> list[FittedTable]:
    """Overall with baselines, per source, per language."""
    columns = BINARY_COLUMNS if "f1" in measured else MANY_COLUMNS
    whole = _table(f"{classifier.name} {classifier.version}", [*columns, "95%"])
    whole.add_row("scopesift", *_cells(measured, columns), _ends(measured), style="bold")
    for name, baseline in measured["baselines"].items():
        if isinstance(baseline, dict):
            whole.add_row(name, *_cells(baseline, columns), _ends(baseline))
    found = [whole]
    for group, title in GROUPS.items():
        if len(measured[group]) > 1:
            table = _table(title, [*columns, "ece"])
            for name, part in measured[group].items():
                table.add_row(str(name), *_cells(part, (*columns, "ece")))
            found.append(table)
    return found


def drift_tables(classifier: Classifier, measured: dict[str, Any]) -> list[FittedTable]:
    """The drift with reference values, and the features that changed most."""
    drift = measured["drift"]
    whole = FittedTable(
        [Column("", least=30), *numbers("distance")], title=f"{classifier.name} {classifier.version}: drift"
    )
    whole.add_row("these texts from the fit's", f"{drift['divergence']:.4f}", style="bold")
    whole.add_row("what a different mix of labels does not explain", f"{drift['unexplained']:.4f}")
    whole.add_row(f"chance alone, {counted(drift['n'], 'text')}", f"{drift['chance']:.4f}")
    whole.add_row("the fit's labels from each other", f"{drift['between_classes']:.4f}")
    if not drift["moved"]:
        return [whole]
    moved = FittedTable(
        [Column("feature"), *numbers("fit", "now", "distance"), Column("strongest on", least=16)],
        title="features that changed most",
    )
    for item in drift["moved"][:MOST_MOVED]:
        moved.add_row(
            f"{item['layer']}:{item['feature']}",
            f"{item['fit']:.1%}",
            f"{item['now']:.1%}",
            f"{item['divergence']:.4f}",
            item["label"],
        )
    return [whole, moved]


def _table(title: str, columns: list[str]) -> FittedTable:
    shown = [Column(NARROW.get(one, one), right=True, drop=DROPPED.get(one, 0)) for one in columns]
    return FittedTable([Column(""), *shown], title=title)


def _ends(part: dict[str, Any]) -> str:
    return interval(part["intervals"].get("macro_f1"))


def _cells(part: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    values = [part.get(column) for column in columns]
    return [f"{value:,}" if isinstance(value, int) else decimals(value) for value in values]
