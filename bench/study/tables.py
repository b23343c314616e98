"""Tables of the study."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from bench.markdown import markdown, three
from bench.study import losses, section_five
from bench.study.cells import ENGLISH, OWN, Study
from bench.study.fits import GREEDY_SIZES, LINEAR_SIZES
from bench.textdetox.cells import (
    ALL,
    LANGUAGES,
    NAMES,
    OTHERS,
    SHARES,
    TFIDF,
    TRANSFER,
    NotMeasuredError,
    shown,
)

ON_A_LAYER = {"linear": "**scopesift `linear`**", "linear_probe": "linear probe"}
METRIC = "balanced_accuracy"


def everything(study: Study) -> str:
    """All tables, for the terminal."""
    return "\n\n".join(make(study) for make in TABLES.values())


def stored_tables() -> dict[str, Callable[[], str]]:
    """By name in the documents: a function that makes the table from the stored results."""
    return {f"study_{name}": partial(_of_stored, make) for name, make in TABLES.items()}


def by_labels(study: Study) -> str:
    """Mean balanced accuracy of every system by number of labels."""
    cells = study.labels
    rows = [
        [NAMES[system], *(shown(partial(cells.mean, size, system, METRIC)) for size in SHARES)]
        for system in (TRANSFER, "linear", "greedy", "paper", *losses.DENSE, TFIDF)
    ]
    return markdown(["balanced accuracy, mean of 8, labels of the language", *SHARES], rows)


def by_features(study: Study) -> str:
    """Balanced accuracy by number of features, and the first number that reaches the dense probe and TF-IDF."""
    rows = [
        [f"{name} {size}", *_by_language(partial(_at_size, study, system, size))]
        for system, name, sizes in (
            ("greedy", "`greedy`, at most", GREEDY_SIZES),
            ("linear", "`linear`,", LINEAR_SIZES),
        )
        for size in sizes
    ]
    at_most_16 = _by_language(partial(_with_labels, study, ALL, "greedy", METRIC))
    rows.insert(len(GREEDY_SIZES), ["`greedy`, at most 16", *at_most_16])
    for system in ("linear_probe", TFIDF):
        values = _by_language(partial(_with_labels, study, ALL, system, METRIC))
        rows.append([f"{NAMES[system]}", *values])
    for system in ("linear_probe", TFIDF):
        reached = [_first_size(study, lang, system) for lang in LANGUAGES]
        rows.append([f"fewest features of `linear` that reach {NAMES[system]}", *reached, ""])
    return markdown(["balanced accuracy, all labels", *LANGUAGES, "mean of 8"], rows)


def by_layer(study: Study) -> str:
    """Balanced accuracy and AUC of the linear fit and the probe by layer, with own and with English labels."""
    rows = []
    for labels, says, metric, cell in (
        (OWN, "all labels, balanced accuracy", METRIC, ALL),
        (ENGLISH, "English labels, AUC", "auc", ENGLISH),
    ):
        for system, name in ON_A_LAYER.items():
            for layer in study.layers:
                values = _by_language(partial(_on_layer, study, labels, system, layer, metric))
                rows.append([f"{name}, {says}, layer {layer}", *values])
            both = "features of both" if system == "linear" else "the better one on dev"
            values = _by_language(partial(_with_labels, study, cell, system, metric))
            rows.append([f"{name}, {says}, {both}", *values])
    return markdown(["by layer", *LANGUAGES, "mean of 8"], rows)


def _by_language(value: Callable[[str], float]) -> list[str]:
    """The value of every language, and the mean of those other than English."""
    return [
        *(shown(partial(value, lang)) for lang in LANGUAGES),
        shown(lambda: statistics.fmean(value(lang) for lang in OTHERS)),
    ]


def _of_stored(make: Callable[[Study], str]) -> str:
    return make(Study.stored())


def _with_labels(study: Study, cell: str, system: str, metric: str, lang: str) -> float:
    return study.labels.value(lang, cell, system, metric)


def _on_layer(study: Study, labels: str, system: str, layer: int, metric: str, lang: str) -> float:
    return study.on_layer(lang, labels, system, layer, metric)


def _at_size(study: Study, system: str, size: int, lang: str) -> float:
    found = study.by_size(lang, system, METRIC)
    if size not in found:
        raise NotMeasuredError(f"{system} of {size} features is not measured for {lang}")
    return found[size]


def _first_size(study: Study, lang: str, system: str) -> str:
    """The smallest number of features with which the linear fit is at least as good as another system."""
    try:
        wanted = study.labels.value(lang, ALL, system, METRIC)
        found = study.by_size(lang, "linear", METRIC)
    except NotMeasuredError:
        return three(None)
    reached = [size for size, value in found.items() if value >= wanted]
    return str(min(reached)) if reached else "**none**"


TABLES: dict[str, Callable[[Study], str]] = {
    "summary": losses.summary,
    "labels": by_labels,
    "losses": losses.table,
    "features": by_features,
    "layers": by_layer,
    "languages": losses.by_language,
    "section_five": section_five.by_language,
    "report": section_five.statements,
}
"""By name: what makes it."""
