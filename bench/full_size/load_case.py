"""One case of `python -m bench load`, in its own process, to measure its peak memory."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch


def measure(folder: Path, layer: int | None, tokens: int) -> dict[str, float]:
    """Load a scope, read some text, and measure time and memory.

    Args:
        folder: the stand-in.
        layer: cut the backbone after this block and encode there; None: the whole model with its LM head, as
            transformers loads it, and the same encode after its last block but one with an SAE.
        tokens: number of tokens for the speed.

    Returns:
        load_s, tokens_per_s, peak_mib of the whole process, parameters held by the backbone.
    """
    from scopesift_features.backbone.cut import Backbone
    from scopesift_features.reading.batching.windows import make_windows
    from scopesift_features.reading.extract import stream_residuals
    from scopesift_features.scope import Scope

    started = time.perf_counter()
    scope = Scope.load(folder, device="cpu")
    if layer is None:
        from transformers import AutoModelForCausalLM

        layer = scope.layers[-1]
        model = AutoModelForCausalLM.from_pretrained(
            folder / "backbone", dtype=scope.dtype, local_files_only=True
        )
        backbone = Backbone(model)
        scope.__dict__["backbone"] = lambda _deepest: backbone  # the same reading code for both models
    else:
        backbone = scope.backbone(layer)
    sae = scope.sae(layer)
    loaded = time.perf_counter()
    # the stand-in's tokenizer makes one token of each byte
    windows = make_windows(scope, ["abcdefghi " * 25] * (tokens // 250))
    count = 0
    for batch in stream_residuals(scope, windows, [layer]):
        count += sae.active(batch.resid_TD[layer]).counts_T.numel()
    read = time.perf_counter()
    from bench.peak_memory import peak_mib  # imports more, which is not to be timed

    return {
        "load_s": round(loaded - started, 2),
        "tokens_per_s": round(count / (read - loaded), 1),
        "peak_mib": round(peak_mib()),
        "backbone_parameters": sum(parameter.numel() for parameter in backbone.model.parameters()),
        "threads": torch.get_num_threads(),
    }


if __name__ == "__main__":
    place, cut, length = sys.argv[1:]
    print(json.dumps(measure(Path(place), None if cut == "uncut" else int(cut), int(length))))
