"""POST /predict and /classify: the text-classification shape, all labels of one classifier with scores that sum to 1.

Source of the shape: Hugging Face's text-embeddings-inference; its answers are those of a text-classification pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scopesift_service.apis.loaded import LoadedClassifier
from scopesift_service.apis.text_checks import check_text, check_texts
from scopesift_service.engine.judged import Judged
from scopesift_service.http.errors import ServiceError
from scopesift_service.http.json_body import json_type
from scopesift_service.settings import ServiceSettings

DECIMALS = 6


def parse(content: dict[str, Any], limits: ServiceSettings) -> tuple[list[str], bool]:
    """The texts of a call, and whether it was one text and not a list.

    With `truncate`, texts are cut to the longest that a text may be; otherwise longer ones are refused.

    Raises:
        ServiceError: 400 or 413.
    """
    if "inputs" not in content:
        raise ServiceError(400, "expected inputs: a string or a list of strings", param="inputs")
    truncate, given = content.get("truncate"), content["inputs"]
    if truncate is not None and not isinstance(truncate, bool):
        raise ServiceError(
            400, f"truncate must be true or false, got {json_type(truncate)}", param="truncate"
        )
    longest = limits.max_characters
    if isinstance(given, str):
        return [check_text(given[:longest] if truncate else given, "inputs", limits)], True
    if truncate and isinstance(given, list):
        given = [text[:longest] if isinstance(text, str) else text for text in given]
    return check_texts(given, "inputs", limits), False


def choose(loaded: Mapping[str, LoadedClassifier], name: str | None) -> LoadedClassifier:
    """The classifier of the path; without one the first binary classifier, or the first of all.

    Raises:
        ServiceError: 404.
    """
    if name is None:
        return next((one for one in loaded.values() if one.binary), next(iter(loaded.values())))
    if name not in loaded:
        known = ", ".join(loaded)
        raise ServiceError(404, f"there is no such classifier; there are {known}", code="unknown_classifier")
    return loaded[name]


def answer(judged: list[Judged], classifier: LoadedClassifier, *, alone: bool) -> list[Any]:
    """The labels of every text, or of the only one.

    Raises:
        ServiceError: 500 if a text failed, since the format has no error per text.
    """
    for index, item in enumerate(judged):
        if "error" in item:
            raise ServiceError(
                500,
                f"the engine could not read inputs[{index}]; send it alone or leave it out",
                code="text_failed",
                param=f"inputs[{index}]",
            )
    found = [distribution(item["scores"][classifier.name], classifier) for item in judged]
    return found[0] if alone else found


def distribution(scores: Mapping[str, float], classifier: LoadedClassifier) -> list[dict[str, Any]]:
    """All labels of a classifier with scores that sum to 1, the likeliest first.

    The unknown label (a binary classifier's negative one) gets what the calibrated probabilities leave to 1. Each of
    them is against all others, so they may exceed 1 together: then they are divided by their sum.

    Args:
        scores: Calibrated probability by label; a label without one counts as 0.
        classifier: The classifier.
    """
    given = {label: scores.get(label, 0.0) for label in classifier.labels}
    total = sum(given.values())
    shares = {label: score / max(total, 1.0) for label, score in given.items()}
    shares[classifier.unknown] = max(0.0, 1.0 - total)
    return [
        {"label": label, "score": round(share, DECIMALS)}
        for label, share in sorted(shares.items(), key=lambda item: -item[1])
    ]
