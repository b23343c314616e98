"""Fills the pool with residuals: one backbone pass for all layers, chunk by chunk.

A chunk's content depends on text, backbone and sizes only, not on a run's number of tokens, so that runs can share a
pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import torch
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.reading.extract import stream_residuals

from recipes.sae.pool.documents import Corpus, Part
from recipes.sae.pool.residuals import ChunkWriter, ResidualPool

if TYPE_CHECKING:
    from scopesift_features.reader import Reader
    from torch import Tensor

TOKENISED_AT_ONCE = 256
GROUP_TOKENS = 32_768
HELD_OUT: dict[Part, int] = {"dev": 1, "test": 2}
"""Maximum chunks of each held-out part."""
OnTokens = Callable[[int], object]


class PoolFiller:
    """Fills the chunks of a pool in the corpus's order.

    Attributes:
        pool: The pool.
    """

    def __init__(self, reader: Reader, corpus: Corpus, pool: ResidualPool) -> None:
        self.reader, self.corpus, self.pool = reader, corpus, pool
        self._thread = ThreadPoolExecutor(1)
        self._train = self._documents("train", (0, 0))

    def fill_held_out(self, on_tokens: OnTokens) -> None:
        """Fill missing held-out parts; the first one also sets each layer's scale.

        Args:
            on_tokens: Called with the tokens of each batch.
        """
        for part, chunks in HELD_OUT.items():
            if part not in self.pool.record.chunks:
                documents = self._documents(part, (0, 0))
                writer = self.pool.write_chunk(part, chunks * self.pool.size.chunk_tokens)
                self._fill(writer, documents, on_tokens)
                writer.commit(generation=0)

    def fill_generation(self, generation: int, on_tokens: OnTokens) -> bool:
        """Fill the chunk of a generation, unless it is in the pool.

        If the text ends inside it, it is shortened in the first filling; later the old chunk is kept.

        Args:
            generation: From 0; at most one more than was filled before.
            on_tokens: Called with the tokens of each batch.

        Returns:
            Whether there was text for a whole chunk.
        """
        pool, record = self.pool, self.pool.record
        name = str(generation % pool.size.chunks)
        held = record.chunks.get(name)
        if held is not None and held.generation == generation:
            return record.last != generation
        if self._train.position != record.starts[generation]:
            self._train = self._documents("train", record.starts[generation])
        writer = pool.write_chunk(name, pool.size.chunk_tokens)
        full = self._fill(writer, self._train, on_tokens)
        if len(record.starts) == generation + 1:
            record.starts.append(self._train.position)
        if not full:
            record.last = generation
        if full or generation < pool.size.chunks:
            writer.commit(generation)
        else:
            writer.discard()
        return full

    def _documents(self, part: Part, position: tuple[int, int]) -> _Documents:
        return _Documents(self.reader, self.corpus, part, position, self._thread)

    def _fill(self, writer: ChunkWriter, documents: _Documents, on_tokens: OnTokens) -> bool:
        """Write tokens until the chunk is full; False if the text ends before."""
        while writer.filled < writer.tokens:
            windows = documents.take(min(GROUP_TOKENS, writer.tokens - writer.filled))
            if not windows:
                return False
            for resid_TD in self._residuals(windows):
                writer.add(resid_TD)
                on_tokens(len(next(iter(resid_TD.values()))))
        return True

    def _residuals(self, windows: Sequence[Window]) -> Iterator[dict[int, Tensor]]:
        stream: Iterator[dict[int, Tensor]]
        stream = (batch.resid_TD for batch in stream_residuals(self.reader, windows, self.pool.layers))
        if not self.pool.record.bounds:
            first = list(stream)
            self.pool.measure_scale(
                {layer: torch.cat([batch[layer] for batch in first]) for layer in self.pool.layers}
            )
            stream = iter(first)
        yield from stream


class _Documents:
    """The windows of one part's documents from a position on; a thread tokenises ahead.

    Attributes:
        part: Part of the corpus.
        position: (slice, document) of the next document; the number of slices at the end.
    """

    def __init__(
        self,
        reader: Reader,
        corpus: Corpus,
        part: Part,
        position: tuple[int, int],
        thread: ThreadPoolExecutor,
    ) -> None:
        self.reader, self.corpus, self.part, self.position, self._thread = (
            reader,
            corpus,
            part,
            position,
            thread,
        )
        self._ahead: dict[tuple[int, int], list[Window]] = {}
        self._coming: tuple[tuple[int, int], Future[dict[tuple[int, int], list[Window]]]] | None = None

    def take(self, tokens: int) -> list[Window]:
        """Windows of the next documents with about so many kept tokens; empty at the end of the text.

        Further tokens of the last document are left out.
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
            texts = self.corpus.documents(self.part, number)
            if index < len(texts):
                break
            number, index = number + 1, 0
        else:
            self.position = (number, 0)
            return None
        if (number, index) not in self._ahead:
            place, coming = self._coming or self._start(texts, number, index)
            if place != (number, index):
                _, coming = self._start(texts, number, index)
            self._ahead = coming.result()
            following = index + TOKENISED_AT_ONCE
            self._coming = self._start(texts, number, following) if following < len(texts) else None
        self.position = (number, index + 1)
        return self._ahead.pop((number, index))

    def _start(
        self, texts: list[str], number: int, index: int
    ) -> tuple[tuple[int, int], Future[dict[tuple[int, int], list[Window]]]]:
        several = texts[index : index + TOKENISED_AT_ONCE]
        return (number, index), self._thread.submit(self._tokenised, several, number, index)

    def _tokenised(self, texts: list[str], number: int, index: int) -> dict[tuple[int, int], list[Window]]:
        found: dict[tuple[int, int], list[Window]] = {(number, index + i): [] for i in range(len(texts))}
        for window in make_windows(self.reader, texts, first_document=index, offsets=False):
            found[number, window.document].append(window)
        return found
