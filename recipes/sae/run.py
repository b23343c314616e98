"""One training run: fill the pool, train every layer on it in step, write the scope folder; resumable."""

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
from numpy.typing import NDArray
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scopesift_features.atomic_files import write_atomically
from scopesift_features.errors import UsageError
from scopesift_features.reader import Reader

from recipes.sae.documents import Corpus
from recipes.sae.pool_filling import PoolFiller
from recipes.sae.residual_pool import PoolSize, ResidualPool
from recipes.sae.schedule import Schedule
from recipes.sae.scope_output import ScopeOutput
from recipes.sae.training import LayerTraining, TrainingSettings

CHECKPOINT_SECONDS = 120.0
SAMPLE_TOKENS = 65_536


class UnfinishedError(Exception):
    """This call's minutes are over; the same call goes on from there."""


@dataclass
class Run:
    """What to train, on what, for how long.

    Attributes:
        reader: The backbone.
        layers: Blocks after which an SAE is trained.
        files: Text files.
        out: Scope folder that the SAEs are written to.
        work: Folder of the pool; another run on the same text and layers reads it again.
        settings: Of the training.
        schedule: Its length.
        tokens: Tokens of text to train on at most; those that the pool does not hold at once replace others in it as
            the training goes on. None: what the pool holds.
        pool_bytes: Most bytes that the pool takes on disk.
        storage_dtype: Of encoder and decoder in the files.
        licence: Of the text, for the card.
        call_minutes: Stop this call after so long.
        say: Receives a line a step.
    """

    reader: Reader
    layers: tuple[int, ...]
    files: tuple[Path, ...]
    out: Path
    work: Path
    settings: TrainingSettings
    schedule: Schedule
    tokens: int | None
    pool_bytes: float
    storage_dtype: torch.dtype
    licence: str
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
            raise UsageError(f"--tokens {self.tokens} is less than a batch of {settings.batch}")

    def go(self) -> None:
        """Train, or go on training, and write the SAEs.

        Raises:
            UnfinishedError: Stopped by `call_minutes`.
            UsageError: Files or numbers that cannot be.
            InputError: Text that cannot be read, or too little of it.
            ScopeError: The backbone or the output cannot be read or written.
        """
        deadline = time.monotonic() + 60 * self.call_minutes
        corpus = Corpus.open(self.files, self.settings.seed)
        output = ScopeOutput(self.reader, self.out, self.settings)
        key = self._key(corpus)
        if output.holds(key):
            self.say(f"{self.out}: these SAEs are already there")
            return
        output.check()
        pool = self._open_pool(corpus)
        trainings, state = self._restore(key)
        self._fill(corpus, pool, state["refills"], deadline)
        if not trainings:
            trainings = self._start(pool)
        with _bar("SAEs") as bar:
            self._train(corpus, pool, trainings, state, key, deadline, bar)
        output.write(
            [training.folded(self.storage_dtype) for training in trainings],
            pool,
            {"key": key, "licence": self.licence, "steps": state["steps"], "minutes": state["seconds"] / 60},
            self.say,
        )
        self._checkpoint.unlink(missing_ok=True)

    @property
    def _checkpoint(self) -> Path:
        return self.out / "unfinished.pt"

    def _key(self, corpus: Corpus) -> dict[str, Any]:
        """What the result is a function of."""
        return {
            **self._text_key(corpus),
            "settings": asdict(self.settings),
            "schedule": asdict(self.schedule),
            "tokens": self.tokens,
            "storage_dtype": str(self.storage_dtype).removeprefix("torch."),
        }

    @cached_property
    def _backbone_key(self) -> list[list[str]]:
        """A pulled backbone is known by its revision, any other by the content of its weights."""
        source = self.reader.source
        parts = source.configuration() + ([] if self.reader.record.backbone_revision else source.weights())
        return [list(part) for part in parts]

    def _text_key(self, corpus: Corpus) -> dict[str, Any]:
        size = PoolSize.within(self.pool_bytes, self.reader.d_model, len(self.layers))
        return {
            "scope": self.reader.id,
            "backbone": self._backbone_key,
            "reading": self.reader.settings.to_dict(),
            "layers": list(self.layers),
            "text": {path.name: path.stat().st_size for path in self.files},
            "text_sha256": corpus.digest,
            "order_seed": corpus.seed,
            "pool": asdict(size),
        }

    def _open_pool(self, corpus: Corpus) -> ResidualPool:
        size = PoolSize.within(self.pool_bytes, self.reader.d_model, len(self.layers))
        return ResidualPool(
            self.work / "pool", self.layers, self.reader.d_model, size, self._text_key(corpus)
        )

    def _generations(self, pool: ResidualPool) -> tuple[int, int]:
        """Chunks of the first filling, and chunks that replace others later."""
        if self.tokens is None:
            return pool.size.chunks, 0
        chunks = math.ceil(self.tokens / pool.size.chunk_tokens)
        return min(chunks, pool.size.chunks), max(0, chunks - pool.size.chunks)

    def _fill(self, corpus: Corpus, pool: ResidualPool, refills: int, deadline: float) -> None:
        """Bring the pool to where the training left it."""
        first, _ = self._generations(pool)
        size = pool.size
        total = min(self.tokens or math.inf, size.chunks * size.chunk_tokens)
        with _bar("residuals") as bar:
            task = bar.add_task("", total=total, completed=pool.rows, note="")
            filler = PoolFiller(self.reader, corpus, pool, lambda tokens: bar.advance(task, tokens))
            filler.fill_held_out()
            for generation in range(first + refills):
                replaced = generation + size.chunks < first + refills
                if replaced and len(pool.record.starts) > generation + 1:
                    continue
                room = min(size.chunk_tokens, int(total) - generation * size.chunk_tokens)
                if generation >= size.chunks:
                    room = size.chunk_tokens
                before = len(pool.record.starts)
                if not filler.fill_generation(generation, room):
                    break
                # a call that was given no time at all gets one chunk further
                if time.monotonic() > deadline and len(pool.record.starts) > before:
                    raise UnfinishedError(f"{pool.rows:,} tokens are in the pool")
        if pool.rows < self.settings.batch:
            raise UsageError(
                f"the text holds {pool.rows:,} tokens to train on, less than a batch of {self.settings.batch:,}; "
                "give more text or a smaller --batch"
            )

    def _start(self, pool: ResidualPool) -> list[LayerTraining]:
        rng = np.random.default_rng(self.settings.seed)
        rows = np.sort(rng.choice(pool.rows, min(SAMPLE_TOKENS, pool.rows), replace=False))
        device = self.reader.sae_device
        return [LayerTraining(pool.take(layer, rows), layer, self.settings, device) for layer in self.layers]

    def _restore(self, key: dict[str, Any]) -> tuple[list[LayerTraining], dict[str, Any]]:
        state: dict[str, Any] = {"steps": 0, "seconds": 0.0, "refills": 0}
        if not self._checkpoint.is_file():
            return [], state
        saved = torch.load(self._checkpoint, weights_only=True, map_location="cpu")
        if saved["key"] != key:
            self.say(f"{self._checkpoint} belongs to another run; starting anew")
            return [], state
        trainings = []
        for layer, one in zip(self.layers, saved["layers"], strict=True):
            training = LayerTraining(
                torch.randn(2, self.reader.d_model), layer, self.settings, self.reader.sae_device
            )
            training.restore(one)
            trainings.append(training)
        state = {name: saved[name] for name in state}
        self.say(f"resumed after {state['steps']:,} steps")
        return trainings, state

    def _save(self, trainings: list[LayerTraining], state: dict[str, Any], key: dict[str, Any]) -> None:
        content = {**state, "key": key, "layers": [training.state() for training in trainings]}
        write_atomically(self._checkpoint, lambda path: torch.save(content, path))

    def _train(
        self,
        corpus: Corpus,
        pool: ResidualPool,
        trainings: list[LayerTraining],
        state: dict[str, Any],
        key: dict[str, Any],
        deadline: float,
        bar: Progress,
    ) -> None:
        first, refills = self._generations(pool)
        filler = PoolFiller(self.reader, corpus, pool, lambda _tokens: None)
        task = bar.add_task("", total=1.0, note="")
        order = _Order(pool.rows, self.settings.batch, self.settings.seed)
        saved = time.monotonic()
        while (share := self.schedule.share(state["steps"], state["seconds"])) < 1:
            if state["refills"] < int(share * (refills + 1)) and pool.record.last is None:
                self._save(trainings, state, key)
                state["refills"] += 1
                filler.fill_generation(first + state["refills"] - 1, pool.size.chunk_tokens)
            started = time.monotonic()
            rows = order.batch(state["steps"])
            for training in trainings:
                training.step(pool.take(training.layer, rows), share)
            now = time.monotonic()
            state["steps"] += 1
            state["seconds"] += now - started
            if now > deadline:
                self._save(trainings, state, key)
                raise UnfinishedError(f"{share:.0%} of the training is done, {state['steps']:,} steps")
            if now - saved > CHECKPOINT_SECONDS:
                self._save(trainings, state, key)
                saved = now
            loss = " ".join(f"{training.loss:.3f}" for training in trainings)
            bar.update(task, completed=share, note=f"step {state['steps']:,}, loss {loss}")
        for training in trainings:
            self.say(
                f"layer {training.layer}: {state['steps']:,} steps in {state['seconds'] / 60:.1f} min, "
                f"last loss {training.loss:.3f}, dead {training.dead:.1%}"
            )


class _Order:
    """Rows of each step: every row once an epoch, in an order that depends on seed and epoch alone."""

    def __init__(self, rows: int, batch: int, seed: int) -> None:
        self.rows, self.seed = rows, seed
        self.per_epoch = max(1, rows // batch)
        self.size = min(batch, rows)
        self._epoch, self._permuted = -1, np.zeros(0, np.int64)

    def batch(self, step: int) -> NDArray[np.int64]:
        epoch, index = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self.seed, epoch])
            self._epoch, self._permuted = epoch, rng.permutation(self.rows)
        return np.sort(self._permuted[index * self.size : (index + 1) * self.size])


def _bar(name: str) -> Progress:
    from rich.console import Console

    return Progress(
        TextColumn(name),
        BarColumn(),
        TextColumn("{task.percentage:.0f}% {task.fields[note]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
