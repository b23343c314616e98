"""`scopesift steer`: text with features changed, beside controls and side effects."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.steering.cost import boosted_to_cost
from scopesift_classifiers.steering.trial import Trait, compare
from scopesift_features.checks.scope import TEXTS
from scopesift_features.generating.hooks import LayerChange, gather
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.generating.phases import EVERY, GENERATED, PHASES, PROMPT, check_phase
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError
from scopesift_files.row_readers.texts import read_texts

from scopesift.commands.choices import STDIN, DeviceOption
from scopesift.commands.generating.options import (
    DEFAULT_TOP,
    BoostOption,
    ByWeightOption,
    ClampOption,
    CostOption,
    FeatureLayersOption,
    FeatureOption,
    LabelChoice,
    LabelOption,
    SteeringClassifierOption,
    SuppressOption,
    TopOption,
    chosen_interventions,
)
from scopesift.terminal.steering import steering_table
from scopesift.terminal.streams import output, print_json, reading, say

ON = {EVERY: "every token", PROMPT: "the prompt's tokens", GENERATED: "generated tokens"}


def generate(
    prompts: Annotated[
        list[str], typer.Argument(help="Prompts to continue, or '-' to read them from stdin.")
    ],
    scope: Annotated[
        str, typer.Option(help="Scope with a decoder, e.g. nano or smollm2; not e5, an encoder.")
    ],
    feature: FeatureOption = None,
    classifier: SteeringClassifierOption = None,
    label: LabelOption = None,
    boost: BoostOption = None,
    clamp: ClampOption = None,
    suppress: SuppressOption = False,
    cost: CostOption = None,
    top: TopOption = DEFAULT_TOP,
    layers: FeatureLayersOption = None,
    by_weight: ByWeightOption = False,
    phase: Annotated[str, typer.Option(help=f"Tokens that are changed: {', '.join(PHASES)}.")] = EVERY,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Length of a continuation.")] = 60,
    temperature: Annotated[float, typer.Option(min=0, help="0: always the likeliest token.")] = 0.0,
    top_p: Annotated[
        float | None, typer.Option(help="Sample from tokens that hold this share; needs a temperature.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of sampling and of the random features. Default 0.")
    ] = None,
    neutral: Annotated[
        Path | None,
        typer.Option(help="Texts for the perplexity, a line or row each; default: ten built-in sentences."),
    ] = None,
    table: Annotated[bool, typer.Option(help="Measure effect, controls and side effects.")] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON object with the texts of all ways.")] = False,
    device: DeviceOption = None,
) -> None:
    """Continue prompts with features of the residual stream changed, and show beside it what that does.

    The table has the same prompts without changes, with the signs flipped, and with random features of the same norms.

    Example: `scopesift steer "The weather today" --scope nano --feature 2:17=+6`

    Example: `scopesift steer "The weather today" --scope smollm2 --classifier domain --label sports --cost 25`
    """
    if json and not table:
        raise UsageError("--json prints the measurements; leave --no-table out")
    if neutral is not None and not table and cost is None:
        raise UsageError("--neutral is for the table and --cost; leave it or --no-table out")
    if top_p is not None and not temperature:
        raise UsageError("--top-p needs --temperature above 0; without one the likeliest token is taken")
    check_phase(phase)
    sampling = Sampling(max_new_tokens, temperature, 1.0 if top_p is None else top_p, seed or 0)
    place = Scope.load(scope, device=device)
    artifact = None if classifier is None else Classifier.load(classifier, place.id)
    choice = LabelChoice(label, boost, clamp, suppress, cost, top, layers, by_weight)
    interventions = chosen_interventions(feature, artifact, choice)
    texts, neutral_texts = _prompts(prompts), _neutral(neutral)
    model = LanguageModel(place)
    if cost is not None:
        interventions = boosted_to_cost(model, interventions, neutral_texts, cost / 100)
    changes = gather(place, interventions)
    say(f"changes on {ON[phase]}: {', '.join(map(str, interventions))}")
    for change in changes:
        usual = model.residual_norm(change.sae.layer, texts)
        say(
            f"layer {change.sae.layer}: {_size(change)}residuals of the prompts have a norm of {usual:.1f} (median)"
        )
    steered = None
    if len(texts) == 1 and not json:
        sys.stdout.write(texts[0])
        steered = model.continuations(texts, changes, sampling=sampling, phase=phase, on_text=_write)
        sys.stdout.write("\n")
    elif not table:
        for text, more in zip(
            texts, model.continuations(texts, changes, sampling=sampling, phase=phase), strict=True
        ):
            sys.stdout.write(f"{text}{more}\n")
    if not table:
        return
    trait = (
        None if artifact is None or label is None else Trait(Engine(place, [artifact]), artifact.name, label)
    )
    with reading("measuring") as progress:
        results = compare(
            model, texts, changes, neutral_texts, trait=trait, sampling=sampling, phase=phase, given=steered,
            on_progress=progress,
        )  # fmt: skip
    if json:
        print_json(
            {
                "scope": place.id,
                "changes": [str(one) for one in interventions],
                "phase": phase,
                "prompts": texts,
                "results": [result.to_dict() for result in results],
            }
        )
    else:
        output.print(steering_table(results, None if trait is None else trait.label))


def _size(change: LayerChange) -> str:
    """The norm of a boost, which a user compares with that of the residuals."""
    if bool(change.reads_S.any()):
        return ""
    return f"the change has a norm of {float((change.amounts_S @ change.directions_SD).norm()):.1f}; "


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _prompts(given: list[str]) -> list[str]:
    if STDIN in given and len(given) > 1:
        raise UsageError("'-' means stdin and cannot be combined with prompts; give one or the other")
    if given != [STDIN]:
        return given
    found = [row.sound().text for row in read_texts(sys.stdin.buffer)]
    if not found:
        raise UsageError("stdin holds no prompt; give one a line")
    return found


def _neutral(path: Path | None) -> list[str]:
    if path is None:
        return list(TEXTS)
    try:
        with path.open("rb") as file:
            found = [row.sound().text for row in read_texts(file)]
    except OSError as error:
        raise UsageError(
            f"--neutral {path} cannot be read ({error.strerror}); name a file of texts"
        ) from None
    if not found:
        raise UsageError(f"--neutral {path} holds no text")
    return found
