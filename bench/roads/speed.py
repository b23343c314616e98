"""`python -m bench roads`: tokens per second of torch and of ONNX Runtime, beside a random XLM-R base."""

from __future__ import annotations

import random
import statistics
import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from scopesift_features.catalogue.settings import INT8
from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import Window, make_windows
from scopesift_features.reading.onnx.sessions import thread_count
from scopesift_features.reading.selected_reader import SelectedReader
from scopesift_features.scope import Scope

from bench.markdown import markdown
from bench.results_file import write_result
from bench.roads.readers import engine_and_readers

LENGTHS = (32, 256)
TOKENS, BATCH_TOKENS, ROUNDS = 4096, 1024, 5
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
"""Detoxify's multilingual model: XLM-R base (Conneau et al. 2020), here with random weights."""
WHOLE, BACKBONE = PARTS = ("backbone and encode", "backbone alone")
RATIOS = {
    "ONNX Runtime over torch": ("onnx", "torch"),
    "int8 over torch": (INT8, "torch"),
    "ONNX Runtime over XLM-R base": ("onnx", "XLM-R base"),
    "int8 over XLM-R base": (INT8, "XLM-R base"),
}
"""Ratio -> the faster and the slower of it."""
ABILITIES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


def run(out: Path | None = None) -> None:
    """Read the same windows in turn; write JSON and print a table.

    Tokens are those that the model reads, with prefix and suffix.
    """
    torch.set_num_threads(thread_count())
    engine, readers = engine_and_readers()
    base = _base()
    rates: dict[str, dict[str, dict[str, float]]] = {}
    for length in LENGTHS:
        windows = _windows(engine.scope, length)
        calls: dict[str, Callable[[], object]] = {"XLM-R base": _forward(base, windows)}
        for name, reader in readers.items():
            calls[f"{name}, {WHOLE}"] = _reading(reader.without_places(), windows)
            calls[f"{name}, {BACKBONE}"] = _backbone(reader, windows)
        spent = _in_turn(calls)
        tokens = sum(len(window.ids) for window in windows)
        rates[str(length)] = {part: _rates(spent, part, tokens) for part in PARTS}
    result = {"threads": thread_count(), "processor_abilities": _abilities(), "tokens_per_s": rates}
    path = write_result("roads", result, out)
    print(f"{table(result)}\n\nwritten: {path}")


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        [length, part, *(f"{own[name]:,.0f}" for name in ("torch", "onnx", INT8, "XLM-R base")),
         *(f"{own[name]:.2f}" for name in RATIOS)]
        for length, parts in result["tokens_per_s"].items() for part, own in parts.items()
    ]  # fmt: skip
    header = ["tokens a text", "part", "torch, tokens/s", "ONNX Runtime", "int8", "XLM-R base", *RATIOS]
    return markdown(header, rows)


def _rates(spent: dict[str, list[float]], part: str, tokens: int) -> dict[str, float]:
    """Tokens per second, and ratios, which are taken within rounds, whose calls share what else the machine does."""
    own = {name: spent[f"{name}, {part}"] for name in ("torch", "onnx", INT8)}
    own["XLM-R base"] = spent["XLM-R base"]
    rates = {name: tokens / statistics.median(times) for name, times in own.items()}
    return rates | {name: _ratio(own[slow], own[fast]) for name, (fast, slow) in RATIOS.items()}


def _windows(scope: Scope, length: int) -> list[Window]:
    """Windows of exactly so many tokens, of random letters."""
    letters = random.Random(0)  # noqa: S311
    windows = []
    for number in range(TOKENS // length):
        text = "".join(letters.choices(string.ascii_lowercase + " " * 6, k=4 * length))
        (whole,) = make_windows(scope, [text], first_document=number)[:1]
        kept = length - int((~whole.keep).sum())
        end = int(whole.ends[whole.keep][kept - 1])
        windows += make_windows(scope, [text[:end]], first_document=number)[:1]
    return windows


def _reading(reader: SelectedReader, windows: list[Window]) -> Callable[[], object]:
    def call() -> None:
        reader.read_windows(windows, reader.nothing(len(windows)), max_tokens=BATCH_TOKENS)

    return call


def _backbone(reader: SelectedReader, windows: list[Window]) -> Callable[[], object]:
    def call() -> None:
        for batch in make_batches(windows, BATCH_TOKENS):
            reader.residuals(batch)

    return call


def _base() -> Any:
    from transformers import XLMRobertaConfig, XLMRobertaModel

    config = XLMRobertaConfig(vocab_size=250_037, max_position_embeddings=514, type_vocab_size=1, **BASE)
    return XLMRobertaModel(config, add_pooling_layer=False).eval()


def _forward(model: Any, windows: list[Window]) -> Callable[[], object]:
    batches = [
        (torch.from_numpy(batch.ids_BT), torch.from_numpy(batch.mask_BT))
        for batch in make_batches(windows, BATCH_TOKENS)
    ]

    @torch.inference_mode()
    def call() -> None:
        for ids_BT, mask_BT in batches:
            model(input_ids=ids_BT, attention_mask=mask_BT)

    return call


def _in_turn(calls: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(ROUNDS + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if number:  # the first round warms up
                spent[name].append(time.perf_counter() - began)
    return spent


def _ratio(slow: list[float], fast: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(slow, fast, strict=True))


def _abilities() -> list[str]:
    """What the processor can multiply, as Linux names it; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    flags = set(path.read_text().split()) if path.is_file() else set()
    return [name for name in ABILITIES if name in flags]
