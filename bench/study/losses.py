"""Where sparse features lose against dense probes and TF-IDF, and by how much."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from bench.markdown import markdown, three
from bench.study.cells import ENGLISH, Study
from bench.textdetox.cells import (
    ALL,
    LANGUAGES,
    NAMES,
    OTHERS,
    PERSPECTIVE,
    QWEN,
    SHARES,
    TFIDF,
    TRANSFER,
    NotMeasuredError,
    shown,
)

DENSE = ("linear_probe", "lda", "mean_difference")
RIVALS = (*DENSE, TFIDF)
SHORT = {"linear_probe": "probe", "lda": "LDA", "mean_difference": "mean difference", TFIDF: "TF-IDF"}
METRIC = "balanced_accuracy"
PUBLISHED = {
    "Perspective, cut .55 †": PERSPECTIVE,
    "Qwen 2.5 7B, zero-shot †": QWEN,
    "median LLM †": "median",
    "best LLM †": "best",
}
COLUMNS = (ENGLISH, *SHARES)


def best_rival(study: Study, lang: str, cell: str) -> tuple[str, float]:
    """The dense probe or TF-IDF with the best balanced accuracy *on the test rows*, which favours the rivals.

    Raises:
        NotMeasuredError: A cell is not measured yet.
    """
    values = {name: study.labels.value(lang, cell, name, METRIC) for name in RIVALS}
    best = max(values, key=lambda name: values[name])
    return best, values[best]


def gain(study: Study, lang: str, cell: str, system: str) -> tuple[float, str]:
    """Balanced accuracy of a sparse system less that of its best rival, and the rival; see `best_rival`."""
    rival, value = best_rival(study, lang, cell)
    return study.labels.value(lang, cell, system, METRIC) - value, rival


def table(study: Study) -> str:
    """The sparse systems less their best rival, by language and number of labels; losses are bold."""
    return "\n\n".join(
        [
            _losses(study, "linear", COLUMNS, LANGUAGES),
            _losses(study, TRANSFER, tuple(SHARES), OTHERS),
            "Balanced accuracy; losses are bold. The best rival of a cell is the linear probe, LDA, the mean "
            "difference or TF-IDF, whichever is best *on the test rows* of that cell, so the comparison favours the "
            "rivals; the last two rows compare with one of them. All have the same labels of the language; `transfer` "
            "also has those of the eight other languages.",
        ]
    )


def _losses(study: Study, system: str, columns: Sequence[str], langs: Sequence[str]) -> str:
    """One system's table."""

    def row(says: str, shown: Callable[[str], str]) -> list[str]:
        return [says, *(shown(cell) for cell in columns)]

    def less(rival: str, cell: str) -> str:
        return _signed_mean(lambda lang: _less(study, lang, cell, system, rival))

    rows = [row(lang, partial(_shown, study, lang, system)) for lang in langs]
    rows += [
        row("languages lost", lambda cell: _lost(study, cell, system, langs)),
        row("mean of 8", lambda cell: _signed_mean(lambda lang: gain(study, lang, cell, system)[0])),
        row("mean of 8, less the linear probe", partial(less, "linear_probe")),
        row("mean of 8, less TF-IDF", partial(less, TFIDF)),
    ]
    header = ["English labels" if cell == ENGLISH else cell for cell in columns]
    return markdown([f"{NAMES[system]} less the best rival", *header], rows)


def summary(study: Study) -> str:
    """In words: in how many cells `linear` and `transfer` lose, and where most."""
    return "\n".join(
        [
            _summary(study, "`linear`", "linear", COLUMNS, LANGUAGES),
            _summary(study, "`transfer` from the other languages", TRANSFER, tuple(SHARES), OTHERS),
        ]
    )


def _summary(study: Study, name: str, system: str, columns: Sequence[str], langs: Sequence[str]) -> str:
    found = []
    for cell in columns:
        for lang in langs:
            with suppress(NotMeasuredError):
                difference, rival = gain(study, lang, cell, system)
                found.append((difference, lang, cell, rival))
    lost = sorted(entry for entry in found if entry[0] < 0)
    pairs = f"{len(lost)} of {len(found)} pairs of language and number of labels"
    line = f"- {name} loses against its best rival in {pairs}"
    worst = ", ".join(
        f"{lang} with {_labels(cell)} by {-difference:.3f} ({SHORT[rival]})"
        for difference, lang, cell, rival in lost[:3]
    )
    return line + (f"; most in {worst}." if lost else ".")


def by_language(study: Study) -> str:
    """F1 with all labels beside the published figures, and the rule of section 5."""
    cells = study.labels
    rows = published_rows(study)
    for system in ("linear", "greedy", "paper", *RIVALS):
        values = (shown(partial(cells.value, lang, ALL, system, "f1")) for lang in LANGUAGES)
        rows.append([f"{NAMES[system]}, all labels", *values])
    for says, key in (
        ("`linear` less Perspective", PERSPECTIVE),
        ("`linear` less the median LLM", "median"),
        ("`linear` less the best LLM", "best"),
    ):
        rows.append([says, *(_less_published(study, lang, key) for lang in LANGUAGES)])
    return markdown(["F1, test", *LANGUAGES], rows) + f"\n\n† published: {cells.source}; the same test rows."


def published_rows(study: Study) -> list[list[str]]:
    """Rows of the published figures by language."""
    published = study.labels.published
    return [
        [says, *(three(published.get(lang, {}).get(key)) for lang in LANGUAGES)]
        for says, key in PUBLISHED.items()
    ]


def _less_published(study: Study, lang: str, key: str) -> str:
    figures = study.labels.published.get(lang, {})
    try:
        value = study.labels.value(lang, ALL, "linear", "f1")
    except NotMeasuredError:
        return three(None)
    return _signed(value - figures[key]) if key in figures else three(None)


def _shown(study: Study, lang: str, system: str, cell: str) -> str:
    try:
        difference, rival = gain(study, lang, cell, system)
    except NotMeasuredError:
        return three(None)
    return _signed(difference, SHORT[rival])


def _less(study: Study, lang: str, cell: str, system: str, rival: str) -> float:
    value = study.labels.value
    return value(lang, cell, system, METRIC) - value(lang, cell, rival, METRIC)


def _signed_mean(of: Callable[[str], float]) -> str:
    """The mean over the languages other than English."""
    try:
        return _signed(statistics.fmean(of(lang) for lang in OTHERS))
    except NotMeasuredError:
        return three(None)


def _lost(study: Study, cell: str, system: str, langs: Sequence[str]) -> str:
    try:
        return str(sum(gain(study, lang, cell, system)[0] < 0 for lang in langs))
    except NotMeasuredError:
        return three(None)


def _signed(difference: float, winner: str = "") -> str:
    """With sign; a loss is bold, with the winner's name."""
    if difference >= 0:
        return f"+{difference:.3f}"
    return f"**−{-difference:.3f}**" + (f" {winner}" if winner else "")


def _labels(cell: str) -> str:
    return "English labels only" if cell == ENGLISH else f"{cell} labels"
