"""Tokenisation to ids and spans, with any backbone's tokenizer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError, first_line

from scopesift_features.tokenizing.normalisation import Aligned, Normaliser
from scopesift_features.tokenizing.portable_normaliser import portable_normaliser

if TYPE_CHECKING:
    import tokenizers

_SURROGATES = re.compile("[\ud800-\udfff]")
# normalisers for which NFC beforehand changes no token
_COMPOSING = (b'"NFC"', b'"NFKC"', b'"Precompiled"')


class Encoded(NamedTuple):
    """A text of T tokens: ids `[T]` int64, and spans `[T, 2]` int64 in code points of the original text."""

    ids_T: NDArray[np.int64]
    spans_T2: NDArray[np.int64]


class Tokenizer:
    """Token ids of texts, without special tokens, padding or truncation.

    Special tokens spelled out in a text are tokenised as ordinary characters, lone surrogates as U+FFFD.

    Attributes:
        backend: the fast tokenizer of Hugging Face's `tokenizers`.
    """

    def __init__(self, backend: tokenizers.Tokenizer, normaliser: Normaliser | None = None) -> None:
        """Wrap a backend.

        Args:
            backend: its special tokens, padding and truncation are switched off.
            normaliser: applied before the backend; None: NFC if the backend's own normaliser composes, so that spans
                cover all of a composed character.
        """
        self.backend = prepared(backend)
        own = backend.normalizer
        if normaliser is None and own is not None and any(k in own.__getstate__() for k in _COMPOSING):
            normaliser = Normaliser()
        self._normaliser = normaliser

    @classmethod
    def read(cls, folder: Path) -> Tokenizer:
        """The tokenizer of a backbone folder in Hugging Face format.

        Raises:
            ScopeError: tokenizer.json is missing or damaged.
        """
        from transformers import PreTrainedTokenizerFast

        path = folder / "tokenizer.json"
        if not path.is_file():
            raise ScopeError(f"{path} is missing; a backbone folder needs the model's tokenizer.json")
        try:
            whole = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            raise ScopeError(
                f"{path} is not a readable tokenizer ({first_line(error)}); write or pull the scope again"
            ) from None
        return cls(whole.backend_tokenizer)

    def encode(self, texts: Sequence[str], *, offsets: bool = True) -> Iterator[Encoded]:
        """Tokens of each text, in order.

        Args:
            texts: any strings.
            offsets: False leaves the spans at 0, which is faster; for callers that show no evidence.
        """
        clean = [_SURROGATES.sub("\ufffd", text) for text in texts]
        aligned = [Aligned(text) if self._normaliser is None else self._normaliser(text) for text in clean]
        encodings = self._encodings([one.text for one in aligned], offsets)
        for text, (ids_T, spans) in zip(aligned, encodings, strict=True):
            if offsets:
                spans_T2 = text.original(np.asarray(spans, dtype=np.int64).reshape(-1, 2))
            else:
                spans_T2 = np.zeros((len(ids_T), 2), dtype=np.int64)
            yield Encoded(ids_T, spans_T2)

    def load(self) -> None:
        """Index the vocabulary now, where that is left to the first texts otherwise."""

    def _encodings(self, texts: Sequence[str], offsets: bool) -> list[tuple[NDArray[np.int64], Any]]:
        """Token ids of normalised texts, and the tokens' starts and ends."""
        return self._run(self.backend, texts, offsets)

    @staticmethod
    def _run(
        backend: tokenizers.Tokenizer, texts: Sequence[str], offsets: bool
    ) -> list[tuple[NDArray[np.int64], Any]]:
        encode = backend.encode_batch if offsets else backend.encode_batch_fast
        return [
            (np.asarray(one.ids, dtype=np.int64), one.offsets if offsets else None)
            for one in encode(list(texts), add_special_tokens=False)
        ]

    def token_id(self, name: str) -> int | None:
        """Id of a token by its name in the vocabulary; None if there is none."""
        found: int | None = self.backend.token_to_id(name)
        return found

    def to_json(self) -> str:
        """Content of a tokenizer.json that gives the same ids in runtimes for Hugging Face's format.

        The caller must not add or recognise special tokens, and must replace lone surrogates by U+FFFD.

        Raises:
            ScopeError: see `portable_normaliser`.
        """
        content = json.loads(self.backend.to_str())
        if self._normaliser is not None and self._normaliser.replacements:
            vocabulary = frozenset("".join(self.backend.get_vocab(with_added_tokens=False)))
            portable = portable_normaliser(self._normaliser.replacements, vocabulary)
            content["normalizer"] = json.loads(portable.__getstate__())
        return json.dumps(content, ensure_ascii=False)

    def around(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the special tokens that the tokenizer's template adds before and after a text.

        Raises:
            ScopeError: it gives no token for an ordinary letter.
        """
        encoding = self.backend.encode("a", add_special_tokens=True)
        added = encoding.special_tokens_mask
        if 0 not in added:
            raise ScopeError("the tokenizer makes no token of 'a'; write prefix and suffix into scope.json")
        first, last = added.index(0), len(added) - added[::-1].index(0)
        return tuple(encoding.tokens[:first]), tuple(encoding.tokens[last:])

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids."""
        text: str = self.backend.decode(list(ids), skip_special_tokens=False)
        return text


def prepared(backend: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """The backend without padding and truncation; special tokens in a text are ordinary characters."""
    backend.no_padding()
    backend.no_truncation()
    backend.encode_special_tokens = True
    _cut_spelled_special_tokens(backend)
    return backend


def _cut_spelled_special_tokens(backend: tokenizers.Tokenizer) -> None:
    """Prevent Unigram from matching special tokens that are spelled out in a text.

    Only Unigram has them among the pieces of its vocabulary: a text could contain a real `</s>`.
    """
    from tokenizers import Regex, models, pre_tokenizers

    special = [token.content for token in backend.get_added_tokens_decoder().values() if token.special]
    begins = "|".join(f"{_literal(name[0])}(?={_literal(name[1:])})" for name in special if len(name) > 1)
    if not begins or not isinstance(backend.model, models.Unigram):
        return
    steps = [] if backend.pre_tokenizer is None else [backend.pre_tokenizer]
    cut = pre_tokenizers.Split(Regex(begins), "isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence([*steps, cut])


def _literal(text: str) -> str:
    # not re.escape: JavaScript, which reads exported tokenizers, rejects unnecessary escapes
    return re.sub(r"([\\^$.*+?()\[\]{}|])", r"\\\1", text)
