"""Tables of the TextDetox result, ours beside the published figures."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from bench.markdown import markdown, three
from bench.results_file import stored
from bench.textdetox.bars import table as bars_table
from bench.textdetox.cells import (
    ACROSS,
    ACROSS_MOVED,
    ALL,
    ENGLISH,
    ENGLISH_MOVED,
    FROM_ENGLISH,
    LANGUAGES,
    NAMES,
    OTHERS,
    PERSPECTIVE,
    QWEN,
    REST,
    SHARES,
    SOURCE,
    TENTH,
    TEXTS,
    TRANSFER,
    UNLABELLED,
    Cells,
    NotMeasuredError,
    shown,
)

METRICS = {"auc": "AUC", "f1": "F1", "macro_f1": "macro-F1", "balanced_accuracy": "balanced accuracy"}
WITHOUT_LABELS = (
    ("English labels, English cut", ENGLISH, "linear"),
    ("English labels, cut from unlabelled texts", UNLABELLED, ENGLISH_MOVED),
    ("labels of the other languages, their cut", REST, ACROSS),
    ("labels of the other languages, cut from unlabelled texts", UNLABELLED, ACROSS_MOVED),
)
OURS = (
    ("tfidf", ALL, "all labels"),
    ("tfidf", TENTH, "350 labels"),
    ("linear_probe", ALL, "all labels"),
    ("linear", ENGLISH, "English labels"),
    (ACROSS_MOVED, UNLABELLED, "no labels, 350 texts"),
    (TRANSFER, TENTH, "350 labels"),
    (FROM_ENGLISH, TENTH, "350 labels"),
    ("linear", ALL, "all labels"),
    ("greedy", ALL, "all labels"),
    ("paper", ALL, "all labels"),
)
"""Rows below the published ones: system, cell, and name."""
FIRST_ROWS = (
    ("TF-IDF + logistic regression, 350 labels of the language", "tfidf", TENTH),
    ("TF-IDF + logistic regression, 3,500 labels", "tfidf", ALL),
    ("**scopesift**, no labels of the language", ACROSS_MOVED, UNLABELLED),
    ("**scopesift**, 350 labels", TRANSFER, TENTH),
    ("**scopesift**, 3,500 labels", "linear", ALL),
)
"""Rows of the README's table: name, system, cell."""
PLAIN = "**scopesift `transfer --unlabelled` from the other languages**"
RULE = (
    "The rows of a draw are all the labels there are: presets and dense baselines are fitted on four fifths of them "
    "and choose with the rest, TF-IDF chooses in the same way and is fitted again on all, `transfer` cross-validates. "
    "With all labels the benchmark's own dev rows choose, for `transfer` its cross-validation. Fewer labels: mean "
    "of five draws, ± the standard deviation over draws. Test rows are asked about once a fit."
)


def everything(result: dict[str, Any]) -> str:
    """All tables, for the terminal."""
    cells = Cells(result)
    made = (_by_language, _without_labels, _english_labels, _few_labels, _strategies, bars_table)
    return "\n\n".join(make(cells) for make in made)


def by_language() -> str:
    """F1 by language, with the published figures."""
    return _by_language(_stored())


def first() -> str:
    """F1 where others published theirs, for the README."""
    cells = _stored()
    langs = [lang for lang in LANGUAGES if lang in cells.published]
    rows = []
    for name, key in (("Perspective †", PERSPECTIVE), ("median of about 90 language models †", "median")):
        published = [cells.published[lang][key] for lang in langs]
        rows.append([name, *map(three, published), three(statistics.fmean(published))])
    for name, system, cell in FIRST_ROWS:
        figures = [shown(partial(cells.value, lang, cell, system, "f1")) for lang in langs]
        rows.append([name, *figures, shown(partial(cells.mean, cell, system, "f1", langs))])
    note = f"† published: {cells.source}. Perspective at a cut of .55, its best there. Half of the rows are toxic: "
    note += "flagging everything has F1 .667."
    return f"{markdown(['F1', *langs, 'mean'], rows)}\n\n{note}"


def without_labels() -> str:
    """Quality without labels of the language, from English and from the other languages."""
    return _without_labels(_stored())


def strategies() -> str:
    """Quality of every strategy of a transfer by number of labels."""
    return _strategies(_stored())


def english_labels() -> str:
    """Quality of every system with English labels only."""
    return _english_labels(_stored())


def few_labels() -> str:
    """Quality by number of labels of the language."""
    return _few_labels(_stored())


def bars() -> str:
    """The requirements."""
    return bars_table(_stored())


def _stored() -> Cells:
    return Cells(stored("textdetox-cpu"))


def _by_language(cells: Cells) -> str:
    published = cells.published
    count = [int(figures["models"]) for figures in published.values()]
    names = {
        "Perspective, cut .55 †": PERSPECTIVE,
        f"best of {min(count)} to {max(count)} LLMs †": "best",
        "median LLM †": "median",
        "Qwen 2.5 7B, zero-shot †": QWEN,
    }
    rows = [
        [name, *(three(published.get(lang, {}).get(key)) for lang in LANGUAGES), "–"]
        for name, key in names.items()
    ]
    for system, cell, says in OURS:
        figures = [shown(partial(cells.value, lang, cell, system, "f1")) for lang in LANGUAGES]
        mean = shown(partial(cells.mean, cell, system, "f1"))
        rows.append([f"{NAMES.get(system, PLAIN)}, {says}", *figures, mean])
    note = (
        f"† published: {cells.source}; the same 750 test rows. The classes are balanced: flagging everything has "
        "F1 .667. 350 labels: mean of five draws."
    )
    return markdown(["F1, test", *LANGUAGES, "mean of 8"], rows) + f"\n\n{note}"


def _without_labels(cells: Cells) -> str:
    """Without labels: English and the other languages as source, the source's cut and one from unlabelled texts."""
    rows, langs = [], []
    for says, cell, system in WITHOUT_LABELS:
        figures = (shown(partial(cells.mean, cell, system, metric)) for metric in METRICS)
        rows.append([says, *figures])
        langs.append(
            [says, *(shown(partial(cells.value, lang, cell, system, "balanced_accuracy")) for lang in OTHERS)]
        )
    return "\n\n".join(
        [
            markdown(["no labels of the language, mean of 8", *METRICS.values()], rows),
            markdown(["balanced accuracy", *OTHERS], langs),
            f"Unlabelled: {TEXTS} train texts of the language, mean of five draws; the cut is at their median, since "
            "half of the source's rows are toxic. The other languages: eight, English among them, without the language "
            "itself.",
        ]
    )


def _strategies(cells: Cells) -> str:
    """Balanced accuracy of every strategy that a transfer from the other languages chooses from."""
    sizes = [size for size in SHARES if size != ALL]
    found = {size: _strategy_means(cells, size) for size in sizes}
    names = list(dict.fromkeys(name for means in found.values() for name in means))
    rows = [[f"`{name}`", *(three(found[size].get(name)) for size in sizes)] for name in names]
    rows.append(
        [
            "**chosen**",
            *(shown(partial(cells.mean, size, TRANSFER, "balanced_accuracy")) for size in sizes),
        ]
    )
    return markdown(["balanced accuracy, mean of 8", *sizes], rows)


def _strategy_means(cells: Cells, size: str) -> dict[str, float]:
    """Mean over draws and languages by strategy; empty if a cell is not measured."""
    try:
        return cells.beside(size, TRANSFER)
    except NotMeasuredError:
        return {}


def _english_labels(cells: Cells) -> str:
    systems = [system for system in NAMES if system not in (TRANSFER, FROM_ENGLISH)]
    header = ["English labels only", *(f"en {says}" for says in METRICS.values()), "en ECE"]
    header += [f"mean of 8: {says}" for says in METRICS.values()]
    rows = [
        [
            NAMES[system],
            *(shown(partial(cells.value, SOURCE, ENGLISH, system, metric)) for metric in (*METRICS, "ece")),
            *(shown(partial(cells.mean, ENGLISH, system, metric)) for metric in METRICS),
        ]
        for system in systems
    ]
    langs = [
        [
            f"{NAMES[system]}, {METRICS[metric]}",
            *(shown(partial(cells.value, lang, ENGLISH, system, metric)) for lang in OTHERS),
        ]
        for system in ("linear", "greedy", "linear_probe")
        for metric in ("auc", "f1", "balanced_accuracy")
    ]
    return (
        f"{markdown(header, rows)}\n\n{markdown(['English labels, cut at the English cut', *OTHERS], langs)}"
    )


def _few_labels(cells: Cells) -> str:
    sizes = [f"{size} ({share:.0%})" for size, share in SHARES.items()]
    parts = []
    for metric in ("f1", "balanced_accuracy", "auc"):
        rows = [
            [
                name,
                shown(partial(cells.mean, ENGLISH, system, metric)),
                *(_mean_and_spread(cells, size, system, metric) for size in SHARES),
            ]
            for system, name in NAMES.items()
        ]
        parts.append(
            markdown([f"{METRICS[metric]}, mean of 8 languages", "English labels only", *sizes], rows)
        )
    return "\n\n".join([*parts, RULE])


def _mean_and_spread(cells: Cells, size: str, system: str, metric: str) -> str:
    mean = shown(partial(cells.mean, size, system, metric))
    if size == ALL or mean == three(None):
        return mean
    return f"{mean} ± {cells.spread(size, system, metric):.3f}"
