"""Texts of a given number of tokens, made of the demo's sentences."""

from __future__ import annotations

import numpy as np
from scopesift_features.scope import Scope

from scopesift.demo_sentences import SENTENCES


def texts_of(scope: Scope, length: int, count: int) -> list[str]:
    """Texts of about `length` tokens in ten languages, each beginning elsewhere.

    Args:
        scope: Has the tokenizer.
        length: Tokens of a text, without prefix and suffix.
        count: How many texts.
    """
    ids = np.concatenate(
        [one.ids_T for one in scope.tokenizer.encode([sentence.text for sentence in SENTENCES])]
    )
    starts = np.arange(count) * 37 % len(ids)
    return [scope.tokenizer.decode(np.resize(np.roll(ids, -start), length).tolist()) for start in starts]


def lengths_of(scope: Scope, texts: list[str]) -> list[int]:
    """Tokens of each text."""
    return [len(one.ids_T) for one in scope.tokenizer.encode(texts, offsets=False)]
