"""`scopesift trace`: which features fired on which token of a prompt and of what the model wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.pages.tracing import write_trace
from scopesift_classifiers.tracing.language_switch import first_switch
from scopesift_classifiers.tracing.trace import trace_text, with_lens
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.generating.logit_lens import likelier_tokens
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift.commands.choices import DeviceOption, LayersOption, check_output, parse_layers
from scopesift.terminal.streams import output, print_json, say
from scopesift.terminal.tracing import trace_table

LANGUAGE_SWITCH = "language-switch"
LENS_TOKENS = 4


def trace(
    prompt: Annotated[
        str, typer.Argument(help="The prompt, or a text to trace as it is with --max-new-tokens 0.")
    ],
    scope: Annotated[str, typer.Option(help="Scope, e.g. nano or smollm2; of e5, an encoder, texts only.")],
    max_new_tokens: Annotated[int, typer.Option(min=0, help="How much the model writes; 0: nothing.")] = 40,
    temperature: Annotated[float, typer.Option(min=0, help="0: always the likeliest token.")] = 0.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Of sampling. Default 0.")] = None,
    classifier: Annotated[
        str | None, typer.Option(help="Names features, and with --label says what announces it.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="A label of the classifier.")] = None,
    first: Annotated[
        str | None, typer.Option(help=f"{LANGUAGE_SWITCH}: where the text leaves the prompt's language.")
    ] = None,
    layers: LayersOption = None,
    top: Annotated[int, typer.Option(min=1, help="Features to show of each token.")] = 3,
    html: Annotated[Path | None, typer.Option(help="Also write an HTML page.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    device: DeviceOption = None,
) -> None:
    """Trace a prompt and what the model writes: the strongest features of each token, and what each makes likelier.

    Example: `scopesift trace "The weather today" --scope nano --classifier language --label de`

    Example: `scopesift trace "Wir sehen uns" --scope smollm2 --first language-switch --html switch.html`
    """
    _check(first, label, classifier, seed, temperature)
    check_output(html)
    place = Scope.load(scope, device=device)
    if first == LANGUAGE_SWITCH:
        classifier = classifier or LANGUAGE
    artifact = None if classifier is None else Classifier.load(classifier, place.id)
    chosen = parse_layers(layers) or list(place.layers)
    text, model = prompt, None
    if max_new_tokens:
        model = LanguageModel(place)
        sampling = Sampling(max_new_tokens, temperature, seed=seed or 0)
        text += model.continuations([prompt], sampling=sampling)[0]
    switch = None
    if first == LANGUAGE_SWITCH:
        named = artifact is not None and artifact.name == LANGUAGE
        language = artifact if artifact is not None and named else Classifier.load(LANGUAGE, place.id)
        # without a continuation the text itself may switch anywhere
        switch = first_switch(Engine(place, [language]), text, len(prompt) if max_new_tokens else 0)
        if switch is not None and label is None and artifact is language:
            label = switch.after
    found = trace_text(place, text, len(prompt), layers=chosen, top=top, classifier=artifact, label=label)
    if model is not None:
        features = {(one.layer, one.index) for token in found.tokens for one in token.features}
        found = with_lens(found, likelier_tokens(model, features, LENS_TOKENS))
    if json:
        print_json({"scope": place.id, **found.to_dict(), "switch": None if switch is None else vars(switch)})
    else:
        output.print(trace_table(found))
    if first == LANGUAGE_SWITCH:
        say(
            "the language stays"
            if switch is None
            else f"the text leaves {switch.before} for {switch.after} at character {switch.start}: "
            f"{text[switch.start : switch.start + 40]!r}"
        )
    if html is not None:
        write_trace(html, place.id, found)
        say(f"wrote {html}")


def _check(
    first: str | None, label: str | None, classifier: str | None, seed: int | None, temperature: float
) -> None:
    if first not in (None, LANGUAGE_SWITCH):
        raise UsageError(f"--first takes {LANGUAGE_SWITCH}, not {first!r}")
    if label is not None and classifier is None:
        raise UsageError("--label needs --classifier")
    if seed is not None and not temperature:
        raise UsageError("--seed needs --temperature above 0; without one the likeliest token is taken")
