"""`scopesift steer export`: boosts as a control vector for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.steering.export import export as write
from scopesift_features.generating.hooks import gather
from scopesift_features.scope import Scope

from scopesift.commands.choices import check_output
from scopesift.commands.generating.options import (
    DEFAULT_TOP,
    BoostOption,
    ByWeightOption,
    FeatureLayersOption,
    FeatureOption,
    LabelChoice,
    LabelOption,
    SteeringClassifierOption,
    TopOption,
    chosen_interventions,
)
from scopesift.terminal.streams import say


def export(
    out: Annotated[Path, typer.Argument(help="File to write: .gguf for llama.cpp, or .safetensors.")],
    scope: Annotated[str, typer.Option(help="Scope whose SAEs have the features.")],
    feature: FeatureOption = None,
    classifier: SteeringClassifierOption = None,
    label: LabelOption = None,
    boost: BoostOption = None,
    top: TopOption = DEFAULT_TOP,
    layers: FeatureLayersOption = None,
    by_weight: ByWeightOption = False,
) -> None:
    """Write boosts as a control vector: one direction a layer, added to every token.

    llama.cpp reads it with `--control-vector FILE`, whose scale multiplies the amounts.

    Example: `scopesift steer export french.gguf --scope smollm2 --classifier language --label fr --boost 8`
    """
    check_output(out)
    place = Scope.load(scope, device="cpu")
    artifact = None if classifier is None else Classifier.load(classifier, place.id)
    choice = LabelChoice(label, boost, top=top, layers=layers, by_weight=by_weight)
    interventions = chosen_interventions(feature, artifact, choice)
    described = f"{place.id}: {', '.join(map(str, interventions))}"
    write(out, place, gather(place, interventions), described)
    say(f"wrote {out}: {described}")
