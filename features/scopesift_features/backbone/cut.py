"""The language model, cut after the deepest block that is needed; residuals are read by forward hooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from scopesift_files.errors import ScopeError, first_line
from torch import Tensor, nn

from scopesift_features.backbone.checkpoint_index import BEHIND_BLOCKS
from scopesift_features.backbone.e5.encoder import E5Encoder
from scopesift_features.backbone.model_classes import bare_model_class, model_config, renamed_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# names of learned position embeddings in BERT-like models, in e5's encoder, and in GPT-2
_POSITIONS = ("position_embeddings", "positions", "wpe")


class _Halted(Exception):  # noqa: N818
    """Ends a forward pass behind the deepest layer that is asked for."""


class Backbone:
    """A decoder or encoder without the blocks after `deepest`, without final norm, pooler and LM head.

    Blocks past the cut are never read from disk, allocated or run. The residual is read by forward hooks
    on the blocks, since `output_hidden_states` returns the last one after the final norm. A block of a post-norm
    encoder (BERT, XLM-R) ends with its own norm, which is part of the residual.
    """

    def __init__(self, model: Any) -> None:
        # set in the configuration: encoders have no such argument
        model.config.use_cache = False
        self.model: nn.Module = model.eval().requires_grad_(False)
        self.blocks = find_blocks(model)

    @property
    def deepest(self) -> int:
        """The deepest layer that can be read."""
        return len(self.blocks) - 1

    @torch.inference_mode()
    def residuals(
        self, ids_BT: Tensor, mask_BT: Tensor, layers: Sequence[int], *, before: bool = False
    ) -> dict[int, Tensor]:
        """Residual stream after each of the given blocks.

        Args:
            ids_BT: token ids, int64, right-padded.
            mask_BT: 1 on tokens, 0 on padding.
            layers: blocks to read, each at most `deepest`.
            before: read the blocks' inputs instead; used by checks only.

        Returns:
            layer -> `[B, T, D]` in the backbone's dtype, on the block's device; values at padding are meaningless.

        Raises:
            ScopeError: a layer after the cut.
        """
        device = self._input_device
        inputs = {"input_ids": ids_BT.to(device), "attention_mask": mask_BT.to(device)}
        return self._read(lambda: self.model(**inputs), layers, before=before)

    @property
    def resumable(self) -> bool:
        """Whether a pass can be resumed behind a block; other models' blocks take more than the residual."""
        return isinstance(self.model, E5Encoder)

    @torch.inference_mode()
    def residuals_behind(
        self, after: int, x_BTD: Tensor, mask_BT: Tensor, layers: Sequence[int]
    ) -> dict[int, Tensor]:
        """Residual stream after deeper blocks; where the backbone is `resumable`.

        Args:
            after: a block.
            x_BTD: the residual after it.
            mask_BT: as in `residuals`.
            layers: deeper blocks to read.

        Returns:
            As `residuals`.

        Raises:
            ScopeError: a layer after the cut.
        """
        mask_BT = mask_BT.to(x_BTD.device)
        return self._read(lambda: self.model.run_on(x_BTD, mask_BT, after), layers)  # type: ignore[operator]

    def _read(
        self, run: Callable[[], object], layers: Sequence[int], *, before: bool = False
    ) -> dict[int, Tensor]:
        """Run with hooks on the blocks."""
        wrong = [layer for layer in layers if not 0 <= layer <= self.deepest]
        if wrong:
            raise ScopeError(
                f"layer {wrong[0]} is not in this backbone, which holds layers 0 to {self.deepest}"
            )
        found: dict[int, Tensor] = {}

        def keep_output(layer: int) -> Callable[..., None]:
            def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
                found[layer] = output[0] if isinstance(output, tuple) else output
                if layer == max(layers) and layer < self.deepest:
                    raise _Halted

            return hook

        def keep_input(layer: int) -> Callable[..., None]:
            def hook(_module: nn.Module, inputs: Any, named: dict[str, Any]) -> None:
                found[layer] = inputs[0] if inputs else named["hidden_states"]

            return hook

        handles = [
            self.blocks[layer].register_forward_pre_hook(keep_input(layer), with_kwargs=True)
            if before
            else self.blocks[layer].register_forward_hook(keep_output(layer))
            for layer in sorted(set(layers))
        ]
        try:
            run()
        except _Halted:
            pass
        finally:
            for handle in handles:
                handle.remove()
        return found

    @property
    def _input_device(self) -> torch.device:
        device = next(self.model.parameters()).device
        # parameters that accelerate offloads are "meta" between calls; its hooks move the input
        return torch.device("cpu") if device.type == "meta" else device


def read_backbone_config(folder: Path) -> PreTrainedConfig:
    """Configuration of the text model; for a multimodal checkpoint, that of its language model.

    Raises:
        ScopeError: missing, not JSON, or an architecture that transformers does not support.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise ScopeError(
            f"{path} is missing; a backbone folder needs config.json, its weights and tokenizer.json"
        )
    try:
        return model_config(folder).get_text_config(decoder=True)
    except Exception as error:
        raise ScopeError(
            f"{path} is not a model configuration that transformers knows ({first_line(error)})"
        ) from None


def cut_config(config: PreTrainedConfig, n_blocks: int) -> PreTrainedConfig:
    """The same architecture with its first `n_blocks` blocks only.

    Lists with one item per block (layer_types etc.) are cut too.
    """
    content = config.to_dict()
    depth = config.num_hidden_layers
    cut = {
        name: value[:n_blocks] if isinstance(value, list) and len(value) == depth else value
        for name, value in content.items()
    }
    depth_name = config.attribute_map.get("num_hidden_layers", "num_hidden_layers")
    cut[depth_name] = n_blocks
    return type(config).from_dict(cut)


def load_backbone(folder: Path, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
    """Load the blocks 0 … `deepest` of a checkpoint in Hugging Face format.

    Args:
        folder: config.json and safetensors, whole or in shards with an index.
        deepest: the last block to load.
        device: a torch device, or "auto" to spread the model over the GPUs there are (needs accelerate).
        dtype: precision of weights and arithmetic, whatever the file holds.

    Raises:
        ScopeError: files missing or damaged, weights missing, of another shape, or not finite.
    """
    config = read_backbone_config(folder)
    if not 0 <= deepest < config.num_hidden_layers:
        last = config.num_hidden_layers - 1
        raise ScopeError(f"layer {deepest} does not exist in {folder}; the backbone has layers 0 to {last}")
    weights = list(folder.glob("*.safetensors"))
    if not weights:
        raise ScopeError(
            f"{folder} holds no .safetensors weights; pull the scope again or copy the model's files there"
        )
    gone = [path for path in weights if not path.exists()]
    if gone:
        raise ScopeError(
            f"{gone[0]} points to {gone[0].readlink()}, which is gone (was the hub's cache cleaned?); "
            "pull the scope again"
        )
    model_class = bare_model_class(config)
    try:
        with quiet_transformers():
            model, report = model_class.from_pretrained(
                folder,
                config=cut_config(config, deepest + 1),
                dtype=dtype,
                device_map="auto" if device == "auto" else None,
                local_files_only=True,
                use_safetensors=True,
                key_mapping=renamed_tensors(config),
                output_loading_info=True,
            )
    except Exception as error:
        raise ScopeError(f"the backbone in {folder} cannot be loaded: {first_line(error)}") from None
    return finish_loading(model, report, folder, device)


def finish_loading(model: Any, report: Mapping[str, Any], place: Path, device: str) -> Backbone:
    """Check a model that transformers has just loaded, and drop what comes after its blocks.

    Args:
        model: the cut model.
        report: transformers' `output_loading_info`.
        place: folder or file of the weights, for messages.
        device: as in `load_backbone`.

    Raises:
        ScopeError: weights missing or not finite.
    """
    dropped = tuple(drop_behind_blocks(model))
    missing = [key for key in sorted(report["missing_keys"]) if not key.startswith(dropped)]
    if missing:
        raise ScopeError(
            f"the backbone in {place} lacks {len(missing)} tensors, first {missing[0]}; pull it again"
        )
    for name, parameter in model.named_parameters():
        if parameter.is_meta:  # on the CPU or on disk until its block runs
            continue
        if not bool(torch.isfinite(parameter.sum(dtype=torch.float32))):
            raise ScopeError(f"the backbone in {place}: {name} holds NaN or infinite values; pull it again")
    return Backbone(model if device == "auto" else model.to(device))


def find_blocks(model: Any) -> nn.ModuleList:
    """The list of blocks of a decoder or encoder of transformers.

    Raises:
        ScopeError: the model has no module list of the length that its configuration names.
    """
    return _named_blocks(model)[1]


def _named_blocks(model: Any) -> tuple[str, nn.ModuleList]:
    depth = model.config.num_hidden_layers
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return name, module
    raise ScopeError(
        f"{type(model).__name__} does not hold its {depth} blocks as a list; it is not supported"
    )


def count_positions(model: nn.Module) -> int | None:
    """Maximum tokens of a row, from the position embedding's size; None if positions are computed."""
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in _POSITIONS and isinstance(module, nn.Embedding):
            # XLM-R's positions start after the padding's index
            first = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - first
    return None


def drop_behind_blocks(model: nn.Module) -> list[str]:
    """Replace the modules after the last block, final norm and pooler, by identity.

    Returns:
        Name prefixes of the replaced modules' tensors.
    """
    way = _named_blocks(model)[0].split(".")
    dropped: list[str] = []
    for depth, step in enumerate(way):
        parent = model.get_submodule(".".join(way[:depth]))
        children = [name for name, _ in parent.named_children()]
        # a norm before the blocks (of the embedding) is part of the residual stream and stays
        for name in children[children.index(step) + 1 :]:
            if BEHIND_BLOCKS.fullmatch(name):
                setattr(parent, name, nn.Identity())
                dropped.append(".".join([*way[:depth], name, ""]))
    return dropped


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Suppress the warning about unused weights: a cut model leaves most of a checkpoint unread."""
    from transformers.utils import logging as model_logging

    level, bars = model_logging.get_verbosity(), model_logging.is_progress_bar_enabled()
    model_logging.set_verbosity(logging.ERROR)
    model_logging.disable_progress_bar()
    try:
        yield
    finally:
        model_logging.set_verbosity(level)
        if bars:
            model_logging.enable_progress_bar()
