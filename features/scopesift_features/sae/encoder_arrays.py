"""The encoder of an SAE's safetensors file as numpy arrays, for readers without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import ScopeError

from scopesift_features.int8.linear_layer import Scales, input_arrays, quantised_weights
from scopesift_features.sae.config import SAEConfig, check_layer, check_shapes, layer_of

_ENCODER = ("W_enc", "b_enc")
_REMEDY = "write or pull the scope again"
_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


class EncoderArrays(NamedTuple):
    """W_enc `[F, D]` and b_enc `[F]`, float32."""

    W_enc_FD: NDArray[np.float32]
    b_enc_F: NDArray[np.float32]


def read_encoder(path: Path, config: SAEConfig, dtype: str) -> EncoderArrays:
    """Read the encoder of one layer; the decoder is not touched.

    Format: 8 bytes with the header's length, the header as JSON, the tensors
    (https://huggingface.co/docs/safetensors, "Format").

    Args:
        path: `layer{n}.sae.safetensors`.
        config: expected sizes.
        dtype: "float32", or "bfloat16" to which the weights are rounded.

    Raises:
        ScopeError: missing, damaged, wrong key set, wrong shape, or values that are not finite.
    """
    check_layer(path, layer_of(path), config)
    try:
        content: NDArray[np.uint8] = np.memmap(path, dtype=np.uint8, mode="r")
        size = int.from_bytes(content[:8].tobytes(), "little")
        header: dict[str, Any] = json.loads(content[8 : 8 + size].tobytes())
        header.pop("__metadata__", None)
        check_shapes(path, {name: tuple(entry["shape"]) for name, entry in header.items()}, config)
        arrays = [_array(content[8 + size :], header[name]) for name in _ENCODER]
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; {_REMEDY}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScopeError(f"{path} is not a readable safetensors file ({error}); {_REMEDY}") from None
    for name, array in zip(_ENCODER, arrays, strict=True):
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise ScopeError(f"{path}: {name} holds NaN or infinite values; {_REMEDY}")
    if dtype == "bfloat16":
        arrays = [to_bfloat16(array) for array in arrays]
    return EncoderArrays(*arrays)


def int8_encoder_arrays(encoder: EncoderArrays, scales: Scales, *, signed: bool) -> dict[str, NDArray[Any]]:
    """Weights of the graph of the encode in int8, by their names in it.

    Args:
        encoder: the encoder.
        scales: of its residual.
        signed: whether weights are int8, else uint8.
    """
    found = {"encoder.weight": encoder.W_enc_FD.T, "encoder.bias": encoder.b_enc_F}
    return input_arrays("encoder", scales) | quantised_weights("encoder", found, scales, signed=signed)


def to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Finite values rounded to the nearest bfloat16, ties to even, as float32."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    rounded: NDArray[np.float32] = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)
    return rounded


def _array(data: NDArray[np.uint8], entry: dict[str, Any]) -> NDArray[np.float32]:
    begin, end = entry["data_offsets"]
    stored: NDArray[Any] = np.frombuffer(data[begin:end].tobytes(), _DTYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":
        stored = (stored.astype(np.uint32) << 16).view(np.float32)
    return stored.astype(np.float32).reshape(entry["shape"])
