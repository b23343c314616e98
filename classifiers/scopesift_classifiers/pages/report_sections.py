"""Sections of the report that only need the metrics."""

from __future__ import annotations

from html import escape
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.pages.page import folded, html_table
from scopesift_classifiers.pages.plots import interval_row
from scopesift_classifiers.pages.report_words import (
    BASELINE_NAMES,
    FEW,
    METRIC_NAMES,
    TERMS,
    language_name,
    of_all,
    standing,
)

BINARY_METRICS = ("macro_f1", "balanced_accuracy", "f1", "precision", "recall")
MANY_METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
COUNTED_OVER = {"recall": "n_positive", "precision": "n_flagged", "accuracy": "n"}  # denominators
FEW_TEXTS = 50
SCALE = (
    '<div class="row"><span></span><span class="scale"><span>0</span><span>.25</span><span>.5</span><span>.75</span>'
    "<span>1</span></span><span></span></div>"
)


def tiles(measured: dict[str, Any]) -> str:
    """The main metrics."""
    chosen = ("macro_f1", "balanced_accuracy", "recall", "precision") if "f1" in measured else MANY_METRICS
    words = {
        "recall": "found, of those that should be (recall)",
        "precision": "right, of those flagged (precision)",
    }
    parts = []
    for name in chosen:
        value, ends = measured[name], measured["intervals"].get(name)
        if value is not None:
            between = f"<small>{ends[0]:.3f} to {ends[1]:.3f}</small>" if ends else ""
            n = measured.get(COUNTED_OVER[name]) if name in COUNTED_OVER else None
            shown = f"{value:.3f}" if n is None or n >= FEW else of_all(value, n)
            parts.append(
                f'<div class="tile"><b>{shown}</b><span>{words.get(name, METRIC_NAMES[name])}</span>{between}</div>'
            )
    return f'<div class="tiles">{"".join(parts)}</div>'


def beside_baselines(name: str, measured: dict[str, Any]) -> str:
    """The classifier and the three baselines of the same run."""
    parts = {name: measured, **fitted(measured)}
    rows = [
        interval_row(
            BASELINE_NAMES.get(own, own),
            part["macro_f1"],
            part["intervals"].get("macro_f1"),
            kind=f"of-{own}" if own in BASELINE_NAMES else "",
        )
        for own, part in parts.items()
    ]
    columns = BINARY_METRICS if "f1" in measured else MANY_METRICS
    table = metric_table(
        {BASELINE_NAMES.get(own, own): part for own, part in parts.items()}, columns, intervals=True
    )
    reason = measured["baselines"]["reason"]
    some = reason and fitted(measured)
    missing = f'<p class="dim">Baselines that are missing: {escape(reason)}.</p>' if some else ""
    return (
        f"<p>{escape(standing(measured))}</p>"
        f'<div class="rows">{"".join(rows)}{SCALE}</div><p class="dim">Macro-F1 with its 95% interval.</p>'
        f"{missing}{folded('All metrics', table)}"
    )


def by_group(measured: dict[str, Any], key: str) -> str:
    """A dot plot of the classifier per language or source, with the baselines as ticks."""
    groups = measured[key]
    metric = "macro_f1" if any(part["macro_f1"] is not None for part in groups.values()) else "accuracy"
    beside = fitted(measured)
    rows = []
    for group, part in groups.items():
        ticks = [
            (f"of-{name}", float(other[key][group][metric]))
            for name, other in beside.items()
            if other[key][group][metric] is not None
        ]
        title = language_name(group) if key == "by_lang" else group
        note = counted(part["n"], "text")
        rows.append(interval_row(title, part[metric], part["intervals"].get(metric), note=note, ticks=ticks))
    legend = "".join(
        f'<span><i class="swatch of-{name}"></i>{BASELINE_NAMES[name]}</span>' for name in beside
    )
    columns = BINARY_METRICS if "f1" in measured else MANY_METRICS
    table = metric_table(groups, columns, intervals=False)
    few = any(part["n"] < FEW_TEXTS for part in groups.values())
    routed = f'<p class="dim">Fewer than {FEW_TEXTS} texts say little.</p>' if few else ""
    if key == "by_lang" and "rules" in measured:
        counts = ", ".join(f"{language_name(rule)} {count:,}" for rule, count in measured["rules"].items())
        routed += f'<p class="dim">Rules used, by the predicted language of each text: {escape(counts)}.</p>'
    return (
        f'<p class="dim">{METRIC_NAMES[metric][0].upper() + METRIC_NAMES[metric][1:]} with its 95% interval'
        f"{'; ticks are the baselines' if beside else ''}.</p>"
        f'<div class="legend"><span><i class="swatch"></i>this classifier</span>{legend}</div>'
        f'<div class="rows">{"".join(rows)}{SCALE}</div>{routed}{folded("All metrics", table)}'
    )


def labels_section(measured: dict[str, Any]) -> str:
    """Metrics per label."""
    rows = [
        interval_row(label, row["f1"], None, note=counted(row["n"], "text"))
        for label, row in measured["per_class"].items()
    ]
    table = metric_table(measured["per_class"], ("precision", "recall", "f1"), intervals=False)
    return (
        f'<p class="dim">F1 of each label.</p><div class="rows">{"".join(rows)}{SCALE}</div>'
        f"{folded('All metrics', table)}"
    )


def terms_section() -> str:
    """Explanations of the page's terms."""
    return "".join(f"<p><b>{escape(term)}</b>: {escape(words)}</p>" for term, words in TERMS.items())


def metric_table(parts: dict[str, Any], columns: tuple[str, ...], *, intervals: bool) -> str:
    """Metrics of several parts as a table, optionally with intervals."""
    rows = []
    for name, part in parts.items():
        cells = []
        for column in columns:
            value, ends = part.get(column), part.get("intervals", {}).get(column)
            shown = "–" if value is None else f"{value:.3f}"
            cells.append(f"{shown} ({ends[0]:.3f}–{ends[1]:.3f})" if intervals and ends else shown)
        rows.append([str(name), f"{part['n']:,}", *cells])
    return html_table(["", "texts", *(METRIC_NAMES[column] for column in columns)], rows, numbers_from=1)


def fitted(measured: dict[str, Any]) -> dict[str, Any]:
    """The baselines that could be fitted."""
    return {name: part for name, part in measured["baselines"].items() if isinstance(part, dict)}
