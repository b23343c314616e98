"""The record of a backbone without scope.json, with default reading settings of its model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from scopesift_features.backbone.cut import count_positions, cut_config
from scopesift_features.backbone.model_classes import bare_model_class, is_encoder
from scopesift_features.backbone.source import FolderBackbone, GgufBackbone, local_backbone
from scopesift_features.catalogue.folder import ScopeRecord
from scopesift_features.catalogue.qwen_scope import QWEN_NORM_LIMIT
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.catalogue.table import catalogue

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

_WINDOW, _OVERLAP = ReadingSettings.window_tokens, ReadingSettings.overlap_tokens


def derive_record(place: Path) -> ScopeRecord:
    """The record of a folder with backbone/, with or without SAEs, or of a GGUF file.

    Raises:
        ScopeError: see `derive_settings`.
    """
    is_file = place.is_file()
    name = place.stem if is_file else place.resolve().name
    if name in catalogue():
        name = f"local-{name}"  # not a catalogue name: artifacts refer to scopes by name
    settings = derive_settings(local_backbone(place if is_file else place / "backbone"))
    return ScopeRecord(id=name, settings=settings, licence="not stated", backbone=name, sae=name)


def derive_settings(backbone: FolderBackbone | GgufBackbone) -> ReadingSettings:
    """Default reading settings of a backbone.

    An encoder's windows get the special tokens of its tokenizer (`[CLS] … [SEP]`, `<s> … </s>`), which are not counted.
    A decoder's windows have none; its first token and tokens of extreme norm are skipped, as for Qwen's SAEs. Windows
    are not longer than the model has positions.

    Args:
        backbone: gives the configuration, and for encoders the tokenizer.

    Raises:
        ScopeError: a file that is missing or damaged, or a model with too few positions for a text.
    """
    config = backbone.config
    window = min(_WINDOW, _positions(config))
    overlap = max(1, window * _OVERLAP // _WINDOW)
    if not is_encoder(config):
        return ReadingSettings(window_tokens=window, overlap_tokens=overlap, norm_limit=QWEN_NORM_LIMIT)
    prefix, suffix = backbone.tokenizer().around()
    return ReadingSettings(prefix, suffix, "prefix", window_tokens=window, overlap_tokens=overlap)


def _positions(config: PreTrainedConfig) -> int:
    """Maximum tokens of the model; the default window size if its configuration has no limit."""
    stated = getattr(config, "max_position_embeddings", None) or _WINDOW
    if not is_encoder(config):
        return int(stated)
    with torch.device("meta"):  # XLM-R-like models reserve some rows of the table
        model = bare_model_class(config)(cut_config(config, 1))
    return count_positions(model) or int(stated)
