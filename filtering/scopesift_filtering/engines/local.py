"""The local engine: threads of one process for reading and tokenising, the model, and writing."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.reading.selected_reading import SelectedReading

from scopesift_filtering.engines.profile import MODEL, READ, WRITE, Profile
from scopesift_filtering.run_plan import RunPlan
from scopesift_filtering.shards.early_drop import StagedReading
from scopesift_filtering.shards.files import write_shard
from scopesift_filtering.shards.marker import Marker, find_marker
from scopesift_filtering.shards.prepared import Prepared, prepare
from scopesift_filtering.shards.shard import Shard, read_shards
from scopesift_filtering.shards.work import judge_prepared

# Queued batches per model thread, and queued shards to write: enough to overlap the steps, few enough to bound memory.
WAITING = 4
_DONE = object()

OnShard = Callable[[Marker, bool], None]


def shards_of(plan: RunPlan) -> Iterator[Shard]:
    """All shards of a run in input order, up to its limit."""
    left = plan.settings.limit or None
    for group in plan.groups:
        for shard in read_shards(group, plan.settings, left):
            yield shard
            if left is not None:
                left -= len(shard.rows)
        if left is not None and left <= 0:
            return


def worker_count(plan: RunPlan) -> int:
    """Number of model threads: cores / threads per product, or one on an accelerator; doesn't affect the output."""
    if plan.engine.scope.device != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // plan.settings.threads)


def run_local(
    plan: RunPlan, on_shard: OnShard, workers: int | None = None, profile: Profile | None = None
) -> set[str]:
    """Run all shards that are not done.

    Args:
        plan: the run.
        on_shard: called for each shard with its marker and whether it was done before; from several threads, one
            at a time.
        workers: model threads; None: see `worker_count`.
        profile: gets the time of every part.

    Returns:
        Names of all shards of the input.

    Raises:
        ScopesiftError: of the first step that failed; finished shards are kept.
    """
    return _Pipeline(plan, on_shard, workers or worker_count(plan), profile or Profile()).run()


@dataclass(eq=False)
class _Open:
    """A shard whose batches are being run by the model threads."""

    prepared: Prepared
    reading: SelectedReading | StagedReading
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Pipeline:
    def __init__(self, plan: RunPlan, on_shard: OnShard, workers: int, profile: Profile) -> None:
        self.plan, self.on_shard, self.workers, self.profile = plan, on_shard, workers, profile
        self.reader = plan.engine.reader.without_places().with_clock(profile.part)
        self.batches: queue.Queue[Any] = queue.Queue(WAITING * workers)
        self.computed: queue.Queue[Any] = queue.Queue(WAITING)
        self.stop = threading.Event()
        self.failure: BaseException | None = None
        self.names: set[str] = set()
        self.telling = threading.Lock()

    def run(self) -> set[str]:
        threads_before = self.reader.threads
        self.reader.threads = self.plan.settings.threads
        try:
            self.reader.load()  # once, before threads share it
            return self._run()
        finally:
            self.reader.threads = threads_before

    def _run(self) -> set[str]:
        readers = [self.reader] + [self.reader.replica() for _ in range(self.workers - 1)]
        works = [(READ, self._read, ()), *((MODEL, self._model, (one,)) for one in readers)]
        works.append((WRITE, self._write, ()))
        steps = [
            threading.Thread(target=self._guard, args=(kind, step, *arguments), name=kind)
            for kind, step, arguments in works
        ]
        try:
            for step in steps:
                step.start()
            for step in steps:
                step.join()
        except BaseException:
            self.stop.set()
            for step in steps:
                step.join()
            raise
        if self.failure is not None:
            raise self.failure
        return self.names

    def _guard(self, kind: str, step: Callable[..., None], *arguments: Any) -> None:
        try:
            with self.profile.thread(kind):
                step(*arguments)
        except BaseException as error:
            self.failure = self.failure or error
            self.stop.set()

    def _read(self) -> None:
        plan = self.plan
        shards = shards_of(plan)
        while not self.stop.is_set():
            with self.profile.part("read files"):
                shard = next(shards, None)
                if shard is None:
                    break
                self.names.add(shard.name)
                done = find_marker(plan.out, shard.name, run=plan.record.digest, content=shard.content)
            if done is not None:
                self._tell(done, before=True)
                continue
            with self.profile.part("tokenise"):
                prepared = prepare(plan.engine, shard, plan.settings)
            self._put_batches(prepared)
        for _ in range(self.workers):
            self._put(self.batches, _DONE)

    def _put_batches(self, prepared: Prepared) -> None:
        early, reader = self.plan.early, self.reader
        reading = (
            StagedReading(early, prepared, reader) if early else reader.nothing(len(prepared.forms.texts))
        )
        shard = _Open(prepared, reading, len(prepared.batches))
        if not prepared.batches:
            self._put(self.computed, shard)
        for batch in prepared.batches:
            self._put(self.batches, (shard, batch))

    def _model(self, reader: SelectedReader) -> None:
        reader.threads = self.plan.settings.threads
        while (item := self._get(self.batches)) is not _DONE:
            shard, batch = item
            if isinstance(shard.reading, StagedReading):
                shard.reading.read(reader, batch)
            else:
                found = reader.read_batch(batch)
                with self.profile.part("pool"), shard.lock:
                    shard.reading.take_in(found)
            with shard.lock:
                shard.left -= 1
                done = shard.left == 0
            if done:
                if isinstance(shard.reading, StagedReading):
                    shard.reading.finish(reader)
                self._put(self.computed, shard)
        self._put(self.computed, _DONE)

    def _write(self) -> None:
        plan, ended = self.plan, 0
        while ended < self.workers:
            item = self._get(self.computed)
            if item is _DONE:
                ended += 1
                if self.stop.is_set():
                    return
                continue
            reading = item.reading
            early = reading.early if isinstance(reading, StagedReading) else None
            with self.profile.part("judge"):
                result = judge_prepared(plan.engine, plan.judge, item.prepared, reading.acts_NS, early)
            with self.profile.part("write"):
                marker = write_shard(plan.out, result, plan.settings, plan.record.digest)
            self._tell(marker, before=False)

    def _tell(self, marker: Marker, *, before: bool) -> None:
        with self.telling:
            self.on_shard(marker, before)

    def _put(self, to: queue.Queue[Any], item: Any) -> None:
        while not self.stop.is_set():
            try:
                to.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def _get(self, source: queue.Queue[Any]) -> Any:
        while not self.stop.is_set():
            try:
                return source.get(timeout=0.2)
            except queue.Empty:
                continue
        return _DONE
