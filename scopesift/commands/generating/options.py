"""Options that say which features are changed, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.steering.choice import label_interventions
from scopesift_features.generating.intervention import (
    BOOST,
    CLAMP,
    SUPPRESS,
    Intervention,
    parse_intervention,
)
from scopesift_files.errors import UsageError

from scopesift.commands.choices import parse_layers

DEFAULT_TOP = 4

FeatureOption = Annotated[
    list[str] | None,
    typer.Option(
        help="LAYER:FEATURE=CHANGE, may be repeated: 12:6159=+8 adds 8 to its activation, =5 clamps it to 5, =- "
        "suppresses it."
    ),
]
SteeringClassifierOption = Annotated[
    str | None, typer.Option(help="Instead of --feature: the features of a classifier's --label.")
]
LabelOption = Annotated[str | None, typer.Option(help="The label to steer to or from.")]
BoostOption = Annotated[
    float | None, typer.Option(help="Add this to the activation of each of the label's features.")
]
ClampOption = Annotated[
    float | None, typer.Option(help="Set each of the label's features to this activation.")
]
SuppressOption = Annotated[bool, typer.Option("--suppress", help="Set the label's features to 0.")]
TopOption = Annotated[
    int, typer.Option(min=1, help="How many of the label's features, those with the largest weights.")
]
FeatureLayersOption = Annotated[
    str | None, typer.Option("--layers", help="Only the label's features of these layers, such as 10 or 6-9.")
]
ByWeightOption = Annotated[
    bool,
    typer.Option(
        "--by-weight",
        help="The amount is for the label's strongest feature; the others get less, in proportion to their weights.",
    ),
]
CostOption = Annotated[
    float | None,
    typer.Option(
        help="Instead of --boost: as much as makes neutral text this percentage more perplexing, e.g. 25."
    ),
]


@dataclass(frozen=True)
class LabelChoice:
    """Which of a classifier's features to change, and how: the options beside --feature.

    Attributes:
        label: the label.
        boost, clamp: amounts.
        suppress: whether to suppress.
        cost: percentage of perplexity to boost to.
        top: number of features.
        layers: their layers, as given.
        by_weight: whether amounts are in proportion to weights.
    """

    label: str | None
    boost: float | None = None
    clamp: float | None = None
    suppress: bool = False
    cost: float | None = None
    top: int = DEFAULT_TOP
    layers: str | None = None
    by_weight: bool = False

    @property
    def given(self) -> bool:
        """Whether any of them was given."""
        return self != LabelChoice(None)

    def interventions(self, classifier: Classifier) -> list[Intervention]:
        """The changes; with a cost those that are still to be scaled.

        Raises:
            UsageError: no label, not one way, or an option without effect.
        """
        if self.label is None:
            raise UsageError(
                f"--classifier needs --label; {classifier.name} has {', '.join(classifier.default.rules)}"
            )
        ways = [
            (BOOST, self.boost),
            (CLAMP, self.clamp),
            (SUPPRESS, 0.0 if self.suppress else None),
            (BOOST, None if self.cost is None else 1.0),
        ]
        asked = [(action, amount) for action, amount in ways if amount is not None]
        if len(asked) != 1:
            raise UsageError(
                f"--classifier needs one of --boost, --cost, --clamp and --suppress, got {len(asked)}"
            )
        ((action, amount),) = asked
        if self.by_weight and (self.top == 1 or self.suppress):
            raise UsageError(
                "--by-weight divides an amount among features; leave it out with --suppress or --top 1"
            )
        return label_interventions(
            classifier,
            self.label,
            action,
            amount,
            self.top,
            layers=parse_layers(self.layers),
            by_weight=self.by_weight,
        )


def chosen_interventions(
    features: list[str] | None, classifier: Classifier | None, choice: LabelChoice
) -> list[Intervention]:
    """The changes that the options ask for.

    Raises:
        UsageError: none, two ways at once, or an option without effect.
    """
    if features:
        if choice.given:
            raise UsageError(
                "--label, --boost, --cost, --clamp, --suppress, --top, --layers and --by-weight belong to "
                "--classifier; leave them or --feature out"
            )
        return [parse_intervention(text) for text in features]
    if classifier is None:
        raise UsageError(
            "nothing to change: give --feature LAYER:FEATURE=CHANGE, or --classifier with --label"
        )
    return choice.interventions(classifier)
