"""Fitting by preset, and checks of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.decision import Decision
from scopesift_classifiers.feature_tables.counting import Table
from scopesift_classifiers.fitting.binary import fit_binary
from scopesift_classifiers.fitting.many import fit_many
from scopesift_classifiers.fitting.settings import (
    AUTO,
    FOR_MANY,
    FOR_TWO,
    LINEAR_FIT,
    LOG_ODDS_FIT,
    POSITIVE,
    UNKNOWN,
    FitSettings,
)
from scopesift_classifiers.labelled_rows.rows import LabelledText
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.log_odds import LogOddsSettings

Say = Callable[[str], None]


def fit_decision(
    fit_table: Table,
    train: LabelledText,
    dev_table: Table,
    dev: LabelledText,
    settings: FitSettings,
    say: Say | None,
    *,
    binary: bool,
) -> tuple[Decision, dict[str, Any]]:
    """Fit with the preset.

    Args:
        fit_table: Document features of the train rows.
        train: The train rows.
        dev_table: Document features of the dev rows.
        dev: The dev rows.
        settings: The preset and its limits.
        say: Called with one line per step.
        binary: Whether `settings.positive` is one of two labels.

    Returns:
        The decision, and the artifact's description of the fit.

    Raises:
        UsageError: The preset doesn't support the number of labels.
        InputError: Nothing can be fitted on these rows.
    """
    check_preset(settings, train, binary=binary)
    data = fit_table, train, dev_table, dev, settings, say
    if binary:
        return fit_binary(*data, preset=LINEAR_FIT if settings.preset == AUTO else settings.preset)
    return fit_many(
        *data, presets=(LOG_ODDS_FIT, LINEAR_FIT) if settings.preset == AUTO else (settings.preset,)
    )


def is_binary(settings: FitSettings, train: LabelledText) -> bool:
    """Whether a fit is binary: two labels, one of them positive.

    Raises:
        UsageError: There are two, and `settings.positive` is neither.
    """
    if len(train.classes) == 2 and settings.positive not in train.classes:
        one, other = train.classes
        raise UsageError(
            f"{train.origin}: expected {settings.positive!r}, the label to look for, got the labels {one!r} and "
            f"{other!r}; say which of them is looked for (--positive)"
        )
    return len(train.classes) == 2


def check_preset(settings: FitSettings, train: LabelledText, *, binary: bool) -> None:
    """Check that no setting is without effect for the number of labels.

    Raises:
        UsageError: A preset, objective or other setting is for two labels and there are more, or vice versa.
    """
    allowed, n_labels = FOR_TWO if binary else FOR_MANY, f"{len(train.classes)} labels"
    if settings.preset not in allowed:
        among = f", one of them {settings.positive!r}" if binary else ""
        raise UsageError(
            f"preset {settings.preset} is not for {n_labels}{among}; use one of {', '.join(allowed)}"
        )
    if binary:
        for name, plain in (
            ("unknown", UNKNOWN),
            ("log_odds", LogOddsSettings()),
            ("keep_right", FitSettings.keep_right),
        ):
            if getattr(settings, name) != plain:
                raise UsageError(
                    f"{name} is for more than two labels, got {n_labels}: where {settings.positive!r} is not found, "
                    "the other one is the answer; leave it out"
                )
        return
    if settings.leave_languages_out:
        raise UsageError(f"--leave-languages-out is for two labels, got {n_labels}; fit without it")
    if settings.objective != Objective():
        raise UsageError(
            f"the objective {settings.objective.name} is for two labels, got {n_labels}: they are fitted for "
            "accuracy; leave it out"
        )
    if settings.positive != POSITIVE:
        raise UsageError(
            f"a label to look for (--positive {settings.positive}) is for two labels, got {n_labels}: "
            "each is looked for; leave it out"
        )
