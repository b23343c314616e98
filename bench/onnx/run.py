"""`python -m bench onnx`: exported classifiers against torch, in verdicts, F1, size and time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch
from scopesift_classifiers.onnx.runtime import PROVIDER, choose_providers, load_runtime

from bench.onnx.size import LIMIT_MIB, selected_mib
from bench.onnx.speed import DEVICE
from bench.onnx.speed import measure as measure_speed
from bench.results_file import write_result

TEXTS, QUICK_TEXTS = 5000, 120


def run(data: Path | None, out: Path | None = None, quick: bool = False) -> None:
    """Measure and print; with a data folder also verdicts on real texts.

    Args:
        data: Folder with language/, domain/ and toxicity/; None: time and size only.
        out: Folder for the JSON; None: `bench/results/`.
        quick: Few texts and one small shape, as a smoke test.
    """
    runtime = load_runtime()
    wanted = os.environ.get(PROVIDER) or None
    providers = choose_providers(runtime.get_available_providers(), DEVICE, wanted)
    name = f"onnx{'-quick' if quick else ''}"
    result: dict[str, Any] = {
        "onnxruntime": runtime.__version__,
        "provider": str(providers[0]),
        "threads": torch.get_num_threads(),
        "speed": measure_speed(quick),
        "selected_mib": {"measured": selected_mib(), "limit": LIMIT_MIB},
        "verdicts": None,
    }
    if data is not None:
        from bench.onnx.verdicts import measure as measure_verdicts

        for so_far in measure_verdicts(data, QUICK_TEXTS if quick else TEXTS, _say):
            result["verdicts"] = so_far
            write_result(name, result, out)
    path = write_result(name, result, out)
    print("\n\n".join(tables(result)))
    print(f"\nwritten: {path}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def tables(result: dict[str, Any]) -> list[str]:
    """The result as Markdown."""
    parts = [_speed_table(result["speed"])]
    size = result["selected_mib"]
    parts.append(
        f"Selected head of a Qwen3-1.7B-sized scope, 20 features in two layers: {size['measured']:.2f} MiB "
        f"(bar: {size['limit']:.0f})."
    )
    if result["verdicts"] is not None:
        parts.append(_verdict_table(result["verdicts"]))
    return parts


def _speed_table(rows: list[dict[str, Any]]) -> str:
    names = [name for name in rows[0]["ratio"] if name != "torch"]
    lines = [
        f"| head, time / torch | torch, ms | {' | '.join(names)} | maxima that differ, full |",
        "|---" * (len(names) + 3) + "|",
    ]
    for row in rows:
        shape = (
            f"{row['d_model']}x{row['n_features']}, k {row['k']}, {row['selected']} of {row['documents']} texts "
            f"of {row['tokens']} tokens"
        )
        cells = " | ".join(f"{row['ratio'][name]:.2f}" for name in names)
        lines.append(f"| {shape} | {row['ms']['torch']:.1f} | {cells} | {row['full_differs']} |")
    return "\n".join(lines)


def _verdict_table(verdicts: dict[str, Any]) -> str:
    lines = [
        "| classifier | export | texts | other verdicts | largest score difference | firings that differ "
        "| F1 torch | F1 export |",
        "|---" * 8 + "|",
    ]
    for row in verdicts["rows"]:
        lines.append(
            f"| {row['classifier']} | {row['export']} | {row['texts']} | {row['verdicts']} "
            f"({row['verdict_rate']:.2%}) | {row['largest_score_difference']:.1e} | {row['firing_rate']:.2%} "
            f"| {row['f1_torch']:.4f} | {row['f1']:.4f} |"
        )
    return "\n".join(lines)
