"""One training run: fill the pool, train all layers on it, write the scope folder; resumable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scopesift_features.reader import Reader
from scopesift_files.errors import UsageError
from scopesift_files.lock import one_at_a_time

from recipes.sae.checkpoint import Checkpoint, Position
from recipes.sae.pool.documents import Corpus
from recipes.sae.pool.filling import PoolFiller
from recipes.sae.pool.on_device import PoolOnDevice
from recipes.sae.pool.residuals import HELD_OUT_CHUNKS, PoolSize, ResidualPool
from recipes.sae.progress import progress_bar
from recipes.sae.schedule import Schedule
from recipes.sae.scope_output import ScopeOutput, backbone_identity
from recipes.sae.token_order import TokenOrder
from recipes.sae.training import LayerTraining, TrainingSettings
from recipes.sae.twins import read_pairs

CHECKPOINT_SECONDS = 120.0
SAMPLE_TOKENS = 65_536


class UnfinishedError(Exception):
    """The call's time limit was reached; the same call continues."""


@dataclass
class Run:
    """A training run.

    Attributes:
        reader: The backbone.
        layers: Blocks after which an SAE is trained.
        files: Text files.
        out: Scope folder for the SAEs.
        work: Folder of the pool, which other runs on the same text and layers reuse.
        settings: Of the training.
        schedule: Its length.
        tokens: Maximum tokens of text to train on; if the pool is smaller, its chunks are replaced during the training.
            None: the size of the pool.
        pool_bytes: Maximum bytes of the pool on disk.
        storage_dtype: Of encoder and decoder in the files.
        licence: Of the text, for the card.
        parallel: Sentence pairs for the twin search, for the card.
        call_minutes: Time limit of this call.
        say: Called with one line per step.
    """

    reader: Reader
    layers: tuple[int, ...]
    files: tuple[Path, ...]
    out: Path
    work: Path
    settings: TrainingSettings
    schedule: Schedule
    tokens: int | None = None
    pool_bytes: float = 4 * 2**30
    storage_dtype: torch.dtype = torch.float32
    licence: str = "not stated"
    parallel: Path | None = None
    call_minutes: float = math.inf
    say: Callable[[str], None] = field(default=lambda _line: None, repr=False)

    def __post_init__(self) -> None:
        settings, last = self.settings, self.reader.n_layers - 1
        if not self.layers:
            raise UsageError("no layer is named; give --layers, e.g. --layers 4,7")
        for layer in self.layers:
            if not 0 <= layer <= last:
                raise UsageError(f"{self.reader.id} has no layer {layer}; its layers are 0 to {last}")
        if settings.k > settings.d_sae:
            raise UsageError(f"k is {settings.k}, more than the {settings.d_sae} features of the SAE")
        if self.tokens is not None and self.tokens < settings.batch:
            raise UsageError(
                f"{self.tokens} tokens are less than a batch of {settings.batch}; give more --tokens"
            )

    def go(self) -> None:
        """Train, or continue a training, and write the SAEs.

        Raises:
            UnfinishedError: Stopped by `call_minutes`.
            UsageError: Invalid files or numbers.
            InputError: Text that cannot be read, or too little of it.
            ScopeError: The backbone or the output cannot be read or written.
        """
        deadline = time.monotonic() + 60 * self.call_minutes
        output = ScopeOutput(self.reader, self.out, self.settings)
        output.check()
        corpus = Corpus.open(self.files, self.settings.seed)
        key = self._key(corpus)
        pairs = read_pairs(self.parallel) if self.parallel is not None else []
        if output.holds(key):
            self.say(f"{self.out}: these SAEs are there already")
            output.describe(self.layers, self.licence, pairs)
            return
        checkpoint = Checkpoint(self.out / "sae" / "unfinished.pt", key)
        with one_at_a_time(self.work, self.say, "choose another --work"):
            pool = ResidualPool(
                self.work / "pool", self.layers, self.reader.d_model, self._size, self._text_key(corpus)
            )
            if pool.replaces_another:
                self.say(f"{pool.folder} held other text, layers or sizes; it is filled again")
            resumed = checkpoint.load()
            position, states = resumed or (Position(), None)
            self._fill(corpus, pool, position.refills, deadline)
            trainings = self._trainings(pool, states)
            if states:
                self.say(f"resumed after {position.steps:,} steps")
            self._train(corpus, pool, trainings, position, checkpoint, deadline)
            saes = [training.folded(self.storage_dtype) for training in trainings]
            output.write(saes, pool, self._facts(key, position, pool), self.say)
            output.describe(self.layers, self.licence, pairs)
        checkpoint.path.unlink(missing_ok=True)

    @cached_property
    def _size(self) -> PoolSize:
        return PoolSize.within(self.pool_bytes, self.reader.d_model, len(self.layers))

    def _text_key(self, corpus: Corpus) -> dict[str, Any]:
        """Identity of the pool's content."""
        return {
            "backbone": backbone_identity(self.reader.source, self.reader.record.backbone_revision),
            "reading": self.reader.settings.to_dict(),
            "layers": list(self.layers),
            "text_sha256": corpus.sha256,
            "seed": corpus.seed,
            "pool": asdict(self._size),
        }

    def _key(self, corpus: Corpus) -> dict[str, Any]:
        """Identity of the SAEs."""
        return {
            **self._text_key(corpus),
            "text": [path.name for path in self.files],
            "settings": asdict(self.settings),
            "schedule": asdict(self.schedule),
            "tokens": self.tokens,
            "storage_dtype": str(self.storage_dtype).removeprefix("torch."),
        }

    def _facts(self, key: dict[str, Any], position: Position, pool: ResidualPool) -> dict[str, Any]:
        return {
            "steps": position.steps,
            "minutes": round(position.seconds / 60, 2),
            "tokens": min(pool.rows, self._held_at_once) + position.refills * self._size.chunk_tokens,
            "extreme": pool.record.extreme / pool.record.seen,
            "key": key,
        }

    @property
    def _held_at_once(self) -> int:
        """Training tokens that are in the pool at a time."""
        room = self._size.chunks * self._size.chunk_tokens
        return room if self.tokens is None else min(self.tokens, room)

    @property
    def _refills(self) -> int:
        """Number of further chunks of text."""
        return max(0, (self.tokens or 0) // self._size.chunk_tokens - self._size.chunks)

    def _fill(self, corpus: Corpus, pool: ResidualPool, refilled: int, deadline: float) -> None:
        """Fill the pool up to the training's progress."""
        size, filler = self._size, PoolFiller(self.reader, corpus, pool)
        with progress_bar("held-out text", HELD_OUT_CHUNKS * size.chunk_tokens) as advance:
            filler.fill_held_out(lambda tokens: advance(tokens, ""))
        first = math.ceil(self._held_at_once / size.chunk_tokens)
        with progress_bar("text", first * size.chunk_tokens) as advance:
            advance(min(pool.rows, first * size.chunk_tokens), "")
            for generation in range(first + refilled):
                known = generation + 1 < len(pool.record.starts)
                if known and generation + size.chunks < first + refilled:
                    continue  # already replaced, and the start of the next one is recorded
                if not filler.fill_generation(generation, lambda tokens: advance(tokens, "")):
                    break
                # even without time left a call fills one chunk
                if time.monotonic() > deadline and not known:
                    raise UnfinishedError(f"{pool.rows:,} tokens are in the pool")
        if pool.rows < self.settings.batch:
            raise UsageError(
                f"the text holds {pool.rows:,} tokens to train on, less than a batch of {self.settings.batch:,}; "
                "give more text or a smaller --batch"
            )

    def _trainings(self, pool: ResidualPool, states: list[dict[str, Any]] | None) -> list[LayerTraining]:
        device = self.reader.sae_device
        if states is not None:
            return [
                LayerTraining.restored(state, layer, self.settings, device)
                for layer, state in zip(self.layers, states, strict=True)
            ]
        rng = np.random.default_rng(self.settings.seed)
        held = min(pool.rows, self._held_at_once)
        rows = np.sort(rng.choice(held, min(SAMPLE_TOKENS, held), replace=False))
        return [
            LayerTraining.started(pool.take(layer, rows), layer, self.settings, device)
            for layer in self.layers
        ]

    def _train(
        self,
        corpus: Corpus,
        pool: ResidualPool,
        trainings: list[LayerTraining],
        position: Position,
        checkpoint: Checkpoint,
        deadline: float,
    ) -> None:
        """Train until the schedule is over; all layers use the same tokens in each step."""
        filler = PoolFiller(self.reader, corpus, pool)
        rows = min(pool.rows, self._held_at_once)
        order = TokenOrder(rows, self.settings.batch, self.settings.seed)
        device = self.reader.sae_device
        on_device = PoolOnDevice(pool, device) if PoolOnDevice.fits(pool, device) else None
        source = on_device or pool
        share, saved = self.schedule.share(position.steps, position.seconds), time.monotonic()

        def save() -> None:
            checkpoint.save(position, [training.state() for training in trainings])

        with progress_bar("SAEs", 1.0) as advance:
            advance(share, "")
            while share < 1:
                generation = self._size.chunks + position.refills
                text_ended = pool.record.last is not None and pool.record.last <= generation
                if position.refills < int(share * (self._refills + 1)) and not text_ended:
                    save()  # the replaced tokens can't be used again
                    position.refills += filler.fill_generation(generation, lambda _tokens: None)
                    if on_device is not None:
                        on_device.refresh()
                started = time.monotonic()
                batch_T = order.rows_of(position.steps)
                for training in trainings:
                    training.step(source.take(training.layer, batch_T), share)
                now = time.monotonic()
                position.steps += 1
                position.seconds += now - started
                before, share = share, self.schedule.share(position.steps, position.seconds)
                losses = " ".join(f"{training.loss:.3f}" for training in trainings)
                advance(share - before, f"step {position.steps:,}, loss {losses}")
                if now > deadline and share < 1:
                    save()
                    raise UnfinishedError(f"{share:.0%} of the training is done, {position.steps:,} steps")
                if now - saved > CHECKPOINT_SECONDS:
                    save()
                    saved = now
        for training in trainings:
            self.say(
                f"layer {training.layer}: {position.steps:,} steps in {position.seconds / 60:.1f} min, "
                f"last loss {training.loss:.3f}, dead {training.dead:.1%}"
            )
