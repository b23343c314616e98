"""SAE files: safetensors of every kind, and Qwen-Scope's pickled `layer{n}.sae.pt`, with checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from scopesift_files.errors import ScopeError, first_line
from torch import Tensor

from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.config import THRESHOLD, SAEConfig, check_layer, check_shapes, layer_of
from scopesift_features.sae.kinds import KINDS
from scopesift_features.tensor_file import write_tensors

KEYS = ("W_enc", "b_enc", "W_dec", "b_dec")


def make_sae(config: SAEConfig, tensors: Mapping[str, Tensor], layer: int) -> SparseAutoencoder:
    """One layer's SAE from its tensors, by their names in a file; without a decoder if W_dec is not among them."""
    membership: dict[str, Any] = {THRESHOLD: tensors[THRESHOLD]} if THRESHOLD in config.shapes() else {}
    if config.k is not None:
        membership["k"] = config.k
    return KINDS[config.model_type](
        tensors["W_enc"],
        tensors["b_enc"],
        tensors.get("W_dec"),
        tensors.get("b_dec"),
        layer,
        **membership,
    )


def read_safetensors(
    path: Path, config: SAEConfig, *, decoder: bool, dtype: torch.dtype
) -> SparseAutoencoder:
    """Read one layer from safetensors; shapes are checked before any tensor is read.

    Args:
        path: `layer{n}.sae.safetensors`.
        config: expected sizes.
        decoder: whether to read W_dec and b_dec too; classification doesn't need them.
        dtype: precision of the weights in memory.

    Raises:
        ScopeError: missing, damaged, wrong key set, wrong shape, or values that are not finite.
    """
    from safetensors import SafetensorError, safe_open

    layer = layer_of(path)
    check_layer(path, layer, config)
    remedy = "write or pull the scope again"
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
            check_shapes(path, shapes, config)
            if decoder and "W_dec" not in shapes:
                raise ScopeError(
                    f"{path} was published without a decoder, so nothing can be reconstructed with it"
                )
            wanted = [key for key in config.shapes() if decoder or not key.endswith("dec")]
            tensors = {key: file.get_tensor(key) for key in wanted}
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; {remedy}") from None
    except (SafetensorError, OSError) as error:
        raise ScopeError(f"{path} is not a readable safetensors file ({error}); {remedy}") from None
    _check_values(path, tensors)
    # thresholds stay as they are stored: rounding one changes when its feature is active
    tensors = {key: value if key == THRESHOLD else value.to(dtype) for key, value in tensors.items()}
    return make_sae(config, tensors, layer)


def read_pickle(path: Path, config: SAEConfig) -> SparseAutoencoder:
    """Read one layer from Qwen-Scope's `.sae.pt` without executing pickled code.

    Args:
        path: `layer{n}.sae.pt`, a pickled flat dict.
        config: expected sizes.

    Returns:
        The SAE with its decoder, in the file's own precision, memory-mapped.

    Raises:
        ScopeError: damaged, truncated, other content than tensors, wrong keys, shapes, or values not finite.
    """
    layer = layer_of(path)
    check_layer(path, layer, config)
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; pull the layer again") from None
    except Exception as error:
        # torch raises many types here: unpickling (code in the file), zip, end of file, runtime
        raise ScopeError(
            f"{path} is not a plain dictionary of tensors or is truncated ({first_line(error)}); "
            "it was not loaded; pull the layer again"
        ) from None
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ScopeError(f"{path} should hold a flat dictionary of tensors; it was not loaded")
    check_shapes(path, {str(key): tuple(value.shape) for key, value in content.items()}, config)
    _check_values(path, content)
    return make_sae(config, content, layer)


def write_safetensors(
    sae: SparseAutoencoder, folder: Path, *, dtype: torch.dtype | None = None, encoder_only: bool = False
) -> Path:
    """Write one layer as `layer{n}.sae.safetensors`, atomically.

    Args:
        sae: with its decoder, unless it has none.
        folder: the SAE folder.
        encoder_only: whether the SAE was published without a decoder.
        dtype: precision of the weights on disk; None keeps the tensors' own. A threshold is kept in float32.

    Raises:
        ScopeError: no decoder, values too large for this precision, or the file can't be written.
    """
    has_decoder = sae.W_dec_DF is not None and sae.b_dec_D is not None
    if has_decoder == encoder_only:
        if encoder_only:
            raise ScopeError(f"the SAE of layer {sae.layer} has a decoder; write it too")
        raise ScopeError(f"the SAE of layer {sae.layer} has no decoder; a file holds {', '.join(KEYS)}")
    tensors = dict(zip(KEYS, (sae.W_enc_FD, sae.b_enc_F, sae.W_dec_DF, sae.b_dec_D), strict=True))
    stored = {
        key: value.detach().to("cpu", dtype or value.dtype).contiguous()
        for key, value in tensors.items()
        if value is not None
    }
    if (threshold := sae.membership().get(THRESHOLD)) is not None:
        stored[THRESHOLD] = threshold.detach().to("cpu", torch.float32).contiguous()
    path = folder / f"layer{sae.layer}.sae.safetensors"
    _check_values(path, stored)
    write_tensors(path, stored)
    return path


def _check_values(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for key, value in tensors.items():
        if not value.is_floating_point():
            raise ScopeError(f"{path}: {key} holds {value.dtype}, expected floating-point numbers")
        # one reduction instead of a mask as large as the weights
        if not bool(torch.isfinite(value.sum(dtype=torch.float64))):
            raise ScopeError(f"{path}: {key} holds NaN or infinite values; write or pull the scope again")
    if THRESHOLD in tensors and bool((tensors[THRESHOLD] < 0).any()):
        raise ScopeError(
            f"{path}: threshold holds values below 0, which would make activations negative; expected 0 or more"
        )
