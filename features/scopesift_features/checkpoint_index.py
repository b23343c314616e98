"""Which of a checkpoint's tensors and shards a cut model needs, read from its index alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scopesift_features.errors import ScopeError

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"

_BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
# parts of multimodal checkpoints that are not the text decoder, multi-token prediction, and the LM head
_OTHER_PART = re.compile(
    r"(?:^|\.)(?:visual|vision_tower|vision_model|audio_tower|multi_modal_projector|mtp|lm_head)\."
)
_FINAL_NORM = re.compile(
    r"^(?:(?:model|transformer|language_model|decoder)\.)*(?:norm|ln_f|final_layer_?norm)\."
)


def needed_tensors(weight_map: Mapping[str, str], deepest: int) -> dict[str, str]:
    """The part of an index's weight_map that blocks 0 … `deepest` need: tensor -> shard.

    Args:
        weight_map: tensor -> file, as in `model.safetensors.index.json`.
        deepest: the last block that is wanted.

    Raises:
        ScopeError: the index names no such block.
    """
    needed: dict[str, str] = {}
    blocks: set[int] = set()
    for tensor, shard in weight_map.items():
        if _OTHER_PART.search(tensor) or _FINAL_NORM.match(tensor):
            continue
        block = _BLOCK.search(tensor)
        if block is not None:
            if int(block[1]) > deepest:
                continue
            blocks.add(int(block[1]))
        needed[tensor] = shard
    missing = set(range(deepest + 1)) - blocks
    if missing:
        raise ScopeError(
            f"the checkpoint's index names no tensors of block {min(missing)}; it is not this backbone's"
        )
    return needed
