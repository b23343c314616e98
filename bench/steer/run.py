"""`python -m bench steer`: traits boosted and suppressed on a real model, beside controls and side effects.

Layer, number of features and size of the change are chosen on 40 prompts and 16 neutral texts; the figures are of 100
other prompts and 16 other texts, generated once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.steering.choice import label_features
from scopesift_classifiers.steering.controls import along_random_features, flipped
from scopesift_classifiers.steering.trial import Trait, distinct_pairs
from scopesift_features.generating.hooks import LayerChange, gather
from scopesift_features.generating.intervention import BOOST, SUPPRESS, Intervention
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
SIZES = (0.2, 0.35, 0.5, 0.75)
"""Norm of the change as a share of the residuals' median norm."""
SUPPRESSED = 32
RANDOM_SEEDS = (1, 2, 3)
DEAREST = 1.3
SAMPLING = Sampling(max_new_tokens=40)
OTHER_JUDGE = "e5"


@dataclass(frozen=True)
class Setting:
    """One steering: features of a layer, changed by the same amount each."""

    layer: int
    top: int
    size: float
    interventions: list[Intervention]


class Bench:
    """The model, its classifiers, and e5's as a second opinion."""

    def __init__(self, scope: str, sampling: Sampling = SAMPLING) -> None:
        self.scope = Scope.load(scope, device="cpu")
        self.model = LanguageModel(self.scope)
        self.other = Scope.load(OTHER_JUDGE, device="cpu")
        self.sampling = sampling
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
        """All that are tried on the dev prompts."""
        artifact = Classifier.load(classifier, self.scope.id)
        found = []
        for layer in self.scope.layers:
            usual = self.model.residual_norm(layer, self.neutral_dev)
            for top in TOPS:
                try:
                    features = label_features(artifact, label, top, layer=layer)
                except UsageError:
                    continue
                ones = [Intervention(*feature, BOOST, 1.0) for feature in features]
                (change,) = gather(self.scope, ones)
                norm = float((change.amounts_S @ change.directions_SD).norm())
                for size in SIZES:
                    amount = size * usual / norm
                    found.append(
                        Setting(
                            layer, top, size, [Intervention(*feature, BOOST, amount) for feature in features]
                        )
                    )
        return found

    def texts(self, prompts: Sequence[str], changes: Sequence[LayerChange]) -> list[str]:
        """Continuations."""
        return self.model.continuations(prompts, changes, sampling=self.sampling)


def run(scope: str, traits: Sequence[str], out: Path | None = None, quick: bool = False) -> None:
    """Choose and measure, print the tables, write the JSON.

    Args:
        scope: a scope with a decoder and classifiers.
        traits: `classifier:label` each.
        out: folder of the JSON; None: `bench/results/`.
        quick: few prompts and settings.
    """
    bench = Bench(scope, Sampling(max_new_tokens=8) if quick else SAMPLING)
    result: dict[str, Any] = {
        "scope": scope,
        "prompts": TEST_PROMPTS,
        "new_tokens": bench.sampling.max_new_tokens,
    }
    result["traits"] = {name: _trait(bench, *_spelled(name), quick=quick) for name in traits}
    path = write_result("steer", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


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
    plain_dev = bench.model.perplexity(bench.neutral_dev)
    tried: list[dict[str, Any]] = []
    settings = bench.settings(classifier, label)
    for setting in track(settings[:2] if quick else settings, f"choosing for {classifier}:{label}"):
        changes = gather(bench.scope, setting.interventions)
        dearer = bench.model.perplexity(bench.neutral_dev, changes) / plain_dev
        rate = _rate(traits["own"], bench.texts(dev, changes)) if dearer < DEAREST else None
        tried.append(
            {
                "layer": setting.layer,
                "top": setting.top,
                "size": setting.size,
                "perplexity": dearer,
                "rate": rate,
            }
        )
    allowed = [at for at, one in enumerate(tried) if one["rate"] is not None]
    if not allowed:
        return {"tried": tried, "chosen": None}
    best = max(allowed, key=lambda at: (tried[at]["rate"], -tried[at]["perplexity"]))
    changes = gather(bench.scope, settings[best].interventions)
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
        "chosen": tried[best] | {"features": [str(one) for one in settings[best].interventions]},
        "boosted": boosted,
        "suppressed": _suppressed(bench, traits, classifier, label, plain, quick=quick),
    }


def _suppressed(
    bench: Bench, traits: dict[str, Trait], classifier: str, label: str, plain: float, *, quick: bool
) -> dict[str, Any] | None:
    prompts = eliciting_prompts(label)
    if not prompts:
        return None
    artifact = Classifier.load(classifier, bench.scope.id)
    features = label_features(artifact, label, SUPPRESSED)
    changes = gather(bench.scope, [Intervention(*feature, SUPPRESS) for feature in features])
    ways: dict[str, list[Sequence[LayerChange]]] = {
        "none": [()],
        "steered": [changes],
        "random": [along_random_features(changes, RANDOM_SEEDS[0])],
    }
    return {
        way: _measured(bench, traits, prompts[:4] if quick else prompts, each, plain)
        for way, each in ways.items()
    }


def _measured(
    bench: Bench,
    traits: dict[str, Trait],
    prompts: Sequence[str],
    each: Sequence[Sequence[LayerChange]],
    plain: float,
) -> dict[str, Any]:
    """Means over several draws of the same way."""
    texts = [bench.texts(prompts, changes) for changes in each]
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
        if trait["chosen"] is None:
            parts.append(f"`{name}`: no setting kept the perplexity below {DEAREST:g} times.")
            continue
        chosen, judges = trait["chosen"], list(trait["boosted"]["none"]["rate"])
        head = ["", *(f"{label} by {'its own classifier' if judge == 'own' else judge}" for judge in judges)]
        head += ["perplexity of neutral text", "distinct-2", "words"]
        for what, ways in (("boosted", trait["boosted"]), ("suppressed", trait["suppressed"])):
            if ways is None:
                continue
            rows = [
                [WAYS[way], *(f"{found['rate'][judge]:.0%}" for judge in judges), f"{found['perplexity'] - 1:+.0%}",
                 f"{found['distinct_2']:.2f}", f"{found['words']:.1f}"]
                for way, found in ways.items()
            ]  # fmt: skip
            about = (
                f"{chosen['top']} features of layer {chosen['layer']}, {chosen['size']:g} of the residuals' norm"
                if what == "boosted"
                else f"{SUPPRESSED} features, on prompts that elicit it"
            )
            parts.append(f"**`{name}`, {what}** ({about}):\n\n{markdown(head, rows)}")
    return "\n\n".join(parts) + (
        f"\n\nScope {result['scope']}; {result['prompts']} prompts, {result['new_tokens']} new tokens each, always the "
        "likeliest token. Setting chosen on other prompts."
    )
