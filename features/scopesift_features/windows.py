"""Texts become windows of tokens that know where they stand in the original text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scopesift_features.errors import InputError, ScopeError

if TYPE_CHECKING:
    from scopesift_features.scope import Scope
    from scopesift_features.settings import ReadingSettings

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A run of tokens of one text, prefix included.

    Attributes:
        document: index of the text.
        ids: token ids `[T]` int64.
        starts, ends: character offsets `[T]` int64 in the original text; 0 and 0 on the prefix. A character
            that is split over several tokens is spanned by each of them.
        keep: bool `[T]`, False on the prefix and on skipped first tokens.
    """

    document: int
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    keep: NDArray[np.bool_]


def make_windows(
    scope: Scope, texts: Sequence[str], *, first_document: int = 0, offsets: bool = True
) -> list[Window]:
    """Tokenise texts and cut them into overlapping windows.

    Special tokens that are spelled out in a text are read as ordinary characters, lone surrogates as U+FFFD
    (one character each, so offsets hold). A text without tokens gets no window.

    Args:
        scope: gives the tokenizer and the settings.
        texts: any strings.
        first_document: index of the first text, for callers that work in chunks.
        offsets: False leaves `starts` and `ends` at 0, which is faster; for callers that show no evidence.

    Raises:
        InputError: a text that is not a string.
    """
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {first_document + index} is a {type(text).__name__}, expected a string")
    prefix = prefix_ids(scope)
    tokenizer = scope.tokenizer.backend_tokenizer
    tokenizer.encode_special_tokens = True
    clean = [_SURROGATES.sub("\ufffd", text) for text in texts]
    windows: list[Window] = []
    encode = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
    for index, encoding in enumerate(encode(clean, add_special_tokens=False)):
        ids = np.asarray(encoding.ids, dtype=np.int64)
        if offsets:
            spans = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        else:
            spans = np.zeros((len(ids), 2), dtype=np.int64)
        windows.extend(_cut(first_document + index, ids, spans, prefix, scope.settings))
    return windows


def prefix_ids(scope: Scope) -> list[int]:
    """Token ids of the scope's prefix.

    Raises:
        ScopeError: the tokenizer has no such token.
    """
    prefix = scope.settings.prefix
    if not prefix:
        return []
    token = scope.tokenizer.backend_tokenizer.token_to_id(prefix)
    if token is None:
        raise ScopeError(
            f"{scope.id}: the tokenizer has no token {prefix!r}, which the settings name as prefix"
        )
    return [token]


def _cut(
    document: int,
    ids: NDArray[np.int64],
    spans: NDArray[np.int64],
    prefix: list[int],
    settings: ReadingSettings,
) -> list[Window]:
    room = settings.window_tokens - len(prefix)
    windows = []
    for begin in range(0, max(1, len(ids) - settings.overlap_tokens), room - settings.overlap_tokens):
        end = min(begin + room, len(ids))
        if begin == end:
            break
        keep = np.ones(len(prefix) + end - begin, dtype=np.bool_)
        keep[: len(prefix)] = False
        if settings.skip == "first-token" and len(keep) > 1:
            keep[0] = False
        zeros = np.zeros(len(prefix), dtype=np.int64)
        windows.append(
            Window(
                document=document,
                ids=np.concatenate([np.asarray(prefix, dtype=np.int64), ids[begin:end]]),
                starts=np.concatenate([zeros, spans[begin:end, 0]]),
                ends=np.concatenate([zeros, spans[begin:end, 1]]),
                keep=keep,
            )
        )
    return windows
