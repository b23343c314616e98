"""The whole language model with its final norm and head, to generate text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopesift_files.errors import ScopeError, first_line

from scopesift_features.backbone.cut import quiet_transformers, read_backbone_config
from scopesift_features.backbone.model_classes import is_encoder, renamed_tensors, without_scikit_learn

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig


def causal_model_class(config: PreTrainedConfig) -> Any:
    """The class with a language-model head for a text configuration.

    Raises:
        ScopeError: an encoder, or transformers has none.
    """
    with without_scikit_learn():
        from transformers import AutoModelForCausalLM

        known = AutoModelForCausalLM._model_mapping
        if is_encoder(config) or type(config) not in known:
            raise ScopeError(
                f"a model of type {config.model_type!r} cannot generate text; steering needs a decoder"
            )
        return known[type(config)]


def load_whole(folder: Path, *, device: str, dtype: torch.dtype) -> Any:
    """Load a checkpoint folder in Hugging Face format with its head.

    Args:
        folder: config.json and all safetensors.
        device: a torch device.
        dtype: precision of weights and arithmetic.

    Raises:
        ScopeError: an encoder, or files or tensors that are missing or damaged.
    """
    config = read_backbone_config(folder)
    model_class = causal_model_class(config)
    try:
        with quiet_transformers():
            model, report = model_class.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                key_mapping=renamed_tensors(config, "model."),
                output_loading_info=True,
            )
    except Exception as error:
        raise ScopeError(
            f"the whole model in {folder} cannot be loaded: {first_line(error)}; a pulled scope may hold its "
            "first blocks only: pull its deepest layer, or give a folder with all files"
        ) from None
    return finish_whole(model, report, folder, device)


def finish_whole(model: Any, report: Mapping[str, Any], place: Path, device: str) -> Any:
    """Check a model that transformers has just loaded.

    Raises:
        ScopeError: tensors are missing.
    """
    missing = sorted(report["missing_keys"])
    if missing:
        raise ScopeError(
            f"{place} lacks {len(missing)} tensors of the whole model, first {missing[0]}; steering needs all of them"
        )
    return model.eval().requires_grad_(False).to(device)
