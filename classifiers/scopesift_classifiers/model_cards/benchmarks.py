"""The section about measured quality: every entry of the artifact's `quality`, with its intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from scopesift_files.counted import counted

from scopesift_classifiers.artifact.classifier import BINARY, Classifier
from scopesift_classifiers.model_cards.card import NOTHING, Fact, Section, Table, rate, written
from scopesift_classifiers.pages.report_words import BASELINE_NAMES, FEW, METRIC_NAMES

OF_BINARY = ("balanced_accuracy", "macro_f1", "precision", "recall")
OF_MANY = ("accuracy", "balanced_accuracy", "macro_f1")
GROUPS = {"by_lang": "language", "by_source": "source"}
TEST = "test"
NOT_MEASURED = "none: the artifact holds no measured quality"

Measured = Mapping[str, Any]


def benchmarks(classifier: Classifier) -> Section:
    """Measured quality."""
    binary = classifier.kind == BINARY
    # that of the fit's own test rows first
    quality = dict(sorted(classifier.quality.items(), key=lambda item: item[0] != TEST))
    facts = [
        Fact(
            "Measured on", f"{counted(len(quality), 'data set')}, see the tables" if quality else NOT_MEASURED
        )
    ]
    if quality:
        facts += [
            Fact(
                "Names of the data",
                "as in the artifact; an entry may measure another decision or fit, which its name then says",
            ),
            Fact("Intervals", "95%, in brackets"),
        ]
    facts.append(Fact("Speed and memory", "unknown: they depend on the machine, not on the artifact"))
    tables: list[Table] = []
    if quality:
        tables += [_measured("Quality", "data", quality.items(), binary=binary), _rare(quality)]
    for data, measured in quality.items():
        for key, kind in GROUPS.items():
            if len(measured.get(key) or {}) > 1:
                parts = measured[key].items()
                tables.append(_measured(f"{data}, by {kind}", kind, parts, binary=binary))
        if measured.get("per_class"):
            tables.append(_labels(data, measured["per_class"]))
    tables += [_baselines(quality), _left_out(classifier.fit), _cross_validated(classifier.fit)]
    tables = [table for table in tables if table.rows]
    return Section("performanceBenchmarks", "Performance and benchmarks", tuple(facts), tuple(tables))


def _measured(title: str, first: str, entries: Iterable[tuple[str, Measured]], *, binary: bool) -> Table:
    metrics = OF_BINARY if binary else OF_MANY
    header = (
        first,
        "texts",
        *(("positive",) if binary else ()),
        *(METRIC_NAMES[metric] for metric in metrics),
        "calibration error",
    )
    rows = tuple(
        (
            name,
            written(measured.get("n")),
            *((written(measured.get("n_positive")),) if binary else ()),
            *(rate(measured, metric) for metric in metrics),
            _calibration_error(measured),
        )
        for name, measured in entries
    )
    return Table(title, header, rows)


def _calibration_error(measured: Measured) -> str:
    """The expected calibration error with its interval, if there is one."""
    error, interval = measured.get("ece"), measured.get("ece_interval")
    return rate({"ece": error, "intervals": {"ece": interval} if interval else {}}, "ece")


def _labels(data: str, per_class: Mapping[str, Measured]) -> Table:
    rows = tuple(
        (label, written(own.get("n")), *(rate(own, metric) for metric in ("precision", "recall", "f1")))
        for label, own in per_class.items()
    )
    return Table(f"{data}, by label", ("label", "texts", "precision", "recall", "F1"), rows)


def _baselines(quality: Mapping[str, Measured]) -> Table:
    """Baselines that were measured in the same runs."""
    rows = []
    for data, measured in quality.items():
        for name, words in BASELINE_NAMES.items():
            own = (measured.get("baselines") or {}).get(name)
            if own:
                found = own.get("difference") or {}
                intervals = {"macro_f1": found["interval"]} if found.get("interval") else {}
                difference = rate({**found, "intervals": intervals}, "macro_f1")
                rows.append((data, words, rate(own, "macro_f1"), difference))
    header = ("data", "baseline", "macro-F1 of the baseline", "classifier minus baseline")
    return Table("Beside ordinary classifiers of the same run", header, tuple(rows))


def _rare(quality: Mapping[str, Measured]) -> Table:
    """Precision at an assumed share of positives, of data with enough texts."""
    rows = tuple(
        (data, written(own["prevalence"]), f"{own['precision']:.3f}", f"{own['recall']:.3f}")
        for data, measured in quality.items()
        if (own := measured.get("natural")) and measured.get("n", 0) >= FEW
    )
    header = ("data", "share of positives (assumed)", "precision", "recall")
    return Table("Where positives are rare", header, rows)


def _left_out(fit: Mapping[str, Any]) -> Table:
    """The fit without each of its languages, measured on that language."""
    rows = tuple(
        (
            lang,
            written(own.get("rows")),
            *(rate(own, metric) for metric in ("auc", "macro_f1", "balanced_accuracy")),
        )
        for lang, own in fit.get("left_out", {}).items()
    )
    header = ("language", "texts", "AUC", "macro-F1", "balanced accuracy")
    return Table("Each language by the fit without it (these texts chose the settings)", header, rows)


def _cross_validated(fit: Mapping[str, Any]) -> Table:
    """Transfers to single languages, cross-validated on their examples."""
    rows = []
    for lang, entry in sorted(fit.get("by_lang", {}).items()):
        own = next(
            (row for row in entry.get("strategies", []) if row.get("name") == entry.get("chosen")), None
        )
        if own:
            replaced = entry.get("replaced") or {}
            rows.append((lang, _spread(own), f"{_spread(replaced)}{_optimistic(replaced)}"))
    header = ("language", "macro-F1, ± standard error", "of the decision that it replaced")
    return Table("Decisions of single languages, cross-validated on their examples", header, tuple(rows))


def _spread(own: Measured) -> str:
    if own.get("macro_f1") is None:
        return NOTHING
    return f"{own['macro_f1']:.3f} ± {own['spread']:.3f}" if "spread" in own else f"{own['macro_f1']:.3f}"


def _optimistic(replaced: Measured) -> str:
    return ", fitted on these" if replaced.get("fitted_on_these") else ""
