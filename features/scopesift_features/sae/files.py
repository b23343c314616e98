"""SAE files: Qwen-Scope's pickled `layer{n}.sae.pt` and safetensors, with checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import ScopeError, first_line
from torch import Tensor

from scopesift_features.sae.published_config import spelled
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.tensor_file import write_tensors

KEYS = ("W_enc", "b_enc", "W_dec", "b_dec")
_NAME = re.compile(r"layer(\d+)\.sae\.(pt|safetensors)")


@dataclass(frozen=True)
class SAEConfig:
    """The sizes that all SAEs of a scope share; the content of `sae/config.json`.

    Attributes:
        base_model: name of the backbone.
        d_model, d_sae, k, num_layers: sizes; num_layers is the number of the backbone's blocks, not of files.
        model_type, hook_point: fixed; no other values are supported.
    """

    base_model: str
    d_model: int
    d_sae: int
    k: int
    num_layers: int
    model_type: str = "topk_sae"
    hook_point: str = "resid_post"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor of a layer's file."""
        return {
            "W_enc": (self.d_sae, self.d_model),
            "b_enc": (self.d_sae,),
            "W_dec": (self.d_model, self.d_sae),
            "b_dec": (self.d_model,),
        }

    def write(self, folder: Path) -> None:
        """Write `config.json` into the SAE folder."""
        write_json(folder / "config.json", asdict(self))


def read_config(folder: Path) -> SAEConfig:
    """Read `config.json` of an SAE folder, ours or a publisher's.

    Raises:
        ScopeError: missing, not JSON, another kind of SAE, or impossible sizes.
    """
    path = folder / "config.json"
    remedy = (
        "it must hold model_type topk_sae, hook_point resid_post, base_model, d_model, d_sae, k, num_layers"
    )
    content = read_json(path, remedy)
    for name, expected in (("model_type", "topk_sae"), ("hook_point", "resid_post")):
        if content.get(name) != expected:
            raise ScopeError(f"{path}: {name} is {content.get(name)!r}, only {expected!r} can be read")
    sizes: dict[str, int] = {}
    for name in ("d_model", "d_sae", "k", "num_layers"):
        found = spelled(content, name) or {name: None}
        key, value = next(iter(found.items()))
        if type(value) is not int or value < 1:
            raise ScopeError(f"{path}: {key} should be a positive whole number, not {value!r}; {remedy}")
        for other, contrary in found.items():
            if contrary != value:
                raise ScopeError(f"{path}: {key} is {value} but {other} is {contrary!r}; correct one of them")
        sizes[name] = value
    if sizes["k"] > sizes["d_sae"]:
        raise ScopeError(f"{path}: k is {sizes['k']}, more than the {sizes['d_sae']} features of d_sae")
    return SAEConfig(
        base_model=str(content.get("base_model", "")),
        d_model=sizes["d_model"],
        d_sae=sizes["d_sae"],
        k=sizes["k"],
        num_layers=sizes["num_layers"],
    )


def layer_of(path: Path) -> int:
    """The layer from a file's name, the only place where Qwen-Scope states it.

    Raises:
        ScopeError: the name is not `layer{n}.sae.pt` or `layer{n}.sae.safetensors`.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ScopeError(
            f"{path} is not named like an SAE file; expected layer<n>.sae.safetensors or layer<n>.sae.pt"
        )
    return int(match[1])


def find_layers(folder: Path, suffix: str = "safetensors") -> tuple[int, ...]:
    """Layers that have an SAE file of this kind in the folder, ascending."""
    return tuple(
        sorted(layer_of(path) for path in folder.glob(f"layer*.sae.{suffix}") if _NAME.fullmatch(path.name))
    )


def read_safetensors(path: Path, config: SAEConfig, *, decoder: bool, dtype: torch.dtype) -> TopKSAE:
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
    _check_layer(path, layer, config)
    remedy = "write or pull the scope again"
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
            _check_shapes(path, shapes, config)
            wanted = KEYS if decoder else KEYS[:2]
            tensors = {key: file.get_tensor(key) for key in wanted}
    except FileNotFoundError:
        raise ScopeError(f"{path} is missing; {remedy}") from None
    except (SafetensorError, OSError) as error:
        raise ScopeError(f"{path} is not a readable safetensors file ({error}); {remedy}") from None
    _check_finite(path, tensors)
    tensors = {key: value.to(dtype) for key, value in tensors.items()}
    return TopKSAE(
        tensors["W_enc"],
        tensors["b_enc"],
        tensors.get("W_dec"),
        tensors.get("b_dec"),
        k=config.k,
        layer=layer,
    )


def read_pickle(path: Path, config: SAEConfig) -> TopKSAE:
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
    _check_layer(path, layer, config)
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
    _check_shapes(path, {str(key): tuple(value.shape) for key, value in content.items()}, config)
    _check_finite(path, content)
    return TopKSAE(
        content["W_enc"], content["b_enc"], content["W_dec"], content["b_dec"], k=config.k, layer=layer
    )


def write_safetensors(sae: TopKSAE, folder: Path, *, dtype: torch.dtype | None = None) -> Path:
    """Write one layer as `layer{n}.sae.safetensors`, atomically.

    Args:
        sae: with its decoder.
        folder: the SAE folder.
        dtype: precision on disk; None keeps the tensors' own.

    Raises:
        ScopeError: no decoder, values too large for this precision, or the file can't be written.
    """
    if sae.W_dec_DF is None or sae.b_dec_D is None:
        raise ScopeError(f"the SAE of layer {sae.layer} has no decoder; a file holds {', '.join(KEYS)}")
    tensors = dict(zip(KEYS, (sae.W_enc_FD, sae.b_enc_F, sae.W_dec_DF, sae.b_dec_D), strict=True))
    stored = {
        key: value.detach().to("cpu", dtype or value.dtype).contiguous() for key, value in tensors.items()
    }
    path = folder / f"layer{sae.layer}.sae.safetensors"
    _check_finite(path, stored)
    write_tensors(path, stored)
    return path


def _check_layer(path: Path, layer: int, config: SAEConfig) -> None:
    if layer >= config.num_layers:
        raise ScopeError(
            f"{path}: layer {layer} does not exist; the backbone has layers 0 to {config.num_layers - 1}"
        )


def _check_shapes(path: Path, found: Mapping[str, tuple[int, ...]], config: SAEConfig) -> None:
    expected = config.shapes()
    if set(found) != set(expected):
        raise ScopeError(
            f"{path} holds {', '.join(sorted(found)) or 'nothing'}; expected exactly {', '.join(KEYS)}"
        )
    for key, shape in expected.items():
        if found[key] != shape:
            raise ScopeError(
                f"{path}: {key} has shape {found[key]}, expected {shape} from d_sae {config.d_sae} and "
                f"d_model {config.d_model}; the file belongs to another group or is transposed"
            )


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for key, value in tensors.items():
        if not value.is_floating_point():
            raise ScopeError(f"{path}: {key} holds {value.dtype}, expected floating-point numbers")
        # one reduction instead of a mask as large as the weights
        if not bool(torch.isfinite(value.sum(dtype=torch.float64))):
            raise ScopeError(f"{path}: {key} holds NaN or infinite values; write or pull the scope again")
