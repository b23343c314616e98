"""`python -m bench steer`: traits boosted and suppressed on a real model, beside controls and side effects.

Which features to boost, and whether equally or by weight, is chosen on 40 prompts and 16 neutral texts, each choice
boosted as far as `COST` allows. As many features are suppressed as it allows. The figures are of 100 other prompts and
16 other texts, generated once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.steering.choice import label_interventions
from scopesift_classifiers.steering.controls import along_random_features, flipped
from scopesift_classifiers.steering.cost import boosted_to_cost
from scopesift_classifiers.steering.trial import Trait, distinct_pairs
from scopesift_features.generating.hooks import LayerChange, gather
from scopesift_features.generating.intervention import BOOST, SUPPRESS, Intervention, parse_intervention
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from bench.errors import BenchError
from bench.markdown import markdown
from bench.results_file import write_result
from bench.steer.prompts import NEUTRAL, eliciting_prompts, neutral_prompts
from scopesift.terminal.steering import WAYS

DEV_PROMPTS, TEST_PROMPTS = 40, 100
DEV_NEUTRAL = 16
TOPS = (1, 4, 16)
COST = 0.2
"""Rise of the perplexity of the dev texts; the aim is less than 0.3 on others."""
SUPPRESSED = (32, 16, 8, 4, 2, 1)
"""Numbers of features; the first that costs no more than `COST` on the dev texts."""
RANDOM_SEEDS = (1, 2)
SAMPLING = Sampling(max_new_tokens=40)
DEV_SAMPLING = Sampling(max_new_tokens=24)
QUICK_SAMPLING = Sampling(max_new_tokens=8)
OTHER_JUDGE = "e5"


@dataclass(frozen=True)
class Setting:
    """One steering.

    Attributes:
        layers: those of the features.
        top: number of features.
        by_weight: whether amounts are in proportion to weights, or all the same.
        interventions: the changes, before they are scaled.
    """

    layers: tuple[int, ...]
    top: int
    by_weight: bool
    interventions: list[Intervention]


class Bench:
    """The model, its classifiers, and e5's as a second opinion."""

    def __init__(self, scope: str, quick: bool = False) -> None:
        self.scope = Scope.load(scope, device="cpu")
        self.model = LanguageModel(self.scope)
        self.other = Scope.load(OTHER_JUDGE, device="cpu")
        self.sampling = QUICK_SAMPLING if quick else SAMPLING
        self.dev_sampling = QUICK_SAMPLING if quick else DEV_SAMPLING
        self.neutral_dev, self.neutral_test = NEUTRAL[:DEV_NEUTRAL], NEUTRAL[DEV_NEUTRAL:]

    def traits(self, classifier: str, label: str) -> dict[str, Trait]:
        """The scope's own classifier, and e5's where it has the label."""
        found = {
            "own": Trait(Engine(self.scope, [Classifier.load(classifier, self.scope.id)]), classifier, label)
        }
        other = Classifier.load(classifier, OTHER_JUDGE)
        if label in other.labels:
            found[OTHER_JUDGE] = Trait(Engine(self.other, [other]), classifier, label)
        return found

    def settings(self, classifier: str, label: str) -> list[Setting]:
        """All that are tried on the dev prompts: features of one layer or of all, equally or by weight."""
        artifact = Classifier.load(classifier, self.scope.id)
        found: list[Setting] = []
        for layers, top, by_weight in product(self._layers(), TOPS, (False, True)):
            try:
                boosts = label_interventions(
                    artifact, label, BOOST, 1.0, top, layers=layers, by_weight=by_weight
                )
            except UsageError:  # none of this layer speaks for the label
                continue
            if not any(boosts == other.interventions for other in found):
                found.append(Setting(layers, len(boosts), by_weight, boosts))
        return found

    def _layers(self) -> list[tuple[int, ...]]:
        return [*((layer,) for layer in self.scope.layers), tuple(self.scope.layers)]

    def size(self, changes: Sequence[LayerChange]) -> float:
        """Norm of the change as a share of the residuals' median norm, of the layer where it is largest."""
        return max(
            float((change.amounts_S @ change.directions_SD).norm()) / self.residual_norms[change.sae.layer]
            for change in changes
        )

    @cached_property
    def residual_norms(self) -> dict[int, float]:
        """Median norm of the residuals of the dev texts, by layer."""
        return {layer: self.model.residual_norm(layer, self.neutral_dev) for layer in self.scope.layers}


def run(scope: str, traits: Sequence[str], out: Path | None = None, quick: bool = False) -> None:
    """Choose and measure, print the tables, write the JSON.

    Args:
        scope: a scope with a decoder and classifiers.
        traits: `classifier:label` each.
        out: folder of the JSON; None: `bench/results/`.
        quick: few prompts and settings.
    """
    bench = Bench(scope, quick)
    result: dict[str, Any] = {
        "scope": scope,
        "prompts": TEST_PROMPTS,
        "new_tokens": bench.sampling.max_new_tokens,
    }
    result["traits"] = {name: _trait(bench, *_spelled(name), quick=quick) for name in traits}
    path = write_result("steer", result, out)
    print(f"{table(result)}\n\n{choice_table(result)}\n\nwritten: {path}")


def _spelled(name: str) -> tuple[str, str]:
    classifier, colon, label = name.partition(":")
    if not (colon and label):
        raise BenchError(f"a trait is classifier:label, not {name!r}")
    return classifier, label


def _trait(bench: Bench, classifier: str, label: str, *, quick: bool) -> dict[str, Any]:
    prompts = neutral_prompts()
    dev, test = prompts[:DEV_PROMPTS], prompts[DEV_PROMPTS : DEV_PROMPTS + TEST_PROMPTS]
    if quick:
        dev, test = dev[:4], test[:4]
    traits = bench.traits(classifier, label)
    tried: list[dict[str, Any]] = []
    settings = bench.settings(classifier, label)
    for setting in track(settings[:2] if quick else settings, f"choosing for {classifier}:{label}"):
        boosts = boosted_to_cost(bench.model, setting.interventions, bench.neutral_dev, COST)
        changes = gather(bench.scope, boosts)
        texts = bench.model.continuations(dev, changes, sampling=bench.dev_sampling)
        tried.append(
            {
                "layers": setting.layers,
                "top": setting.top,
                "by_weight": setting.by_weight,
                "size": bench.size(changes),
                "rate": _rate(traits["own"], texts),
                "distinct_2": distinct_pairs(texts),
                "features": [str(one) for one in boosts],
            }
        )
    chosen = max(tried, key=lambda one: (one["rate"], one["distinct_2"]))
    changes = gather(bench.scope, [parse_intervention(text) for text in chosen["features"]])
    ways: dict[str, list[Sequence[LayerChange]]] = {
        "none": [()],
        "steered": [changes],
        "flipped": [flipped(changes)],
        "random": [along_random_features(changes, seed) for seed in RANDOM_SEEDS],
    }
    plain = bench.model.perplexity(bench.neutral_test)
    boosted = {
        way: _measured(bench, traits, test, each, plain)
        for way, each in track(ways.items(), f"measuring {classifier}:{label}")
    }
    return {
        "tried": tried,
        "chosen": chosen,
        "boosted": boosted,
        "suppressed": _suppressed(bench, traits, classifier, label, plain, quick=quick),
    }


def _suppressed(
    bench: Bench, traits: dict[str, Trait], classifier: str, label: str, plain: float, *, quick: bool
) -> dict[str, Any] | None:
    prompts = eliciting_prompts(label)
    if not prompts:
        return None
    top, changes = _suppressions(bench, classifier, label)
    ways: dict[str, list[Sequence[LayerChange]]] = {
        "none": [()],
        "steered": [changes],
        "random": [along_random_features(changes, RANDOM_SEEDS[0])],
    }
    found = {
        way: _measured(bench, traits, prompts[:4] if quick else prompts, each, plain)
        for way, each in ways.items()
    }
    return {"top": top, "ways": found}


def _suppressions(bench: Bench, classifier: str, label: str) -> tuple[int, list[LayerChange]]:
    artifact = Classifier.load(classifier, bench.scope.id)
    plain = bench.model.perplexity(bench.neutral_dev)
    for top in SUPPRESSED:
        suppressed = label_interventions(artifact, label, SUPPRESS, 0.0, top)
        changes = gather(bench.scope, suppressed)
        if bench.model.perplexity(bench.neutral_dev, changes) <= plain * (1 + COST):
            return len(suppressed), changes
    raise BenchError(f"suppressing the strongest feature of {classifier}:{label} costs more than {COST:.0%}")


def _measured(
    bench: Bench,
    traits: dict[str, Trait],
    prompts: Sequence[str],
    each: Sequence[Sequence[LayerChange]],
    plain: float,
) -> dict[str, Any]:
    """Means over several draws of the same way."""
    texts = [bench.model.continuations(prompts, changes, sampling=bench.sampling) for changes in each]
    every = [text for own in texts for text in own]
    dearer = [bench.model.perplexity(bench.neutral_test, changes) / plain for changes in each]
    return {
        "rate": {name: _rate(trait, every) for name, trait in traits.items()},
        "perplexity": float(np.mean(dearer)),
        "distinct_2": float(np.mean([distinct_pairs(own) for own in texts])),
        "words": float(np.mean([len(text.split()) for text in every])),
        "example": texts[0][0],
    }


def _rate(trait: Trait, texts: Sequence[str]) -> float:
    return float(np.mean(trait.found(texts)[0]))


def table(result: dict[str, Any]) -> str:
    """The result as Markdown, a table for each trait."""
    parts = []
    for name, trait in result["traits"].items():
        label = name.partition(":")[2]
        chosen, judges = trait["chosen"], list(trait["boosted"]["none"]["rate"])
        head = ["", *(f"{label} by {'its own classifier' if judge == 'own' else judge}" for judge in judges)]
        head += ["perplexity of neutral text", "distinct-2", "words"]
        suppressed = trait["suppressed"]
        for what, ways in (("boosted", trait["boosted"]), ("suppressed", suppressed and suppressed["ways"])):
            if not ways:
                continue
            rows = [
                [WAYS[way], *(f"{found['rate'][judge]:.0%}" for judge in judges), f"{found['perplexity'] - 1:+.0%}",
                 f"{found['distinct_2']:.2f}", f"{found['words']:.1f}"]
                for way, found in ways.items()
            ]  # fmt: skip
            about = (
                f"{_spell(chosen)}, {chosen['size']:.2f} of the residuals' norm"
                if what == "boosted"
                else f"{suppressed['top']} features, on prompts that elicit it"
            )
            parts.append(f"**`{name}`, {what}** ({about}):\n\n{markdown(head, rows)}")
    return "\n\n".join(parts) + (
        f"\n\nScope {result['scope']}; {result['prompts']} prompts, {result['new_tokens']} new tokens each, always the "
        "likeliest token. Features and amounts were chosen on other prompts."
    )


def choice_table(result: dict[str, Any]) -> str:
    """What was tried on the dev prompts, a row each."""
    names = [name for name, trait in result["traits"].items() if trait["tried"]]
    rows: dict[str, dict[str, str]] = {}
    for name, trait in result["traits"].items():
        for one in trait["tried"]:
            rows.setdefault(_spell(one), {})[name] = f"{one['rate']:.0%} ({one['distinct_2']:.2f})"
    head = ["", *(f"`{name}` (distinct-2)" for name in names)]
    body = [[spelled, *(found.get(name, "") for name in names)] for spelled, found in rows.items()]
    return (
        f"{markdown(head, body)}\n\nOn {DEV_PROMPTS} prompts, {DEV_SAMPLING.max_new_tokens} new tokens each, boosted "
        f"until the perplexity of {DEV_NEUTRAL} neutral texts is {COST:.0%} higher, or a little less."
    )


def _spell(tried: dict[str, Any]) -> str:
    """Which features, and how the amounts are divided."""
    top, layers = tried["top"], tried["layers"]
    of = f"{top} {'feature' if top == 1 else 'features'} of {'layer' if len(layers) == 1 else 'layers'}"
    spelled = f"{of} {' and '.join(map(str, layers))}"
    return spelled if top == 1 else f"{spelled}, {'by weight' if tried['by_weight'] else 'equally'}"
