"""`python -m bench encode`: the encodes as ratios to the bare product of the same run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels import encode_selected, encode_topk

from bench.encode_checks import selected_mismatches, topk_mismatches
from bench.encode_peers import Encode, bare_gemm, peers
from bench.encode_shapes import SELECTIONS, WIDEST, Data, make_data, make_selection, shapes
from bench.encode_tables import full_table, memory_line, selected_table, shape_name
from bench.encode_timing import extra_mib, median_ms
from bench.results_file import StoredRows


def run(out: Path | None = None, quick: bool = False, only: Sequence[str] = ()) -> None:
    """Time both encodes and their peers on the device at hand, check them on the same inputs, write JSON.

    Every shape is written as soon as it is measured, with its date and commit; a later run replaces the shapes that it
    measures and keeps the others, if they were measured on the same device with the same torch.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        quick: one small shape and few repeats, to see that everything runs; the numbers mean nothing.
        only: shapes to measure, as `shape_name` writes them, or "memory"; all if empty.

    Raises:
        RuntimeError: an encode gave a wrong answer on the inputs that were timed, or no shape has a name of `only`.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = [shape for shape in shapes(device, quick) if not only or shape_name(vars(shape)) in only]
    if only and len(chosen) + ("memory" in only) < len(only):
        names = ", ".join(shape_name(vars(shape)) for shape in shapes(device, quick))
        raise RuntimeError(f"no such shape among {', '.join(only)}; there are {names}, and memory")
    repeats = 3 if quick or device.type == "cpu" else 30
    batches = 2 if device.type == "cpu" else 3
    name = f"encode{'-quick' if quick else ''}"
    stored = StoredRows(name, out)
    with torch.inference_mode(False), torch.no_grad():
        for shape in chosen:
            print(f"measuring {shape_name(vars(shape))}", file=sys.stderr)
            stored.put(
                shape_name(vars(shape)), _measure(make_data(shape, device, batches), device, repeats, quick)
            )
    if not quick and (not only or "memory" in only):
        print("measuring memory", file=sys.stderr)
        stored.put("memory", _memory(device))
    result = stored.result()
    print(full_table(result), selected_table(result), memory_line(result), sep="\n\n")
    print(f"\nwritten: {stored.path}")
    rows = [row for row in result["rows"].values() if "mismatches" in row]
    wrong = sum(row["mismatches"] + sum(s["mismatches"] for s in row["selected"]) for row in rows)
    if wrong:
        raise RuntimeError(f"{wrong} answers differ from float64 by more than rounding; see {stored.path}")


def _measure(data: Data, device: torch.device, repeats: int, quick: bool) -> dict[str, Any]:
    shape, n = data.shape, len(data.batches)

    def timed(encode: Encode, d: Data = data) -> float:
        call = partial(_call, encode, d)
        return median_ms(call, device, repeats, n)

    times = {"bare product, bfloat16": timed(bare_gemm)}
    peer_data = data
    if device.type == "cpu":
        wide = Data(shape, [x.float() for x in data.batches], data.W_enc_FD.float(), data.b_enc_F.float())
        times["bare product, float32"] = timed(bare_gemm, wide)
        # without bfloat16 arithmetic the wide product is the floor, and what the peers would use
        if times["bare product, float32"] < times["bare product, bfloat16"]:
            peer_data = wide
        del wide
    floor = min(times.values())
    times["encode_topk"] = timed(encode_topk)
    for name, encode in peers(compiled=not quick).items():
        times[name] = timed(encode, peer_data)
    peers_in = str(peer_data.W_enc_FD.dtype).removeprefix("torch.")
    del peer_data
    full = [encode_topk(x, data.W_enc_FD, data.b_enc_F, shape.k) for x in data.batches]
    row: dict[str, Any] = {
        "d_model": shape.d_model,
        "n_features": shape.n_features,
        "k": shape.k,
        "tokens": shape.tokens,
        "peers_in": peers_in,
        "floor_ms": floor,
        "ms": times,
        "ratio": {name: time / floor for name, time in times.items()},
        "mismatches": sum(topk_mismatches(data, i, got) for i, got in enumerate(full)),
        "selected": [],
    }
    for asked in SELECTIONS if shape.selections else []:
        selection = make_selection(data, asked, full[0])

        def select(batch: int, chosen: tuple[torch.Tensor, ...] = selection) -> Any:
            return encode_selected(data.batches[batch], data.W_enc_FD, data.b_enc_F, shape.k, *chosen)

        ms = median_ms(select, device, repeats, n)
        wrong = selected_mismatches(data, n - 1, select(n - 1), selection, full[n - 1])
        row["selected"].append({**vars(asked), "ms": ms, "ratio": ms / floor, "mismatches": wrong})
    return row


def _memory(device: torch.device) -> dict[str, Any]:
    """What one `encode_topk` of the widest encoder takes beyond its inputs and outputs."""
    data = make_data(WIDEST, device, 1)
    measured = extra_mib(partial(_call, encode_topk, data), device)
    outputs = WIDEST.tokens * WIDEST.k * (4 + 8) / 2**20
    return {**vars(WIDEST), "extra_mib": None if measured is None else max(0.0, measured - outputs)}


def _call(encode: Encode, data: Data, batch: int) -> object:
    return encode(data.batches[batch], data.W_enc_FD, data.b_enc_F, data.shape.k)
