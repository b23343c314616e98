"""Settings of a fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from scopesift_files.errors import UsageError

from scopesift_classifiers.measuring.cuts import RECALL, Requirement, one_requirement
from scopesift_classifiers.measuring.objective import Objective
from scopesift_classifiers.rule_search.greedy import GreedySettings
from scopesift_classifiers.rule_search.linear import LinearSettings
from scopesift_classifiers.rule_search.log_odds import LogOddsSettings
from scopesift_classifiers.rule_search.paper import PaperSettings

AUTO, LINEAR_FIT, LOG_ODDS_FIT = "auto", "linear", "log-odds"
GREEDY, PAPER, PAPER_MULTILAYER = "greedy", "paper", "paper-multilayer"
FOR_TWO, FOR_MANY = (AUTO, LINEAR_FIT, GREEDY, PAPER, PAPER_MULTILAYER), (AUTO, LINEAR_FIT, LOG_ODDS_FIT)
POSITIVE, UNKNOWN = "toxic", "other"
PRESETS = (AUTO, LINEAR_FIT, LOG_ODDS_FIT, GREEDY, PAPER, PAPER_MULTILAYER)
FOLDS = 3
FEW_DEV_ROWS = 500
"""With fewer dev rows the cut is chosen on cross-fitted margins of the fit rows too."""


@dataclass(frozen=True)
class FitSettings:
    """How a classifier is fitted.

    Attributes:
        preset: "linear" (weights in closed form), or "auto": linear for two labels, for more the better on the dev
            rows of linear and "log-odds" (counted weights). For two labels also rules of thresholds:
                "greedy", or the Qwen-Scope report's recipe "paper" (one layer) and "paper-multilayer" (one feature from
                each of several layers).
        positive: Positive label of a binary classifier.
        unknown: Label of a many-label classifier below the cut or without evidence.
        max_layer: Deepest layer that may be read, for speed; None: all.
        restore: Whether obfuscated spelling ("b1tch", "b i t c h") is undone before reading, in fitting and in use.
        leave_languages_out: For languages without labels, see `across_languages`: two labels, linear; dev rows are fit
            rows too.
        objective: What a binary fit maximises, on fit and dev rows.
        precision: Minimum precision of the cut on the dev rows (with many labels: share of given labels that are
            correct);
            None: see `fit_binary`, or with many labels `keep_right`.
        recall: Minimum recall instead (with many labels: share of correct labels that are given).
        false_positive_rate: Maximum share of the negative dev rows that are flagged instead; for two labels.
        keep_right: Recall of a many-label cut by default: labels with lower scores are wrong so often that the unknown
            label is better.
        linear: Limits of the closed-form fit.
        greedy: Limits of the greedy search.
        paper: K and layer of the report's recipe.
        log_odds: Limits of the log-odds search.
    """

    preset: str = AUTO
    positive: str = POSITIVE
    unknown: str = UNKNOWN
    max_layer: int | None = None
    restore: bool = False
    leave_languages_out: bool = False
    objective: Objective = field(default_factory=Objective)
    precision: float | None = None
    recall: float | None = None
    false_positive_rate: float | None = None
    keep_right: float = 0.99
    linear: LinearSettings = field(default_factory=LinearSettings)
    greedy: GreedySettings = field(default_factory=GreedySettings)
    paper: PaperSettings = field(default_factory=PaperSettings)
    log_odds: LogOddsSettings = field(default_factory=LogOddsSettings)

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            UsageError: An unknown preset, invalid numbers, or limits of another preset's search.
        """
        if self.preset not in PRESETS:
            raise UsageError(f"preset must be one of {', '.join(PRESETS)}, got {self.preset!r}")
        Requirement(RECALL, self.keep_right)
        one_requirement(self.precision, self.recall, self.false_positive_rate)
        for name, plain, presets in (
            ("linear", LinearSettings(), (AUTO, LINEAR_FIT)),
            ("greedy", GreedySettings(), (GREEDY,)),
            ("paper", PaperSettings(), (PAPER, PAPER_MULTILAYER)),
            ("log_odds", LogOddsSettings(), (AUTO, LOG_ODDS_FIT)),
        ):
            if self.preset not in presets and getattr(self, name) != plain:
                raise UsageError(
                    f"{name} settings have no effect on the preset {self.preset}; leave them out"
                )
        if self.leave_languages_out and self.preset not in (AUTO, LINEAR_FIT):
            raise UsageError(
                f"--leave-languages-out is for the preset {LINEAR_FIT}, got {self.preset}; fit without one of them"
            )
        if self.paper_variant.multilayer and self.paper.layer is not None:
            raise UsageError(f"the preset {PAPER_MULTILAYER} reads several layers; leave the layer out")

    @property
    def required(self) -> Requirement | None:
        """What the cut shall have on the dev rows; None: see `fit_binary`, or with many labels `keep_right`."""
        return one_requirement(self.precision, self.recall, self.false_positive_rate)

    @property
    def paper_variant(self) -> PaperSettings:
        """The report's settings for the preset."""
        return replace(self.paper, multilayer=self.preset == PAPER_MULTILAYER or self.paper.multilayer)
