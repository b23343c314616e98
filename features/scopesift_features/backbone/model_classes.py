"""Configurations and model classes of transformers, imported without unneeded dependencies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scopesift_files.errors import ScopeError

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedConfig


def model_config(folder: Path, gguf_file: str | None = None) -> PreTrainedConfig:
    """The configuration of a checkpoint folder, or of a GGUF file in it; raises what transformers raises."""
    with without_scikit_learn():
        from transformers import AutoConfig

        return AutoConfig.from_pretrained(folder, gguf_file=gguf_file, local_files_only=True)


def bare_model_class(config: PreTrainedConfig) -> Any:
    """The class of the bare decoder or encoder (without a language-model head) for a text configuration.

    Raises:
        ScopeError: transformers has none.
    """
    with without_scikit_learn():
        from transformers import AutoModel

        try:
            return AutoModel._model_mapping[type(config)]
        except KeyError:
            raise ScopeError(
                f"transformers has no decoder or encoder for models of type {config.model_type!r}"
            ) from None


def renamed_tensors(config: PreTrainedConfig, within: str = "") -> dict[str, str] | None:
    """A `key_mapping` for multimodal checkpoints whose text model transformers doesn't find by itself; None for others.

    Args:
        config: a text configuration.
        within: name prefix of the bare model in the class that is loaded, such as "model.".
    """
    # Gemma 3 from 4B on; the mapping changes no name of a checkpoint with text only
    return {r"^(model\.)?language_model\.(model\.)?": within} if config.model_type == "gemma3_text" else None


def is_encoder(config: PreTrainedConfig) -> bool:
    """Whether it is an encoder, with bidirectional attention (a masked language model)."""
    with without_scikit_learn():
        from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    return config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(config, "is_decoder", False)


@contextmanager
def without_scikit_learn() -> Iterator[None]:
    """Prevent transformers' generation code from importing scikit-learn.

    It is used for one option of assisted decoding, which a cut model doesn't need, and takes a second at every start.
    transformers calls `is_sklearn_available` once, on import.
    """
    from transformers import utils

    real = utils.is_sklearn_available
    utils.is_sklearn_available = lambda: False
    try:
        yield
    finally:
        utils.is_sklearn_available = real
