"""From documents to residuals: one pass of the backbone for all layers, a chunk of the pool at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from scopesift_features.extract import stream_residuals
from scopesift_features.windows import Window, make_windows

from recipes.sae.documents import Corpus, Part
from recipes.sae.residual_pool import ResidualPool

if TYPE_CHECKING:
    from scopesift_features.reader import Reader
    from torch import Tensor

TOKENISED_AT_ONCE = 256
GROUP_TOKENS = 32_768
HELD_OUT: dict[Part, int] = {"dev": 1, "test": 2}
"""Chunks that each held-out part takes at most."""


class PoolFiller:
    """Fills the chunks of a pool in the corpus's order.

    Attributes:
        pool: What is filled.
        on_tokens: Called with the tokens of each batch, for progress.
    """

    def __init__(
        self, reader: Reader, corpus: Corpus, pool: ResidualPool, on_tokens: Callable[[int], None]
    ) -> None:
        self.reader, self.corpus, self.pool, self.on_tokens = reader, corpus, pool, on_tokens
        self._train = _Documents(reader, corpus, "train", (0, 0))

    def fill_held_out(self) -> None:
        """Fill the held-out parts that are not there yet; the first one also fixes each layer's scale."""
        for part, chunks in HELD_OUT.items():
            if part not in self.pool.record.chunks:
                documents = _Documents(self.reader, self.corpus, part, (0, 0))
                self._fill(part, documents, chunks * self.pool.size.chunk_tokens, generation=0)

    def fill_generation(self, generation: int, tokens: int) -> bool:
        """Fill the chunk of a generation, unless the pool holds it.

        Where the text ends inside it, it is cut short in the first filling; later the chunk stays as it was.

        Args:
            generation: Counted from 0; at most one more than was ever filled.
            tokens: Most tokens to fill.

        Returns:
            Whether there was text for all of them.
        """
        record, name = self.pool.record, str(generation % self.pool.size.chunks)
        held = record.chunks.get(name)
        if held is not None and held.generation == generation:
            return record.last != generation
        start = record.starts[generation]
        if self._train.position != start:
            self._train = _Documents(self.reader, self.corpus, "train", start)
        return self._fill(name, self._train, tokens, generation)

    def _fill(self, name: str, documents: _Documents, tokens: int, generation: int) -> bool:
        record = self.pool.record
        writer = self.pool.write_chunk(name, tokens)
        while writer.filled < tokens:
            windows = documents.take(min(GROUP_TOKENS, tokens - writer.filled))
            if not windows:
                break
            for resid_TD in self._residuals(windows):
                writer.add(resid_TD)
        full = writer.filled == tokens
        if documents.part == "train":
            if len(record.starts) == generation + 1:
                record.starts.append(documents.position)
            if not full:
                record.last = generation
        if full or generation < self.pool.size.chunks:
            writer.commit(generation)
        return full

    def _residuals(self, windows: Sequence[Window]) -> Iterator[dict[int, Tensor]]:
        stream: Iterator[dict[int, Tensor]]
        stream = (batch.resid_TD for batch in stream_residuals(self.reader, windows, self.pool.layers))
        if not self.pool.record.bounds:
            first = list(stream)
            self.pool.measure_scale(
                {layer: torch.cat([batch[layer] for batch in first]) for layer in self.pool.layers}
            )
            stream = iter(first)
        for resid_TD in stream:
            yield resid_TD
            self.on_tokens(len(next(iter(resid_TD.values()))))


class _Documents:
    """The windows of one part's documents from a position on.

    Attributes:
        part: Part of the corpus.
        position: (slice, document) of the next document; the number of slices at the end.
    """

    def __init__(self, reader: Reader, corpus: Corpus, part: Part, position: tuple[int, int]) -> None:
        self.reader, self.corpus, self.part, self.position = reader, corpus, part, position
        self._slice: tuple[int, list[str]] = (-1, [])
        self._ahead: dict[tuple[int, int], list[Window]] = {}

    def take(self, tokens: int) -> list[Window]:
        """Windows of the next documents, with about so many kept tokens; empty at the end of the text.

        What the last document has beyond them is left out.
        """
        taken: list[Window] = []
        kept = 0
        while kept < tokens and (windows := self._next()) is not None:
            for window in windows:
                if kept < tokens:
                    taken.append(window)
                    kept += int(window.keep.sum())
        return taken

    def _next(self) -> list[Window] | None:
        number, index = self.position
        while number < self.corpus.slices:
            texts = self._texts(number)
            if index < len(texts):
                break
            number, index = number + 1, 0
        else:
            self.position = (number, 0)
            return None
        if (number, index) not in self._ahead:
            several = texts[index : index + TOKENISED_AT_ONCE]
            self._ahead = {(number, index + i): [] for i in range(len(several))}
            for window in make_windows(self.reader, several, first_document=index, offsets=False):
                self._ahead[number, window.document].append(window)
        self.position = (number, index + 1)
        return self._ahead.pop((number, index))

    def _texts(self, number: int) -> list[str]:
        if self._slice[0] != number:
            self._slice = (number, self.corpus.documents(self.part, number))
        return self._slice[1]
