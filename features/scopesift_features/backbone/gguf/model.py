"""The model of a GGUF file, dequantised by transformers and cut after a block."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scopesift_files.errors import ScopeError, first_line
from torch import nn

from scopesift_features.backbone.cut import (
    Backbone,
    cut_config,
    find_blocks,
    finish_loading,
    quiet_transformers,
)
from scopesift_features.backbone.gguf.header import VOCABULARY, GgufHeader, TensorPlace
from scopesift_features.backbone.model_classes import bare_model_class, model_config
from scopesift_features.backbone.whole import causal_model_class, finish_whole

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_BLOCK = re.compile(r"blk\.(\d+)\.")
_ROTARY_FACTORS = "rope_freqs.weight"
_OTHER_FACTORS = "rope_factors_long.weight"
_SCALING = "rope.scaling.type"
_HEADS_UNREAD = ("qwen3", "qwen3moe")
"""Architectures whose width of a head transformers takes for the one of the large models."""
_SCALING_READ = "gpt-oss"
_REMEDY = "give the model's folder in Hugging Face format instead"


def gguf_config(header: GgufHeader) -> PreTrainedConfig:
    """Configuration of the model, from the file's metadata.

    Raises:
        ScopeError: an architecture that transformers doesn't read from GGUF, or missing metadata.
    """
    try:
        with quiet_transformers(), _small_file(header) as small:
            config = model_config(small.parent, gguf_file=small.name)
    except Exception as error:
        raise ScopeError(
            f"{header.path}: transformers cannot read the architecture {header.architecture!r} from GGUF "
            f"({first_line(error)}); {_REMEDY}"
        ) from None
    if header.architecture in _HEADS_UNREAD:
        config.head_dim = header.metadata.get(f"{header.architecture}.attention.key_length", config.head_dim)
    return config


def load_gguf(
    header: GgufHeader, config: PreTrainedConfig, deepest: int, *, device: str, dtype: torch.dtype
) -> Backbone:
    """Load the blocks 0 … `deepest`, dequantised; tensors of later blocks are not read.

    Args:
        header: of the file.
        config: see `gguf_config`.
        deepest: the last block to load.
        device: as in `load_backbone`.
        dtype: precision of weights and arithmetic.

    Raises:
        ScopeError: no such layer, or tensors that are missing, left over, of another shape, or not finite.
    """
    path = header.path
    if not 0 <= deepest < config.num_hidden_layers:
        last = config.num_hidden_layers - 1
        raise ScopeError(f"layer {deepest} does not exist in {path}; the backbone has layers 0 to {last}")
    model, report = _dequantised(
        bare_model_class(config), header, config, deepest, device=device, dtype=dtype
    )
    backbone = finish_loading(model, report, path, device)
    _finish(header, model, backbone.blocks)
    return backbone


def load_whole_gguf(
    header: GgufHeader, config: PreTrainedConfig, *, device: str, dtype: torch.dtype
) -> nn.Module:
    """Load the whole model with its head, to generate text; see `load_gguf`.

    Raises:
        ScopeError: as `load_gguf`, or a model that can't generate.
    """
    model_class, deepest = causal_model_class(config), config.num_hidden_layers - 1
    model, report = _dequantised(model_class, header, config, deepest, device=device, dtype=dtype)
    whole: nn.Module = finish_whole(model, report, header.path, device)
    _finish(header, whole, find_blocks(whole))
    return whole


def _dequantised(
    model_class: Any,
    header: GgufHeader,
    config: PreTrainedConfig,
    deepest: int,
    *,
    device: str,
    dtype: torch.dtype,
) -> tuple[Any, dict[str, Any]]:
    """The model as transformers reads it, and its report."""
    from transformers import GgufConfig

    _check_positions(header)
    try:
        with quiet_transformers(), _blocks_up_to(header, deepest):
            model, report = model_class.from_pretrained(
                header.path.parent,
                gguf_file=str(header.path),
                config=cut_config(config, deepest + 1),
                dtype=dtype,
                device_map="auto" if device == "auto" else None,
                local_files_only=True,
                quantization_config=GgufConfig(dequantize=True),
                output_loading_info=True,
            )
    except Exception as error:
        raise ScopeError(f"the backbone in {header.path} cannot be loaded: {first_line(error)}") from None
    return model, report


def _finish(header: GgufHeader, model: nn.Module, blocks: nn.ModuleList) -> None:
    _check_vectors(header, blocks)
    if _ROTARY_FACTORS in header.tensors:
        _scale_positions(header, model)


def gguf_weight_count(header: GgufHeader, deepest: int) -> int:
    """Number of weights of the embedding and the blocks 0 … `deepest`."""
    return sum(
        math.prod(place.shape)
        for name, place in header.tensors.items()
        if _is_up_to(name, deepest) and not name.startswith("output")
    )


def _is_up_to(name: str, deepest: int) -> bool:
    block = _BLOCK.match(name)
    return block is None or int(block[1]) <= deepest


@contextmanager
def _blocks_up_to(header: GgufHeader, deepest: int) -> Iterator[None]:
    """Let transformers see neither the later blocks nor the vocabulary, since it converts all that its reader lists."""
    import gguf
    from transformers import modeling_gguf_pytorch_utils as conversion

    real, bar = gguf.GGUFReader, conversion.tqdm
    with _small_file(header) as small:
        fields = {key: field for key, field in real(small).fields.items() if not key.startswith(VOCABULARY)}
    tensors = [
        _packed(header.path, name, place)
        for name, place in header.tensors.items()
        if _is_up_to(name, deepest)
    ]
    gguf.GGUFReader = lambda _path: SimpleNamespace(fields=fields, tensors=tensors)
    conversion.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        gguf.GGUFReader, conversion.tqdm = real, bar


@contextmanager
def _small_file(header: GgufHeader) -> Iterator[Path]:
    """The metadata in a temporary file: reading the vocabulary, too, would take most of the time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        path.write_bytes(header.without_weights())
        yield path


def _packed(path: Path, name: str, place: TensorPlace) -> SimpleNamespace:
    """A tensor as gguf's reader has it: bytes of the file, mapped, of each row."""
    import gguf

    values, n_bytes = gguf.GGML_QUANT_SIZES[place.kind]
    shape = (*place.shape[:-1], place.shape[-1] // values * n_bytes)
    data = np.memmap(path, np.uint8, mode="r", offset=place.start, shape=shape)
    return SimpleNamespace(name=name, data=data, tensor_type=gguf.GGMLQuantizationType(place.kind))


def _check_positions(header: GgufHeader) -> None:
    """Refuse scaled rotary positions (YaRN, LongRoPE), which transformers leaves unread without a word."""
    scaling = header.metadata.get(f"{header.architecture}.{_SCALING}", "none")
    if scaling != "none" and header.architecture != _SCALING_READ:
        raise ScopeError(
            f"{header.path}: its rotary positions are scaled ({scaling}), which is not read from GGUF; {_REMEDY}"
        )
    if _OTHER_FACTORS in header.tensors:
        raise ScopeError(
            f"{header.path}: its rotary positions are scaled by {_OTHER_FACTORS}, which is not read from GGUF; "
            f"{_REMEDY}"
        )


def _check_vectors(header: GgufHeader, blocks: nn.ModuleList) -> None:
    """Refuse a file with more biases and norms than the model has: transformers leaves them unread without a word."""
    in_file = [
        name
        for name, place in header.tensors.items()
        if _BLOCK.match(name) and _is_up_to(name, len(blocks) - 1) and _is_vector(place.shape)
    ]
    in_model = sum(_is_vector(tuple(weight.shape)) for weight in blocks.parameters())
    if len(in_file) != in_model:
        raise ScopeError(
            f"{header.path}: its blocks have {len(in_file)} biases and norms, but transformers' model of the "
            f"architecture {header.architecture!r} has {in_model}; {_REMEDY}"
        )


def _is_vector(shape: tuple[int, ...]) -> bool:
    return math.prod(shape) == max(shape)


def _scale_positions(header: GgufHeader, model: nn.Module) -> None:
    """Divide the rotary frequencies by the file's factors (Llama 3.1 and later), which transformers leaves unread."""
    place = header.tensors[_ROTARY_FACTORS]
    factors = torch.from_numpy(
        np.fromfile(header.path, np.float32, math.prod(place.shape), offset=place.start)
    )
    scaled = [buffer for name, buffer in model.named_buffers() if name.endswith("inv_freq")]
    if not scaled or any(buffer.shape != factors.shape for buffer in scaled):
        raise ScopeError(f"{header.path}: {_ROTARY_FACTORS} does not fit the model; the file is damaged")
    for buffer in scaled:
        buffer.div_(factors.to(buffer))
