"""Tables of the TextDetox result, ours beside the published figures."""

from __future__ import annotations

from typing import Any

from bench import textdetox_bars
from bench.markdown import markdown, three
from bench.results_file import stored
from bench.textdetox_cells import (
    ALL,
    ENGLISH,
    LANGUAGES,
    NAMES,
    OTHERS,
    PERSPECTIVE,
    QWEN,
    SHARES,
    SOURCE,
    TENTH,
    Cells,
)

RULE = (
    "The rows of a draw are all the labels there are: presets and dense baselines are fitted on four fifths of them "
    "and choose with the rest, TF-IDF chooses in the same way and is fitted again on all, `transfer` cross-validates. "
    "With all labels the benchmark's own dev rows choose, for `transfer` its cross-validation. Fewer labels: mean "
    "of five draws, ± the standard deviation over draws. Test rows are asked about once a fit."
)


def everything(result: dict[str, Any]) -> str:
    """All tables, for the terminal."""
    cells = Cells(result)
    return "\n\n".join(
        make(cells) for make in (_by_language, _english_labels, _few_labels, textdetox_bars.table)
    )


def by_language() -> str:
    """F1 by language, with the published figures."""
    return _by_language(_stored())


def english_labels() -> str:
    """What every system is worth from English labels alone."""
    return _english_labels(_stored())


def few_labels() -> str:
    """What labels of the language are worth."""
    return _few_labels(_stored())


def bars() -> str:
    """What the result must show."""
    return textdetox_bars.table(_stored())


def _stored() -> Cells:
    return Cells(stored("textdetox-cpu"))


def _by_language(cells: Cells) -> str:
    published = cells.published
    count = [int(published[lang]["models"]) for lang in published]
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
    ours = (
        ("tfidf", ALL, "all labels"),
        ("tfidf", TENTH, "350 labels"),
        ("linear_probe", ALL, "all labels"),
        ("linear", ENGLISH, "English labels"),
        ("transfer", TENTH, "350 labels"),
        ("linear", ALL, "all labels"),
        ("greedy", ALL, "all labels"),
        ("paper", ALL, "all labels"),
    )
    for system, cell, says in ours:
        known = [lang for lang in LANGUAGES if cells.has(lang, cell, system)]
        values = {lang: cells.value(lang, cell, system, "f1") for lang in known}
        mean = cells.mean(cell, system, "f1")
        rows.append(
            [f"{NAMES[system]}, {says}", *(three(values.get(lang)) for lang in LANGUAGES), three(mean)]
        )
    note = (
        f"† published: {cells.source}; the same 750 test rows. The classes are balanced: flagging everything has "
        "F1 .667. 350 labels: mean of five draws."
    )
    return markdown(["F1, test", *LANGUAGES, "mean of 8"], rows) + f"\n\n{note}"


def _english_labels(cells: Cells) -> str:
    metrics = {
        "auc": "AUC",
        "f1": "F1",
        "macro_f1": "macro-F1",
        "balanced_accuracy": "balanced accuracy",
    }
    header = ["English labels only", *(f"en {name}" for name in metrics.values()), "en ECE"]
    header += [f"8 others: {name}" for name in metrics.values()]
    rows = []
    for system, name in NAMES.items():
        if not cells.has(SOURCE, ENGLISH, system):
            continue
        own = [cells.value(SOURCE, ENGLISH, system, metric) for metric in metrics]
        rows.append(
            [
                name,
                *map(three, own),
                three(cells.optional(SOURCE, ENGLISH, system, "ece")),
                *(three(cells.mean(ENGLISH, system, metric)) for metric in metrics),
            ]
        )
    langs = markdown(
        ["AUC / F1 / balanced accuracy at English's cut", *OTHERS],
        [
            [
                NAMES[system],
                *(
                    " / ".join(
                        three(cells.value(lang, ENGLISH, system, metric))
                        for metric in ("auc", "f1", "balanced_accuracy")
                    )
                    for lang in OTHERS
                ),
            ]
            for system in ("linear", "greedy", "linear_probe")
        ],
    )
    return f"{markdown(header, rows)}\n\n{langs}"


def _few_labels(cells: Cells) -> str:
    header = ["mean of 8 languages", "English labels only"]
    header += [f"{'all' if size == ALL else size} ({share:.0%})" for size, share in SHARES.items()]
    parts = []
    for metric, says in (("f1", "F1"), ("balanced_accuracy", "balanced accuracy"), ("auc", "AUC")):
        rows = []
        for system, name in NAMES.items():
            zero = cells.mean(ENGLISH, system, metric) if cells.has(SOURCE, ENGLISH, system) else None
            shown = [
                f"{cells.mean(size, system, metric):.3f}"
                + (f" ± {cells.spread(size, system, metric):.3f}" if size != ALL else "")
                for size in SHARES
            ]
            rows.append([name, three(zero), *shown])
        parts.append(markdown([f"{says}, {header[0]}", *header[1:]], rows))
    return "\n\n".join([*parts, RULE])
