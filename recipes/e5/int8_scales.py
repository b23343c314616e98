"""`python -m recipes.e5.int8_scales --data DATA`: scales of e5's activations in int8, measured on train rows.

Every channel of a linear layer's input has its smallest and largest value over all tokens, prefix and suffix included:
`<s>` has values that are tens of times as large as those of words, and attention reads them. An encoder's input has
those of the tokens that count. The scales balance what 8 bits cost the activations and 7 bits the weights (SmoothQuant,
Xiao et al. 2023, arXiv 2211.10438).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scopesift_features.backbone.e5.arrays import block_arrays
from scopesift_features.backbone.e5.int8_scales import AFTER_GELU, LINEAR, ZERO_AFTER_GELU
from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.int8.linear_layer import COPIES, LARGEST, Scales
from scopesift_features.int8.scales_file import encoder_name
from scopesift_features.reading.batching.batches import CPU_BATCH_TOKENS, make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.onnx.sessions import FOLDER, SCALES
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically
from torch import Tensor

from recipes.e5.rows import ENGLISH, ROWS, toxicity_languages, toxicity_rows

TEXTS_OF_EACH = 150
"""Texts from each set of train rows, evenly spaced."""
BALANCE = 0.85
"""Exponent of an activation's range in its scale, chosen by the error of residuals on train rows; the rest is the
weights'."""
LEAST_RANGE = 1.0
"""Of GELU's values: channels that are hardly used would else need more than the room below `ZERO_AFTER_GELU`."""
GELU_MINIMUM = 0.17
INPUTS = {"query_key_value": "query", "attended": "attended", "inner": "inner", "outer": "outer"}
"""Layer of the graphs -> module of `E5Block` with the same input."""

Floats = NDArray[np.float32]


class Ranges:
    """Smallest and largest value per channel of every linear layer's input; hooks collect those of the blocks."""

    def __init__(self, blocks: Any) -> None:
        self.low: dict[str, Tensor] = {}
        self.high: dict[str, Tensor] = {}
        self.mask_BT: Tensor
        for layer, block in enumerate(blocks):
            for name, module in INPUTS.items():
                hook = partial(self._take, f"blocks.{layer}.{name}")
                getattr(block, module).register_forward_pre_hook(hook)

    def _take(self, name: str, _module: Any, inputs: tuple[Tensor]) -> None:
        self.take(name, inputs[0][self.mask_BT])

    def take(self, name: str, x_TC: Tensor) -> None:
        """Widen a layer's ranges to those of more tokens."""
        low, high = x_TC.amin(dim=0), x_TC.amax(dim=0)
        self.low[name] = torch.minimum(self.low.get(name, low), low)
        self.high[name] = torch.maximum(self.high.get(name, high), high)


def scales_of(part: str, low_C: Floats, high_C: Floats, weight_CO: Floats) -> Scales:
    """Centre and scale of each of C input channels.

    Args:
        part: one of `LINEAR`, or an encoder's name.
        low_C: smallest value of each.
        high_C: largest value of each.
        weight_CO: the layer's weights.
    """
    after_gelu = part == AFTER_GELU
    centre_C: Floats = np.zeros_like(low_C) if after_gelu else np.float32(0.5) * (low_C + high_C)
    range_C = np.maximum(high_C, LEAST_RANGE) if after_gelu else np.maximum(high_C - centre_C, 1e-3)
    size_C = np.sqrt((weight_CO**2).mean(axis=1)) + 1e-9
    largest = int((range_C * size_C).argmax()) if after_gelu else -1
    if after_gelu:
        size_C[largest] /= COPIES + 1
    scale_C = range_C**BALANCE / size_C ** (1 - BALANCE)
    if after_gelu:
        above, below = (range_C / scale_C).max(), (GELU_MINIMUM / scale_C).max()
        factor = max(above / (LARGEST - ZERO_AFTER_GELU), below / ZERO_AFTER_GELU)
    else:
        factor = (range_C / scale_C).max() / (LARGEST // 2)
    return Scales(centre_C, (scale_C * factor).astype(np.float32), largest)


def measured_ranges(scope: Scope, texts: list[str]) -> Ranges:
    """Ranges over all tokens of texts."""
    backbone = scope.backbone(max(scope.layers))
    ranges = Ranges(backbone.blocks)
    for batch in make_batches(make_windows(scope, texts), CPU_BATCH_TOKENS):
        ids_BT, mask_BT = torch.from_numpy(batch.ids_BT), torch.from_numpy(batch.mask_BT)
        ranges.mask_BT = mask_BT.bool()
        residuals = backbone.residuals(ids_BT, mask_BT, scope.layers)
        for layer, x_BTD in residuals.items():
            ranges.take(encoder_name(layer), x_BTD[torch.from_numpy(batch.keep_BT)])
    return ranges


def train_texts(data: Path) -> Iterator[str]:
    """Some train texts of every bundled classifier, and of toxicity in every language."""
    sets = [rows_of(data, "train") for rows_of in ROWS.values()]
    sets += [toxicity_rows(data, code, "train") for code in toxicity_languages(data) if code != ENGLISH]
    for rows in sets:
        step = max(1, len(rows) // TEXTS_OF_EACH)
        yield from rows.texts[::step][:TEXTS_OF_EACH]


def main(
    data: Annotated[Path, typer.Option(help="Folder with language/, toxicity/, textdetox/, domain/, …")],
    out: Annotated[Path | None, typer.Option(help="Scope folder; default: the bundled e5's.")] = None,
) -> None:
    """Measure the scales and write them beside the graphs."""
    scope = Scope.load(out or bundled_folder("e5"), device="cpu")
    source = scope.source
    if not isinstance(source, PackagedE5):
        raise typer.BadParameter(f"{scope.id} is not a scope over e5")
    texts = list(train_texts(data))
    ranges = measured_ranges(scope, texts)
    found: dict[str, list[Any]] = defaultdict(list)
    for layer in range(max(scope.layers) + 1):
        weights = block_arrays(source.file, layer)
        for part in LINEAR:
            name = f"blocks.{layer}.{part}"
            low_C, high_C = ranges.low[name].numpy(), ranges.high[name].numpy()
            own = scales_of(part, low_C, high_C, weights[f"{name}.weight"])
            found[f"{part}.scale"].append(own.scale.astype(np.float16))
            if part == AFTER_GELU:
                found["largest"].append(own.largest)
            else:
                found[f"{part}.centre"].append(own.centre.astype(np.float16))
    stored = {name: np.stack(own) for name, own in found.items()}
    for layer in scope.layers:
        name = encoder_name(layer)
        weight_DF = scope.sae(layer).W_enc_FD.T.float().numpy()
        own = scales_of(name, ranges.low[name].numpy(), ranges.high[name].numpy(), weight_DF)
        stored |= {
            f"{name}.scale": own.scale.astype(np.float16),
            f"{name}.centre": own.centre.astype(np.float16),
        }
    path = scope.folder / FOLDER / SCALES
    write_atomically(path, partial(_write, stored))
    typer.echo(f"{path}: from {len(texts):,} texts, {path.stat().st_size:,} bytes")


def _write(arrays: dict[str, NDArray[Any]], path: Path) -> None:
    with path.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


if __name__ == "__main__":
    typer.run(main)
