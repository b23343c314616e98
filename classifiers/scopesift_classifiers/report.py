"""The evaluation report as a page: the classifier beside its baselines, per source and per language."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.page import html_table, write_page

_BINARY = ("f1", "precision", "recall", "balanced_accuracy", "macro_f1")
_MANY = ("accuracy", "balanced_accuracy", "macro_f1")


def write_report(path: Path, classifier: Classifier, measured: dict[str, Any], data: str) -> None:
    """Write the page.

    Args:
        path: The file, replaced whole.
        classifier: What was measured.
        measured: What `assessment.assess` returned.
        data: Name of the data set.
    """
    columns = _BINARY if "f1" in measured else _MANY
    parts = [
        f'<p class="dim">version {classifier.version}, scope {escape(classifier.scope["id"])}, '
        f"{measured['n']} rows of {escape(data)}</p>",
        "<h2>Beside the baselines of the same run</h2>",
        _bars(classifier.name, measured),
        _group({classifier.name: measured, **_fitted(measured["baselines"])}, columns),
    ]
    if measured["baselines"]["reason"]:
        parts.append(f'<p class="dim">Missing baselines: {escape(measured["baselines"]["reason"])}.</p>')
    for title, key in (("By source", "by_source"), ("By language", "by_lang")):
        parts += [f"<h2>{title}</h2>", _group(measured[key], columns)]
    if "per_class" in measured:
        parts += ["<h2>By label</h2>", _group(measured["per_class"], ("precision", "recall", "f1"))]
    ece = measured["ece"]
    parts.append(
        f"<p>Expected calibration error: {'–, ' + str(measured['ece_reason']) if ece is None else ece}.</p>"
    )
    shown = classifier.default.features[:40]
    features = [[str(item.layer), str(item.index), item.label, f"{item.threshold:g}"] for item in shown]
    table = html_table(["layer", "feature", "strongest on", "threshold"], features, numbers_from=3)
    parts += ["<h2>Features</h2>", table]
    write_page(path, f"{classifier.name} on {data}", "".join(parts))


def _fitted(baselines: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in baselines.items() if isinstance(value, dict)}


def _bars(name: str, measured: dict[str, Any]) -> str:
    rows = {name: measured, **_fitted(measured["baselines"])}
    bars = "".join(
        f"<tr><td>{escape(label)}</td><td class=n>{part['macro_f1']:.3f}</td>"
        f'<td style="width:60%"><span class="bar" style="width:{100 * part["macro_f1"]:.0f}%"></span></td></tr>'
        for label, part in rows.items()
        if part["macro_f1"] is not None
    )
    return f"<table><tr><th>macro-F1</th><th></th><th></th></tr>{bars}</table>"


def _group(parts: dict[str, Any], columns: tuple[str, ...]) -> str:
    rows = [
        [str(name), str(part["n"]) if "n" in part else "–", *(_cell(part.get(column)) for column in columns)]
        for name, part in parts.items()
    ]
    return html_table(["", "n", *columns], rows, numbers_from=1)


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
