"""`python -m bench encode`: the encodes as ratios to the bare product of the same run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from scopesift_kernels import backends, encode_selected, encode_topk

from bench.encode_checks import selected_mismatches, topk_mismatches
from bench.encode_peers import Encode, bare_gemm, peers
from bench.encode_shapes import SELECTIONS, Data, make_data, make_selection, shapes
from bench.encode_timing import extra_mib, median_ms
from bench.results_file import write_result


def run(out: Path | None = None, quick: bool = False) -> None:
    """Time both encodes and their peers on the device at hand, check them on the same inputs, write JSON.

    Args:
        out: folder for the JSON; None: `bench/results/`.
        quick: one small shape and few repeats, to see that everything runs; the numbers mean nothing.

    Raises:
        RuntimeError: an encode gave a wrong answer on the inputs that were timed.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    repeats = 3 if quick else 5 if device.type == "cpu" else 30
    with torch.inference_mode(False), torch.no_grad():
        rows = [
            _measure(make_data(shape, device, 3), device, repeats, quick) for shape in shapes(device, quick)
        ]
    result = {
        "threads": torch.get_num_threads(),
        "backends": list(backends()),
        "data": "independent standard normal pre-activations, bfloat16 inputs",
        "rows": rows,
    }
    path = write_result(f"encode{'-quick' if quick else ''}", result, out)
    print(table(result))
    print(f"\nwritten: {path}")
    wrong = sum(row["mismatches"] + sum(s["mismatches"] for s in row["selected"]) for row in rows)
    if wrong:
        raise RuntimeError(f"{wrong} answers differ from float64 by more than rounding; see {path}")


def _measure(data: Data, device: torch.device, repeats: int, quick: bool) -> dict[str, Any]:
    shape, n = data.shape, len(data.batches)

    def timed(encode: Encode, d: Data = data) -> float:
        call = partial(_call, encode, d)
        return median_ms(call, device, repeats, n)

    bare = {"bare product, bfloat16": timed(bare_gemm)}
    if device.type == "cpu":  # the faster of the two is the floor where there is no bfloat16 arithmetic
        wide = Data(shape, [x.float() for x in data.batches], data.W_enc_FD.float(), data.b_enc_F.float())
        bare["bare product, float32"] = timed(bare_gemm, wide)
        del wide
    floor = min(bare.values())
    times = {**bare, "encode_topk": timed(encode_topk)}
    for name, encode in peers(compiled=not quick).items():
        times[name] = timed(encode)
    full = [encode_topk(x, data.W_enc_FD, data.b_enc_F, shape.k) for x in data.batches]
    row: dict[str, Any] = {
        "d_model": shape.d_model,
        "n_features": shape.n_features,
        "k": shape.k,
        "tokens": shape.tokens,
        "floor_ms": floor,
        "ms": times,
        "ratio": {name: time / floor for name, time in times.items()},
        "mismatches": sum(topk_mismatches(data, i, got) for i, got in enumerate(full)),
        "extra_mib": extra_mib(partial(_call, encode_topk, data), device),
        "selected": [],
    }
    for asked in SELECTIONS:
        selection = make_selection(data, asked, full[0])

        def select(batch: int, chosen: tuple[torch.Tensor, ...] = selection) -> Any:
            return encode_selected(data.batches[batch], data.W_enc_FD, data.b_enc_F, shape.k, *chosen)

        ms = median_ms(select, device, repeats, n)
        wrong = sum(selected_mismatches(data, i, select(i), selection, full[i]) for i in range(n))
        row["selected"].append({**vars(asked), "ms": ms, "ratio": ms / floor, "mismatches": wrong})
    return row


def _call(encode: Encode, data: Data, batch: int) -> object:
    return encode(data.batches[batch], data.W_enc_FD, data.b_enc_F, data.shape.k)


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table of ratios to the bare product."""
    names = list(result["rows"][0]["ratio"])
    asked = [
        f"{s['features']} of {s['document_tokens']}-token documents, floors {s['floors']}"
        for s in result["rows"][0]["selected"]
    ]
    heads = [f"{r['d_model']}x{r['n_features']}, k {r['k']}, T {r['tokens']}" for r in result["rows"]]
    lines = [f"| time / bare product | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in names:
        cells = " | ".join(f"{r['ratio'][name]:.2f}" for r in result["rows"])
        lines.append(f"| {name} | {cells} |")
    for i, name in enumerate(asked):
        cells = " | ".join(f"{r['selected'][i]['ratio']:.2f}" for r in result["rows"])
        lines.append(f"| encode_selected, {name} | {cells} |")
    memory = ["–" if r["extra_mib"] is None else f"{r['extra_mib']:.0f}" for r in result["rows"]]
    lines.append(f"| encode_topk, extra memory with outputs, MiB | {' | '.join(memory)} |")
    return "\n".join(lines)
