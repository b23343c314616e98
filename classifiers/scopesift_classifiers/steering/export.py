"""A steering as files for other programs: llama.cpp's control vectors (GGUF), and plain safetensors.

Source of the format: llama.cpp's `common_control_vector_load`, as repeng's `ControlVector.export_gguf` writes it: a
tensor `direction.<n>` a block, which is added to the output of block n at every token.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from scopesift_features.generating.hooks import LayerChange
from scopesift_features.scope import Scope
from scopesift_features.tensor_file import write_tensors
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import UsageError
from torch import Tensor

GGUF, SAFETENSORS = ".gguf", ".safetensors"


def directions(changes: Sequence[LayerChange]) -> dict[int, Tensor]:
    """What is added to every token after each layer, float32 `[D]`.

    Raises:
        UsageError: a change depends on the token (clamp, suppress), or there is none.
    """
    if any(bool(change.reads_S.any()) for change in changes):
        raise UsageError(
            "clamp and suppress depend on each token's activation, which a control vector can't; export boosts only"
        )
    found = {change.sae.layer: (change.amounts_S @ change.directions_SD).cpu() for change in changes}
    if not any(bool(direction_D.any()) for direction_D in found.values()):
        raise UsageError("the changes add nothing; give an amount above or below 0")
    return found


def export(path: Path, scope: Scope, changes: Sequence[LayerChange], described: str) -> None:
    """Write a control vector, as GGUF or safetensors by the file's suffix.

    Args:
        path: ends in .gguf or .safetensors.
        scope: the model that it belongs to.
        changes: boosts.
        described: the changes in words, for the file's metadata.

    Raises:
        UsageError: another suffix, changes that can't be exported, block 0 in GGUF, or the package gguf is missing.
    """
    found = directions(changes)
    if path.suffix == SAFETENSORS:
        write_tensors(path, {f"layer.{layer}": direction_D for layer, direction_D in found.items()})
        return
    if path.suffix != GGUF:
        raise UsageError(f"{path} must end in {GGUF} (llama.cpp) or {SAFETENSORS}, which says the format")
    if 0 in found:
        raise UsageError(
            "llama.cpp's control vectors begin at block 1; export to .safetensors, or leave layer 0 out"
        )
    if find_spec("gguf") is None:
        raise UsageError("the package gguf is not installed; `pip install 'scopesift[gguf]'`")
    write_atomically(path, lambda temporary: _write_gguf(temporary, scope, found, described))


def _write_gguf(path: Path, scope: Scope, found: dict[int, Tensor], described: str) -> None:
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "controlvector")
    writer.add_string("controlvector.model_hint", _architecture(scope))
    writer.add_uint32("controlvector.layer_count", max(found))
    writer.add_string("general.description", described)
    # llama.cpp numbers the blocks from 0 and wants a direction for every block from 1 to the last one
    for layer in range(1, max(found) + 1):
        direction_D = found.get(layer, torch.zeros(scope.d_model))
        writer.add_tensor(f"direction.{layer}", direction_D.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _architecture(scope: Scope) -> str:
    config = getattr(scope.source, "config", None)
    return str(getattr(config, "model_type", scope.record.backbone))
