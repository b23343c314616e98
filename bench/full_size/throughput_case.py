"""One case of `python -m bench throughput`, in its own process, to measure its peak memory."""

from __future__ import annotations

import json
import random
import statistics
import string
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.reading.batching.batches import (
    ACCELERATOR_BATCH_TOKENS,
    CPU_BATCH_TOKENS,
    Batch,
    make_batches,
)
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope

from bench.encode import device_rates
from bench.encode.timing import timed_in_turn
from bench.errors import BenchError
from bench.full_size.classifiers import standin_classifiers
from bench.full_size.compiled import compiled_over_eager, short_text
from bench.peak_memory import peak_mib

TOKENS = 256  # of a document
ROUNDS, SHORT_CALLS = 3, 20
LETTERS = string.ascii_letters + " " * 10
SHORT = "A comment of ordinary length, as people write them."


def measure(name: str, layer: int, documents: int, compiled: bool, dtype: str) -> dict[str, Any]:
    """Read documents with a backbone cut at a layer: the backbone alone, activations, filtering, the engine.

    Args:
        name: the stand-in's folder, or a bundled scope, which is read with its own classifiers.
        layer: the layer that a stand-in's classifiers read, after which the backbone is cut.
        documents: number of documents, of 256 tokens each.
        compiled: also measure torch.compile and CUDA graphs on the backbone.
        dtype: precision of the backbone; empty: the scope's own.

    Returns:
        Rates, the pipeline's time relative to the backbone's, latency of one short text, memory; None if not measured.
    """
    scope = Scope.load(name, dtype=dtype or None)
    device = torch.device(scope.device)
    engine = Engine(scope, _classifiers(scope, layer), backend="torch")
    reader = engine.reader.without_places()
    if not isinstance(reader, TorchReader):
        raise BenchError(f"the back end torch should read here, not {type(reader).__name__}")
    layer = max(reader.layers)
    texts = _texts(scope, documents)
    most = CPU_BATCH_TOKENS if device.type == "cpu" else ACCELERATOR_BATCH_TOKENS
    batches = list(make_batches(make_windows(scope, texts, offsets=False), most))
    tokens = sum(int(window.keep.sum()) for batch in batches for window in batch.windows)

    def backbone(_: int) -> None:
        for batch in batches:
            reader.backbone.residuals(
                torch.from_numpy(batch.ids_BT), torch.from_numpy(batch.mask_BT), [layer]
            )

    calls = {
        "backbone": backbone,
        "scorer": lambda _: _activations(reader, batches, documents),
        "filter": lambda _: _filter(engine, reader, texts, most),
        "classify": lambda _: engine.predict(texts),
    }
    with torch.inference_mode():
        times = timed_in_turn(calls, device, ROUNDS, 1)
    seconds = {name: statistics.median(spent) / 1000 for name, spent in times.items()}
    parameters = sum(p.numel() for name, p in reader.backbone.model.named_parameters() if "embed" not in name)
    measured: dict[str, Any] = {
        "layer": layer,
        "documents": documents,
        "tokens": tokens,
        "documents_per_s": {name: documents / spent for name, spent in seconds.items()},
        "tokens_per_s": {name: tokens / spent for name, spent in seconds.items()},
        "over_backbone": {
            name: statistics.median(own / floor for own, floor in zip(spent, times["backbone"], strict=True))
            for name, spent in times.items()
        },
        # an approximation: attention's own products are left out
        "backbone_tflops": 2 * parameters * tokens / seconds["backbone"] / 1e12,
        "short_text_ms": _latency_ms(engine),
        "peak_mib": _peak_mib(device),
    }
    # after the peak was read, since this takes additional memory
    rate = device_rates.measure(device)["gemm_tflops"]
    measured["share_of_product_rate"] = measured["backbone_tflops"] / rate
    return {**measured, **(_compiled(reader, scope, batches) if compiled else dict.fromkeys(COMPILED))}


COMPILED = ("compiled_over_eager", "short_backbone_ms", "short_compiled_ms")


def _classifiers(scope: Scope, layer: int) -> list[Classifier]:
    if not scope.bundled:
        return standin_classifiers(scope, layer)
    # only time is measured, also in precisions that they were not fitted in
    return [replace(Classifier.load(name), settings=scope.settings) for name in bundled_classifiers(scope.id)]


def _texts(scope: Scope, documents: int) -> list[str]:
    """Random letters, cut where the 256th token ends."""
    letters = random.Random(0)  # noqa: S311
    texts = []
    for _ in range(documents):
        text = "".join(letters.choices(LETTERS, k=4 * TOKENS))
        window = make_windows(scope, [text])[0]
        texts.append(text[: window.ends[window.keep][TOKENS - 1]])
    return texts


def _compiled(reader: TorchReader, scope: Scope, batches: list[Batch]) -> dict[str, float]:
    """Last of all, since compiled code stays in memory."""
    (short,) = make_batches(make_windows(scope, [SHORT], offsets=False), 4096)
    eager_ms, graphs_ms = short_text(reader.backbone.model, short, SHORT_CALLS)
    return dict(
        zip(
            COMPILED,
            (compiled_over_eager(reader.backbone.model, batches[0], ROUNDS), eager_ms, graphs_ms),
            strict=True,
        )
    )


def _activations(reader: TorchReader, batches: list[Batch], documents: int) -> NDArray[np.float32]:
    reading = reader.nothing(documents)
    for batch in batches:
        reading.take_in(reader.read_batch(batch))
    return reading.acts_NS


def _filter(engine: Engine, reader: TorchReader, texts: list[str], most: int) -> None:
    forms = engine.forms(texts)
    engine.answers(reader.read(forms.texts, max_tokens=most).acts_NS, forms)


def _latency_ms(engine: Engine) -> float:
    """Median of one short text at a time."""
    times = []
    for number in range(-3, SHORT_CALLS):
        began = time.perf_counter()
        engine.predict([SHORT])
        if number >= 0:
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _peak_mib(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return peak_mib()


if __name__ == "__main__":
    place, cut, count, compile_too, precision = sys.argv[1:]
    print(json.dumps(measure(place, int(cut), int(count), compile_too == "1", precision)))
