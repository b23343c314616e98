"""The tensors and shards of a checkpoint that a cut model needs, from its index."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scopesift_files.errors import ScopeError

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"

# names of the modules after the last block: final norms, and the poolers of encoders
BEHIND_BLOCKS = re.compile(r"(?:final_)?norm|norm_f|ln_f|(?:final_)?layer_?norm|pooler")

_BLOCK = re.compile(r"(?:^|\.)(?:layers|layer|h|blocks)\.(\d+)\.")
# parts of multimodal checkpoints that are not the text model, multi-token prediction, and language-model heads
_OTHER_PART = re.compile(
    r"(?:^|\.)(?:visual|vision_tower|vision_model|audio_tower|multi_modal_projector|mtp|lm_head)\."
    r"|^(?:cls\.|head\.|decoder\.(?:weight|bias)$)"
)


def needed_tensors(weight_map: Mapping[str, str], deepest: int) -> dict[str, str]:
    """The entries of an index's weight_map that blocks 0 … `deepest` need: tensor -> shard.

    Args:
        weight_map: tensor -> file, as in `model.safetensors.index.json`.
        deepest: the last block that is needed.

    Raises:
        ScopeError: the index names no such block.
    """
    needed: dict[str, str] = {}
    blocks: set[int] = set()
    holders: set[str] = set()
    for tensor, shard in weight_map.items():
        if _OTHER_PART.search(tensor):
            continue
        block = _BLOCK.search(tensor)
        if block is not None:
            holders.update(_holders(tensor[: block.start(1)]))
            if int(block[1]) > deepest:
                continue
            blocks.add(int(block[1]))
        needed[tensor] = shard
    missing = set(range(deepest + 1)) - blocks
    if missing:
        raise ScopeError(
            f"the checkpoint's index names no tensors of block {min(missing)}; it is not this backbone's"
        )
    behind = re.compile(f"(?:{'|'.join(map(re.escape, holders))})(?:{BEHIND_BLOCKS.pattern})\\.")
    return {tensor: shard for tensor, shard in needed.items() if not behind.match(tensor)}


def _holders(blocks: str) -> list[str]:
    """Name prefixes of the modules that contain `bert.encoder.layer.`: `bert.encoder.`, `bert.`, ""."""
    parts = blocks.split(".")[:-2]
    return ["".join(f"{part}." for part in parts[:depth]) for depth in range(len(parts) + 1)]
