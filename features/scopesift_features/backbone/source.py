"""Sources of a backbone: a folder in Hugging Face format, a GGUF file, or the data file of an installed package.

Importing this module doesn't import torch: what loads weights is imported where they are loaded.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.source import PackagedE5
from scopesift_features.backbone.gguf.header import GgufHeader, is_gguf
from scopesift_features.backbone.gguf.tokenizer import gguf_tokenizer
from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.tokenizing.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig

    from scopesift_features.backbone.cut import Backbone

GGUF_SUFFIX = ".gguf"
TOKENIZER_FILE = "tokenizer.json"


class BackboneSource(Protocol):
    """Provides a backbone, its tokenizer, sizes and hashes."""

    def sizes(self) -> tuple[int, int]:
        """d_model, and the number of blocks before any cut."""

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """The blocks 0 … `deepest`."""

    def check_generates(self) -> None:
        """Refuse a model that can't generate text, by its kind; its files are not looked at.

        Raises:
            ScopeError: an encoder.
        """

    def load_whole(self, *, device: str, dtype: torch.dtype) -> nn.Module:
        """The whole model with its head, to generate text."""

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """Memory of the blocks 0 … `deepest` and the embedding."""

    def tokenizer(self) -> Tokenizer:
        """The backbone's tokenizer."""

    def configuration(self) -> list[tuple[str, str]]:
        """Names and SHA-256 of the configuration files."""

    def weights(self) -> list[tuple[str, str]]:
        """Names and SHA-256 of the weight files."""

    def files(self) -> list[Path]:
        """All files, to make another scope with this backbone; empty if they are a package's."""


class FolderBackbone:
    """A backbone folder: config.json, safetensors, tokenizer.json.

    Attributes:
        folder: path of these files.
    """

    def __init__(self, folder: Path) -> None:
        """Set the folder; nothing is read yet."""
        self.folder = folder

    @property
    def config(self) -> PreTrainedConfig:
        """See `read_backbone_config`."""
        from scopesift_features.backbone.cut import read_backbone_config

        return read_backbone_config(self.folder)

    def sizes(self) -> tuple[int, int]:
        """d_model and number of blocks, from config.json."""
        config = self.config
        return config.hidden_size, config.num_hidden_layers

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """See `load_backbone`."""
        from scopesift_features.backbone.cut import load_backbone

        return load_backbone(self.folder, deepest, device=device, dtype=dtype)

    def check_generates(self) -> None:
        """See `causal_model_class`."""
        from scopesift_features.backbone.whole import causal_model_class

        causal_model_class(self.config)

    def load_whole(self, *, device: str, dtype: torch.dtype) -> nn.Module:
        """See `load_whole`."""
        from scopesift_features.backbone.whole import load_whole

        return load_whole(self.folder, device=device, dtype=dtype)

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """From config.json: the model is created without allocating memory."""
        import torch

        from scopesift_features.backbone.cut import cut_config, drop_behind_blocks
        from scopesift_features.backbone.model_classes import bare_model_class

        config = self.config
        with torch.device("meta"):
            model = bare_model_class(config)(cut_config(config, deepest + 1))
        drop_behind_blocks(model)
        return sum(weight.numel() for weight in model.parameters()) * dtype.itemsize

    def tokenizer(self) -> Tokenizer:
        """See `Tokenizer.read`."""
        return Tokenizer.read(self.folder)

    def configuration(self) -> list[tuple[str, str]]:
        """config.json and tokenizer.json."""
        return [self._named(self.folder / name) for name in ("config.json", TOKENIZER_FILE)]

    def weights(self) -> list[tuple[str, str]]:
        """Every safetensors file."""
        return [self._named(path) for path in sorted(self.folder.glob("*.safetensors"))]

    def files(self) -> list[Path]:
        """Everything in the folder."""
        return sorted(self.folder.iterdir())

    def _named(self, path: Path) -> tuple[str, str]:
        return f"{self.folder.name}/{path.name}", file_sha256(path)


class GgufBackbone:
    """A GGUF file, with the model's tokenizer.json beside it or without.

    Attributes:
        place: the file, or that of a package.
    """

    def __init__(self, place: Path | PackageFile) -> None:
        """Set the file; it is located and read on first use."""
        self.place = place

    @cached_property
    def header(self) -> GgufHeader:
        """The file's header, found and checked."""
        return GgufHeader.read(self.place if isinstance(self.place, Path) else self.place.locate())

    @cached_property
    def config(self) -> PreTrainedConfig:
        """See `gguf_config`."""
        from scopesift_features.backbone.gguf.model import gguf_config

        return gguf_config(self.header)

    def sizes(self) -> tuple[int, int]:
        """d_model and number of blocks, from the metadata."""
        return self.config.hidden_size, self.config.num_hidden_layers

    def load(self, deepest: int, *, device: str, dtype: torch.dtype) -> Backbone:
        """See `load_gguf`."""
        from scopesift_features.backbone.gguf.model import load_gguf

        return load_gguf(self.header, self.config, deepest, device=device, dtype=dtype)

    def check_generates(self) -> None:
        """See `causal_model_class`."""
        from scopesift_features.backbone.whole import causal_model_class

        causal_model_class(self.config)

    def load_whole(self, *, device: str, dtype: torch.dtype) -> nn.Module:
        """See `load_whole_gguf`."""
        from scopesift_features.backbone.gguf.model import load_whole_gguf

        return load_whole_gguf(self.header, self.config, device=device, dtype=dtype)

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """From the tensors' shapes."""
        from scopesift_features.backbone.gguf.model import gguf_weight_count

        return gguf_weight_count(self.header, deepest) * dtype.itemsize

    def tokenizer(self) -> Tokenizer:
        """That of tokenizer.json if it is there, otherwise of the file's vocabulary."""
        beside = self._tokenizer_file
        return gguf_tokenizer(self.header) if beside is None else Tokenizer.read(beside.parent)

    def configuration(self) -> list[tuple[str, str]]:
        """The file, which has the configuration too, and tokenizer.json; independent of the file's name."""
        if not isinstance(self.place, Path):
            return [(f"{self.place.requirement}/{self.place.path}", self.place.sha256)]
        return [(_kind_of(path), file_sha256(path)) for path in self.files()]

    def weights(self) -> list[tuple[str, str]]:
        """Empty: the file is listed by `configuration`."""
        return []

    def files(self) -> list[Path]:
        """The file and tokenizer.json; none of a package."""
        if not isinstance(self.place, Path):
            return []
        return [path for path in (self.place, self._tokenizer_file) if path is not None]

    @property
    def _tokenizer_file(self) -> Path | None:
        if not isinstance(self.place, Path):
            return None
        path = self.place.with_name(TOKENIZER_FILE)
        return path if path.is_file() else None


def packaged_backbone(package: PackageFile) -> BackboneSource:
    """The backbone in a package's data file."""
    return GgufBackbone(package) if package.path.endswith(GGUF_SUFFIX) else PackagedE5(package)


def local_backbone(place: Path) -> FolderBackbone | GgufBackbone:
    """The backbone in a folder, or of a GGUF file.

    Args:
        place: a GGUF file, a folder with one and no safetensors, or a folder in Hugging Face format.

    Raises:
        ScopeError: several GGUF files.
    """
    if place.is_file():
        return GgufBackbone(place)
    if not any(place.glob("*.safetensors")):
        found = sorted(path for path in place.glob("*") if is_gguf(path))
        if len(found) > 1:
            raise ScopeError(
                f"{place} holds several GGUF files, {found[0].name} and {found[1].name}; keep one of them"
            )
        if found:
            return GgufBackbone(found[0])
    return FolderBackbone(place)


def _kind_of(path: Path) -> str:
    """A name of the file that is the same wherever the file lies."""
    return path.name if path.name == TOKENIZER_FILE else f"backbone{GGUF_SUFFIX}"


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
