"""One steering: `python -m scopesift_service.jobs.steering`; the whole model is loaded, used once, and freed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.steering.choice import label_interventions
from scopesift_classifiers.steering.trial import SteeringResult, Trait, compare
from scopesift_features.checks.scope import TEXTS
from scopesift_features.generating.hooks import LayerChange, gather
from scopesift_features.generating.intervention import Intervention, parse_intervention
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_service.http.errors import ServiceError
from scopesift_service.jobs.process import STEERING, answer_job
from scopesift_service.settings import ServiceSettings
from scopesift_service.versions.starting import classifier_in_use


def run(job: dict[str, Any], chosen: ServiceSettings) -> dict[str, Any]:
    """Continue a prompt with features changed and without, and measure.

    Args:
        job: prompt, changes (as spelled; or none with name, label, action, amount and top), phase, max_new_tokens,
            temperature, top_p, seed, controls.
        chosen: Names scope, classifiers and state folder.

    Raises:
        ServiceError: 400 for a feature or label that there is not, or a prompt that is too long for the model.
        ScopesiftError: The scope can't be used, or only its first blocks are here.
    """
    scope = Scope.load(chosen.scope, device=chosen.device)
    classifier = None if job["name"] is None else classifier_in_use(job["name"], scope, chosen)
    interventions = _interventions(job, classifier)
    changes = _gathered(scope, interventions)
    sampling = Sampling(job["max_new_tokens"], job["temperature"], job["top_p"], job["seed"])
    model = LanguageModel(scope)
    _check_prompt(model, job["prompt"], sampling)
    trait = None if classifier is None else Trait(Engine(scope, [classifier]), classifier.name, job["label"])
    results = compare(
        model, [job["prompt"]], changes, TEXTS,
        trait=trait, sampling=sampling, phase=job["phase"], controls=job["controls"],
    )  # fmt: skip
    return {
        "scope": scope.id,
        "classifiers": {} if classifier is None else {classifier.name: classifier.version},
        "changes": [str(one) for one in interventions],
        "phase": job["phase"],
        "results": [_told(result) for result in results],
    }


def _interventions(job: dict[str, Any], classifier: Classifier | None) -> list[Intervention]:
    if classifier is None:
        return [parse_intervention(text) for text in job["changes"]]
    with _at_fault("changes.label"):
        return label_interventions(classifier, job["label"], job["action"], job["amount"], job["top"])


def _gathered(scope: Scope, interventions: list[Intervention]) -> list[LayerChange]:
    with _at_fault("changes"):
        for one in interventions:
            if one.layer not in scope.layers:
                raise UsageError(
                    f"{scope.id} has no SAE for layer {one.layer}; it has {', '.join(map(str, scope.layers))}"
                )
        return gather(scope, interventions)


def _check_prompt(model: LanguageModel, prompt: str, sampling: Sampling) -> None:
    """Check that the prompt has tokens, and that it and what follows fit the model."""
    with _at_fault("prompt"):
        tokens = len(model.ids(prompt))
        most = getattr(model.model.config, "max_position_embeddings", None)
        if most is not None and tokens + sampling.max_new_tokens > most:
            raise UsageError(
                f"the prompt has {tokens} tokens, which with {sampling.max_new_tokens} new ones are over the model's "
                f"{most}; shorten it"
            )


def _told(result: SteeringResult) -> dict[str, Any]:
    """A result in JSON, which has no infinite perplexity."""
    finite = math.isfinite(result.perplexity)
    return {**result.to_dict(), "perplexity": result.perplexity if finite else None}


@contextmanager
def _at_fault(param: str) -> Iterator[None]:
    """Make a wrong request a 400 that names the field."""
    try:
        yield
    except UsageError as error:
        raise ServiceError(400, str(error), param=param) from None


if __name__ == "__main__":
    answer_job(STEERING, run)
