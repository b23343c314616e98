"""Windows of tokens with their positions in the original text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import InputError, ScopeError

if TYPE_CHECKING:
    from scopesift_features.catalogue.settings import ReadingSettings
    from scopesift_features.reader import Reader


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Consecutive tokens of one text with prefix and suffix.

    Attributes:
        document: index of the text.
        ids: token ids `[T]` int64.
        starts, ends: character offsets `[T]` int64 in the original text; 0 and 0 on prefix and suffix. All tokens
            of a split character span the whole character.
        keep: bool `[T]`, False on prefix, suffix and skipped first tokens.
    """

    document: int
    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    keep: NDArray[np.bool_]


def make_windows(
    reader: Reader, texts: Sequence[str], *, first_document: int = 0, offsets: bool = True
) -> list[Window]:
    """Tokenise texts and split them into overlapping windows.

    Special tokens spelled out in a text are tokenised as ordinary characters, lone surrogates as U+FFFD
    (one character each, so offsets hold). A text without tokens gets no window.

    Args:
        reader: has the tokenizer and the settings.
        texts: any strings.
        first_document: index of the first text, for callers that process chunks.
        offsets: False leaves `starts` and `ends` at 0, which is faster; for callers that show no evidence.

    Raises:
        InputError: a text that is not a string.
    """
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {first_document + index} is a {type(text).__name__}, expected a string")
    around = prefix_ids(reader), suffix_ids(reader)
    windows: list[Window] = []
    for index, (ids_T, spans_T2) in enumerate(reader.tokenizer.encode(texts, offsets=offsets)):
        windows.extend(_cut(first_document + index, ids_T, spans_T2, around, reader.settings))
    return windows


def prefix_ids(reader: Reader) -> list[int]:
    """Token ids before every window.

    Raises:
        ScopeError: the tokenizer has no such token.
    """
    return _ids(reader, "prefix", reader.settings.prefix)


def suffix_ids(reader: Reader) -> list[int]:
    """Token ids after every window.

    Raises:
        ScopeError: the tokenizer has no such token.
    """
    return _ids(reader, "suffix", reader.settings.suffix)


def _ids(reader: Reader, where: str, tokens: Sequence[str]) -> list[int]:
    found = []
    for token in tokens:
        known = reader.tokenizer.token_id(token)
        if known is None:
            raise ScopeError(
                f"{reader.id}: the tokenizer has no token {token!r}, which the settings name as {where}"
            )
        found.append(known)
    return found


def _cut(
    document: int,
    ids_T: NDArray[np.int64],
    spans_T2: NDArray[np.int64],
    around: tuple[list[int], list[int]],
    settings: ReadingSettings,
) -> list[Window]:
    prefix, suffix = (np.asarray(ids, dtype=np.int64) for ids in around)
    room = settings.window_tokens - len(prefix) - len(suffix)
    windows = []
    for begin in range(0, max(1, len(ids_T) - settings.overlap_tokens), room - settings.overlap_tokens):
        end = min(begin + room, len(ids_T))
        if begin == end:
            break
        keep = np.zeros(len(prefix) + end - begin + len(suffix), dtype=np.bool_)
        keep[len(prefix) : len(prefix) + end - begin] = True
        if settings.skip == "first-token" and len(keep) > 1:
            keep[0] = False
        spans = np.zeros((len(keep), 2), dtype=np.int64)
        spans[len(prefix) : len(prefix) + end - begin] = spans_T2[begin:end]
        windows.append(
            Window(
                document=document,
                ids=np.concatenate([prefix, ids_T[begin:end], suffix]),
                starts=spans[:, 0],
                ends=spans[:, 1],
                keep=keep,
            )
        )
    return windows
