"""Requirements on the TextDetox result, and whether they are met."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bench.markdown import markdown
from bench.textdetox.cells import (
    ACROSS,
    ACROSS_MOVED,
    ALL,
    ENGLISH,
    ENGLISH_MOVED,
    OTHERS,
    PERSPECTIVE,
    REST,
    SOURCE,
    TENTH,
    TRANSFER,
    UNLABELLED,
    Cells,
    NotMeasuredError,
)

REPORT_LANGUAGES = ("ru", "es", "de", "hi", "zh")
CHANCE = 0.5
LEAST_OVER_MEDIAN = 3
FEW_LABELS = {"20": 0.715, "35": 0.725, "350": 0.795}
CHOSEN_AT = ("20", "35", "70", "350")


class Bar(NamedTuple):
    """One requirement: its name, measured value, goal, and whether it is met (None: not measured yet)."""

    says: str
    measured: str
    asked: str
    met: bool | None


def bars(cells: Cells) -> list[Bar]:
    """All requirements."""
    value, mean = cells.value, cells.mean
    return [
        _least("`linear`, en, F1", lambda: value(SOURCE, ENGLISH, "linear", "f1"), 0.955),
        _least("`linear`, English labels, AUC, mean of 8", lambda: mean(ENGLISH, "linear", "auc"), 0.755),
        _least(
            "the same, cut from 350 unlabelled texts, balanced accuracy",
            lambda: mean(UNLABELLED, ENGLISH_MOVED, "balanced_accuracy"),
            0.68,
        ),
        _least("labels of the other languages, AUC, mean of 8", lambda: mean(REST, ACROSS, "auc"), 0.80),
        _least(
            "the same, cut from 350 unlabelled texts, balanced accuracy",
            lambda: mean(UNLABELLED, ACROSS_MOVED, "balanced_accuracy"),
            0.72,
        ),
        *(
            _least(
                f"`transfer` from the other languages, {size} labels, balanced accuracy, mean of 8",
                partial(mean, size, TRANSFER, "balanced_accuracy"),
                least,
            )
            for size, least in FEW_LABELS.items()
        ),
        _most(
            "35 labels, loss of balanced accuracy against none (unlabelled texts), the worst of 8 languages",
            lambda: most_lost(cells),
            0.02,
        ),
        _most(
            "the best strategy's mean over the chosen one's, 20, 35, 70 and 350 labels, largest",
            lambda: choice_costs(cells),
            0.01,
        ),
        _least("`transfer`, 350 labels, F1, mean of 8", lambda: mean(TENTH, TRANSFER, "f1"), 0.79),
        _least(
            "the same less TF-IDF on the same rows",
            lambda: mean(TENTH, TRANSFER, "f1") - mean(TENTH, "tfidf", "f1"),
            0.035,
        ),
        _least(
            "share of the gain over chance that 350 of all labels keep, mean of 8 (goal .99)",
            lambda: kept(cells),
            0.90,
        ),
        _above(cells, "Perspective", PERSPECTIVE, len(cells.published)),
        _above(cells, "the median LLM", "median", LEAST_OVER_MEDIAN),
        _least("`greedy`, at most 16 features, en, F1", lambda: value(SOURCE, ENGLISH, "greedy", "f1"), 0.90),
        _least(
            f"`greedy`, English labels, balanced accuracy, mean of {', '.join(REPORT_LANGUAGES)}",
            lambda: mean(ENGLISH, "greedy", "balanced_accuracy", REPORT_LANGUAGES),
            0.66,
        ),
        _most(
            "linear probe less `linear`, en, AUC",
            lambda: value(SOURCE, ENGLISH, "linear_probe", "auc") - value(SOURCE, ENGLISH, "linear", "auc"),
            0.01,
        ),
        _most(
            "the same from English labels, mean of 8",
            lambda: mean(ENGLISH, "linear_probe", "auc") - mean(ENGLISH, "linear", "auc"),
            0.01,
        ),
        _most(
            "`linear`, en, expected calibration error on 750 rows",
            lambda: value(SOURCE, ENGLISH, "linear", "ece"),
            0.04,
        ),
    ]


def kept(cells: Cells) -> float:
    """Share of the gain in balanced accuracy over chance that 350 labels keep, mean of the 8 languages.

    The value for all labels is the better of `linear` and `transfer` per language, the stricter choice.

    Raises:
        NotMeasuredError: A cell is not there yet.
    """
    shares = []
    for lang in OTHERS:
        few = cells.value(lang, TENTH, TRANSFER, "balanced_accuracy")
        whole = max(cells.value(lang, ALL, name, "balanced_accuracy") for name in ("linear", TRANSFER))
        shares.append((few - CHANCE) / (whole - CHANCE))
    return statistics.fmean(shares)


def most_lost(cells: Cells) -> float:
    """The largest loss of balanced accuracy in a language by 35 labels instead of unlabelled texts.

    Raises:
        NotMeasuredError: A cell is not there yet.
    """
    return max(
        cells.value(lang, UNLABELLED, ACROSS_MOVED, "balanced_accuracy")
        - cells.value(lang, "35", TRANSFER, "balanced_accuracy")
        for lang in OTHERS
    )


def choice_costs(cells: Cells) -> float:
    """The largest distance of the chosen strategy from the best one's mean, over numbers of labels.

    Raises:
        NotMeasuredError: A cell is not there yet.
    """
    return max(
        max(cells.beside(size, TRANSFER).values()) - cells.mean(size, TRANSFER, "balanced_accuracy")
        for size in CHOSEN_AT
    )


def table(cells: Cells) -> str:
    """The requirements as a Markdown table."""
    words = {True: "yes", False: "**no**", None: "open"}
    rows = [[bar.says, bar.measured, bar.asked, words[bar.met]] for bar in bars(cells)]
    return markdown(["required", "measured", "asked", "met"], rows)


def _least(says: str, number: Callable[[], float], least: float) -> Bar:
    return _bar(says, number, f"at least {least:g}", lambda value: value >= least)


def _most(says: str, number: Callable[[], float], most: float) -> Bar:
    return _bar(says, number, f"at most {most:g}", lambda value: value <= most)


def _bar(says: str, number: Callable[[], float], asked: str, meets: Callable[[float], bool]) -> Bar:
    try:
        value = number()
    except NotMeasuredError:
        return Bar(says, "–", asked, None)
    return Bar(says, f"{value:.3f}", asked, meets(value))


def _above(cells: Cells, name: str, figure: str, least: int) -> Bar:
    """Number of languages in which all labels give more than a published figure."""
    says, asked = f"`linear`, all labels, F1 above {name}", f"at least {least} of {len(cells.published)}"
    try:
        found = [
            lang
            for lang, figures in cells.published.items()
            if cells.value(lang, ALL, "linear", "f1") > figures[figure]
        ]
    except NotMeasuredError:
        return Bar(says, "–", asked, None)
    return Bar(says, f"{len(found)}: {', '.join(found)}", asked, len(found) >= least)
