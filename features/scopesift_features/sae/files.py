"""SAE files: safetensors of every kind, and Qwen-Scope's pickled `layer{n}.sae.pt`, with checks."""

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

from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.kinds import KINDS
from scopesift_features.sae.published_config import spelled
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.tensor_file import write_tensors

KEYS = ("W_enc", "b_enc", "W_dec", "b_dec")
THRESHOLD = "threshold"
_NAME = re.compile(r"layer(\d+)\.sae\.(pt|safetensors)")


@dataclass(frozen=True)
class SAEConfig:
    """The sizes that all SAEs of a scope share; the content of `sae/config.json`.

    Attributes:
        base_model: name of the backbone.
        d_model, d_sae, k, num_layers: sizes; num_layers is the number of the backbone's blocks, not of files; k is None
            for other kinds than TopK.
        model_type: one of `KINDS`.
        hook_point: fixed; no other value is supported.
    """

    base_model: str
    d_model: int
    d_sae: int
    k: int | None
    num_layers: int
    model_type: str = TopKSAE.model_type
    hook_point: str = "resid_post"

    @property
    def kind(self) -> type[SparseAutoencoder]:
        """The SAEs' class."""
        return KINDS[self.model_type]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor of a layer's file."""
        shapes: dict[str, tuple[int, ...]] = {
            "W_enc": (self.d_sae, self.d_model),
            "b_enc": (self.d_sae,),
            "W_dec": (self.d_model, self.d_sae),
            "b_dec": (self.d_model,),
        }
        if self.kind.threshold_shape is not None:
            shapes[THRESHOLD] = (self.d_sae,) if self.kind.threshold_shape == "F" else (1,)
        return shapes

    def sae(self, tensors: Mapping[str, Tensor], layer: int) -> SparseAutoencoder:
        """One layer's SAE from its tensors, by their names in a file; without a decoder if W_dec is not among them."""
        membership: dict[str, Any] = {THRESHOLD: tensors[THRESHOLD]} if THRESHOLD in self.shapes() else {}
        if self.k is not None:
            membership["k"] = self.k
        return self.kind(
            tensors["W_enc"],
            tensors["b_enc"],
            tensors.get("W_dec"),
            tensors.get("b_dec"),
            layer,
            **membership,
        )

    def write(self, folder: Path) -> None:
        """Write `config.json` into the SAE folder."""
        content = {name: value for name, value in asdict(self).items() if value is not None}
        write_json(folder / "config.json", content)


def read_config(folder: Path) -> SAEConfig:
    """Read `config.json` of an SAE folder, ours or a publisher's.

    Raises:
        ScopeError: missing, not JSON, another kind of SAE, or impossible sizes.
    """
    path = folder / "config.json"
    remedy = (
        f"it must hold model_type ({' or '.join(KINDS)}), hook_point resid_post, base_model, d_model, d_sae, "
        "num_layers, and k for topk_sae"
    )
    content = read_json(path, remedy)
    for name, known in (("model_type", tuple(KINDS)), ("hook_point", ("resid_post",))):
        if content.get(name) not in known:
            raise ScopeError(
                f"{path}: {name} is {content.get(name)!r}, only {' or '.join(map(repr, known))} can be read"
            )
    model_type = str(content["model_type"])
    is_topk = model_type == TopKSAE.model_type
    if not is_topk and spelled(content, "k"):
        raise ScopeError(f"{path}: k is for topk_sae, not for {model_type}; remove it")
    sizes: dict[str, int] = {}
    for name in ("d_model", "d_sae", *(["k"] if is_topk else []), "num_layers"):
        found = spelled(content, name) or {name: None}
        key, value = next(iter(found.items()))
        if type(value) is not int or value < 1:
            raise ScopeError(f"{path}: {key} should be a positive whole number, not {value!r}; {remedy}")
        for other, contrary in found.items():
            if contrary != value:
                raise ScopeError(f"{path}: {key} is {value} but {other} is {contrary!r}; correct one of them")
        sizes[name] = value
    if is_topk and sizes["k"] > sizes["d_sae"]:
        raise ScopeError(f"{path}: k is {sizes['k']}, more than the {sizes['d_sae']} features of d_sae")
    return SAEConfig(
        base_model=str(content.get("base_model", "")),
        d_model=sizes["d_model"],
        d_sae=sizes["d_sae"],
        k=sizes.get("k"),
        num_layers=sizes["num_layers"],
        model_type=model_type,
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
    _check_layer(path, layer, config)
    remedy = "write or pull the scope again"
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
            _check_shapes(path, shapes, config)
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
    return config.sae(tensors, layer)


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
    _check_values(path, content)
    return config.sae(content, layer)


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


def _check_layer(path: Path, layer: int, config: SAEConfig) -> None:
    if layer >= config.num_layers:
        raise ScopeError(
            f"{path}: layer {layer} does not exist; the backbone has layers 0 to {config.num_layers - 1}"
        )


def _check_shapes(path: Path, found: Mapping[str, tuple[int, ...]], config: SAEConfig) -> None:
    expected = config.shapes()
    if "W_dec" not in found and "b_dec" not in found:  # published as an encoder only
        expected = {key: shape for key, shape in expected.items() if key not in ("W_dec", "b_dec")}
    if set(found) != set(expected):
        raise ScopeError(
            f"{path} holds {', '.join(sorted(found)) or 'nothing'}; expected exactly "
            f"{', '.join(config.shapes())}"
        )
    for key, shape in expected.items():
        if found[key] != shape:
            raise ScopeError(
                f"{path}: {key} has shape {found[key]}, expected {shape} from d_sae {config.d_sae} and "
                f"d_model {config.d_model}; the file belongs to another group or is transposed"
            )


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
