"""Texts that nano's language model writes itself, to calibrate and measure an export where no others are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from scopesift_features.reading.windows import prefix_ids
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

from scopesift_classifiers.artifact.classifier import Classifier

TEXTS = 1200
TOKENS = 32
_AT_ONCE = 200
_LIKELIEST = 50


def writes_texts(scope: Scope) -> bool:
    """Whether the scope's backbone is a language model small enough to write texts here: nano's."""
    return scope.bundled and scope.record.package is None


def own_sentences(scope: Scope, classifier: Classifier, n: int = TEXTS) -> list[str]:
    """Sample texts from the language model that the scope reads with; the same ones every time.

    Every second text begins with a word that one of the classifier's features is named after, so that its
    features are met often enough.

    Args:
        scope: One that `writes_texts`.
        classifier: Its features' names give the first words.
        n: How many texts.

    Raises:
        UsageError: A scope that writes no texts.
    """
    if not writes_texts(scope):
        raise UsageError(
            f"calibrating an export needs texts, and {scope.id} cannot write its own; give --texts FILE"
        )
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging as model_logging

    bars = model_logging.is_progress_bar_enabled()
    model_logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            scope.folder / "backbone", local_files_only=True, dtype=torch.float32
        ).eval()
    finally:
        if bars:
            model_logging.enable_progress_bar()
    encode = scope.tokenizer.backend.encode
    starts = [encode(f" {word}", add_special_tokens=False).ids for word in _words(classifier)]
    tails = [starts[at // 2 % len(starts)] if starts and at % 2 else [] for at in range(n)]
    generator = torch.Generator().manual_seed(0)
    texts = []
    for begin in range(0, n, _AT_ONCE):
        # one length at a time: rows of a batch then need no padding
        part = tails[begin : begin + _AT_ONCE]
        for length in sorted({len(tail) for tail in part}):
            ids_BT = torch.tensor([prefix_ids(scope) + tail for tail in part if len(tail) == length])
            texts += _continued(scope, model, ids_BT, generator)
    return texts


@torch.inference_mode()
def _continued(scope: Scope, model: Any, ids_BT: torch.Tensor, generator: torch.Generator) -> list[str]:
    cache, step_BT = None, ids_BT
    for _ in range(TOKENS):
        found = model(input_ids=step_BT, past_key_values=cache, use_cache=True)
        cache = found.past_key_values
        top = found.logits[:, -1].topk(_LIKELIEST, dim=1)
        drawn_B1 = torch.multinomial(top.values.softmax(dim=1), 1, generator=generator)
        step_BT = top.indices.gather(1, drawn_B1)
        ids_BT = torch.cat((ids_BT, step_BT), dim=1)
    skipped = len(prefix_ids(scope))
    end = set(prefix_ids(scope))
    rows = [_until(row[skipped:], end) for row in ids_BT.tolist()]
    return [scope.tokenizer.decode(row).strip() for row in rows]


def _until(ids: list[int], end: set[int]) -> list[int]:
    """The ids before the first one that ends a text."""
    at = next((place for place, token in enumerate(ids) if token in end), len(ids))
    return ids[:at]


def _words(classifier: Classifier) -> Sequence[str]:
    names = [item.label for item in classifier.default.features]
    return sorted({word.strip() for name in names for word in name.split("·") if word.strip()})
