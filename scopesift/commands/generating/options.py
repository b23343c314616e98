"""Options that say which features are changed, and how."""

from __future__ import annotations

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


def chosen_interventions(
    features: list[str] | None,
    classifier: Classifier | None,
    label: str | None,
    *,
    boost: float | None,
    clamp: float | None,
    suppress: bool,
    top: int,
) -> list[Intervention]:
    """The changes that the options ask for.

    Raises:
        UsageError: none, two ways at once, or an option without effect.
    """
    ways = [(BOOST, boost), (CLAMP, clamp), (SUPPRESS, 0.0 if suppress else None)]
    asked = [(action, amount) for action, amount in ways if amount is not None]
    if features:
        if label is not None or asked:
            raise UsageError(
                "--label, --boost, --clamp and --suppress belong to --classifier; leave them or --feature out"
            )
        return [parse_intervention(text) for text in features]
    if classifier is None:
        raise UsageError(
            "nothing to change: give --feature LAYER:FEATURE=CHANGE, or --classifier with --label"
        )
    if label is None:
        raise UsageError(
            f"--classifier needs --label; {classifier.name} has {', '.join(classifier.default.rules)}"
        )
    if len(asked) != 1:
        raise UsageError(f"--classifier needs one of --boost, --clamp and --suppress, got {len(asked)}")
    ((action, amount),) = asked
    return label_interventions(classifier, label, action, amount, top)
