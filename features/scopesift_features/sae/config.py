"""The sizes of a scope's SAEs (`sae/config.json`), and which files there are; nothing here needs torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import ScopeError

from scopesift_features.sae.published_config import spelled

TOPK = "topk_sae"
THRESHOLD_SHAPES: dict[str, str | None] = {
    TOPK: None,
    "jumprelu_sae": "F",
    "batchtopk_sae": "1",
    "relu_sae": None,
}
"""The kinds of SAEs by model_type: shape of the tensor `threshold` in their files, "F", "1", or None without one."""
THRESHOLD = "threshold"
_NAME = re.compile(r"layer(\d+)\.sae\.(pt|safetensors)")


@dataclass(frozen=True)
class SAEConfig:
    """The sizes that all SAEs of a scope share; the content of `sae/config.json`.

    Attributes:
        base_model: name of the backbone.
        d_model, d_sae, k, num_layers: sizes; num_layers is the number of the backbone's blocks, not of files; k is None
            for other kinds than TopK.
        model_type: a key of `THRESHOLD_SHAPES`.
        hook_point: fixed; no other value is supported.
    """

    base_model: str
    d_model: int
    d_sae: int
    k: int | None
    num_layers: int
    model_type: str = TOPK
    hook_point: str = "resid_post"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor of a layer's file."""
        shapes: dict[str, tuple[int, ...]] = {
            "W_enc": (self.d_sae, self.d_model),
            "b_enc": (self.d_sae,),
            "W_dec": (self.d_model, self.d_sae),
            "b_dec": (self.d_model,),
        }
        if (threshold := THRESHOLD_SHAPES[self.model_type]) is not None:
            shapes[THRESHOLD] = (self.d_sae,) if threshold == "F" else (1,)
        return shapes

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
    kinds = " or ".join(THRESHOLD_SHAPES)
    remedy = (
        f"it must hold model_type ({kinds}), hook_point resid_post, base_model, d_model, d_sae, "
        "num_layers, and k for topk_sae"
    )
    content = read_json(path, remedy)
    for name, known in (("model_type", tuple(THRESHOLD_SHAPES)), ("hook_point", ("resid_post",))):
        if content.get(name) not in known:
            raise ScopeError(
                f"{path}: {name} is {content.get(name)!r}, only {' or '.join(map(repr, known))} can be read"
            )
    model_type = str(content["model_type"])
    is_topk = model_type == TOPK
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


def check_layer(path: Path, layer: int, config: SAEConfig) -> None:
    """Check that the backbone has the layer of a file.

    Raises:
        ScopeError: it has not.
    """
    if layer >= config.num_layers:
        raise ScopeError(
            f"{path}: layer {layer} does not exist; the backbone has layers 0 to {config.num_layers - 1}"
        )


def check_shapes(path: Path, found: Mapping[str, tuple[int, ...]], config: SAEConfig) -> None:
    """Check names and shapes of a file's tensors, before any is read.

    Raises:
        ScopeError: others than the configuration's.
    """
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
