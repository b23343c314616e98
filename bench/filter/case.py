"""One case of `python -m bench filter`, in its own process, to measure its peak memory."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scopesift_classifiers.artifact.bundled import bundled_classifiers, int8_version
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_classifiers.judging.loading import in_precision_of
from scopesift_features.catalogue.settings import INT8
from scopesift_features.reading.batching.batches import Batch
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.scope import Scope
from scopesift_filtering.engines.local import shards_of, worker_count
from scopesift_filtering.engines.profile import WAITING, Profile
from scopesift_filtering.run_filter import run_filter
from scopesift_filtering.run_plan import RunPlan, make_plan
from scopesift_filtering.settings import FilterSettings
from scopesift_filtering.shards.prepared import prepare

from bench.full_size.classifiers import standin_classifiers
from bench.peak_memory import peak_mib

WHERE = "toxicity < 0.5 AND lang IN ('en', 'de', 'fr')"


def measure(
    scope: str, corpus: Path, forward_rows: int, settings: dict[str, Any], backend: str | None, *, int8: bool
) -> dict[str, Any]:
    """Filter a file, and run only the backbone over the same batches before and after.

    Args:
        scope: a bundled scope, or the folder of a stand-in.
        corpus: the file to filter.
        forward_rows: number of first rows for the forward passes.
        settings: of the run, in addition to the condition.
        backend: "torch" or "onnx"; None: the one that the command line takes.
        int8: take the bundled classifiers' versions in int8.
    """
    place = Scope.load(scope, device="cpu")
    names = [int8_version(name) if int8 else name for name in bundled_classifiers(place.id)]
    classifiers = [Classifier.load(name, place.id) for name in names] or standin_classifiers(place)
    engine = Engine(in_precision_of(classifiers, place), classifiers, backend=backend)
    with tempfile.TemporaryDirectory() as folder:
        full = FilterSettings(where=WHERE, mode="both", **settings)
        plan = make_plan([str(corpus)], Path(folder) / "out", full, engine)
        workers = worker_count(plan)
        engine.reader.threads = full.threads
        engine.reader.load()
        readers = [engine.reader, *(engine.reader.replica() for _ in range(workers - 1))]
        loaded = resident_mib()
        batches, tokens = _batches(plan, forward_rows)
        before = _forward(readers, batches, threads=full.threads)
        del batches
        started = time.perf_counter()
        tally = run_filter(plan, workers=workers, profile=(profile := Profile()))
        seconds = time.perf_counter() - started
        peak = peak_mib()
        batches, _ = _batches(plan, forward_rows)
        after = _forward(readers, batches, threads=full.threads)
        all_cores = _forward(
            [_alone(engine, workers * full.threads)], batches, threads=workers * full.threads
        )
        size = sum(path.stat().st_size for path in plan.out.rglob("*") if path.is_file())
    forward = tokens / ((before + after) / 2)
    return {
        "rows": tally.rows,
        "tokens": tally.tokens,
        "input_bytes": _bytes(plan),
        "input_mib_on_disk": round(corpus.stat().st_size / 2**20, 1),
        "output_mib": round(size / 2**20, 1),
        "seconds": round(seconds, 2),
        "rows_per_s": round(tally.rows / seconds, 1),
        "tokens_per_s": round(tally.tokens / seconds, 1),
        "forward_tokens_per_s": round(forward, 1),
        "forward_all_cores_one_worker_tokens_per_s": round(tokens / all_cores, 1),
        "ratio": round(tally.tokens / seconds / forward, 3),
        "ratio_to_one_worker_on_all_cores": round(tally.tokens / seconds / (tokens / all_cores), 3),
        "forward_spread": round(abs(before - after) / min(before, after), 3),
        "padding": round(_padding(plan), 4),
        "loaded_mib": round(loaded),
        "peak_above_model_mib": round(peak - loaded),
        "kept_share": round(tally.kept_share, 4),
        "backend": engine.backend.name,
        "parts_s": {
            f"{part.kind}: {part.part}": round(part.seconds, 2)
            for part in profile.times()
            if part.part != WAITING
        },
        "workers": workers,
        "threads": full.threads,
        "features": len(engine.features),
        "layers": len({feature.layer for feature in engine.features}),
    }


def _alone(engine: Engine, threads: int) -> SelectedReader:
    """A reader of the same features with more threads, whose number is settled when weights are loaded."""
    classifiers = list(engine.classifiers.values())
    scope = in_precision_of(classifiers, Scope.load(engine.scope.folder, device="cpu"))
    reader = Engine(scope, classifiers, backend=engine.backend.name).reader
    reader.threads = threads
    reader.load()
    return reader


def _batches(plan: RunPlan, rows: int) -> tuple[list[list[Batch]], int]:
    """The batches of the first shards, as the run makes them, and their tokens."""
    prepared, read = [], 0
    for shard in shards_of(plan):
        prepared.append(prepare(plan.engine, shard, plan.settings))
        read += len(shard.rows)
        if read >= rows:
            break
    return [one.batches for one in prepared], sum(sum(one.tokens) for one in prepared)


def _forward(readers: Sequence[SelectedReader], shards: list[list[Batch]], *, threads: int) -> float:
    """Seconds for the backbone alone over all batches, with one worker per reader."""
    # distributed batch by batch, longest first, so that all workers finish at about the same time
    todo = iter(sorted(itertools.chain(*shards), key=lambda batch: -batch.ids_BT.size))
    lock = threading.Lock()

    def work(reader: SelectedReader) -> None:
        reader.threads = threads
        while True:
            with lock:
                batch = next(todo, None)
            if batch is None:
                return
            reader.residuals(batch)

    return _timed(lambda: _all([threading.Thread(target=work, args=(one,)) for one in readers]))


def _all(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _timed(act: Callable[[], None]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _padding(plan: RunPlan) -> float:
    """Share of padding in the computed tokens."""
    filled = 0
    total = 0
    for shard in itertools.islice(shards_of(plan), 4):
        for batch in prepare(plan.engine, shard, plan.settings).batches:
            filled += int(batch.mask_BT.sum())
            total += batch.mask_BT.size
    return 1 - filled / max(total, 1)


def _bytes(plan: RunPlan) -> int:
    """UTF-8 bytes of all texts."""
    return sum(len(row.text.encode("utf-8", "replace")) for shard in shards_of(plan) for row in shard.rows)


def resident_mib() -> float:
    """Resident memory of this process now, MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    name, path, first, extra, asked, precision = sys.argv[1:]
    extra_settings = json.loads(extra)
    print(
        json.dumps(
            measure(name, Path(path), int(first), extra_settings, asked or None, int8=precision == INT8)
        )
    )
