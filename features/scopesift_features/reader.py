"""A backbone with its tokenizer and reading settings, which turns texts into residuals."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scopesift_files.errors import ScopeError

from scopesift_features.backbone.gguf.header import is_gguf
from scopesift_features.backbone.source import BackboneSource, local_backbone, packaged_backbone
from scopesift_features.catalogue.folder import ScopeRecord, read_record
from scopesift_features.catalogue.settings import INT8, ReadingSettings
from scopesift_features.catalogue.table import bundled_folder, is_bundled, locate
from scopesift_features.devices import choose_device, choose_dtype
from scopesift_features.tokenizing.tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch

    from scopesift_features.backbone.cut import Backbone
    from scopesift_features.reading.extract import ResidualSource


class Reader:
    """Reads texts with a backbone; `Scope` adds the SAEs.

    Attributes:
        folder: folder of scope.json; of a backbone without SAEs also the path of a GGUF file.
        record: its content.
        source: source of the backbone.
        settings: reading settings, with the precision in use.
        device: "cpu", "cuda", "cuda:1", … or "auto" (the backbone spread over several GPUs by accelerate).
        d_model, n_layers: sizes of the whole backbone.
    """

    d_model: int
    n_layers: int

    def __init__(self, folder: Path, record: ScopeRecord, *, device: str, dtype: str) -> None:
        """Set up from a folder and its record; no weights are read."""
        self.folder = folder
        self.record = record
        self.settings: ReadingSettings = replace(record.settings, dtype=dtype)
        self.device = device
        self.source: BackboneSource = (
            local_backbone(folder if folder.is_file() else folder / "backbone")
            if record.package is None
            else packaged_backbone(record.package)
        )
        self._backbone: Backbone | None = None

    @classmethod
    def load(cls, name_or_path: str | Path, *, device: str | None = None, dtype: str | None = None) -> Reader:
        """Open a scope's backbone, whether it has SAEs or not.

        Args:
            name_or_path: a scope's name, a folder with backbone/ or with a scope.json that names a package, or a GGUF
                file; without scope.json the settings are those of `derive_settings`.
            device: as `choose_device`.
            dtype: as `choose_dtype`.

        Raises:
            UsageError: unknown name, device or precision.
            ScopeError: not on this machine, or files that are missing or damaged.
        """
        file = Path(name_or_path).expanduser()
        folder = file if is_gguf(file) else locate(name_or_path)[0]
        bare = folder.is_file() or (not (folder / "scope.json").exists() and (folder / "backbone").is_dir())
        if bare:
            from scopesift_features.backbone.derived_record import derive_record

            record = derive_record(folder)
        else:
            record = read_record(folder)
        chosen = choose_device(device)
        reader = Reader(folder, record, device=chosen, dtype=choose_dtype(record.settings, chosen, dtype))
        reader.d_model, reader.n_layers = reader.source.sizes()
        return reader

    @property
    def id(self) -> str:
        """The scope's name; artifacts refer to it."""
        return self.record.id

    @property
    def bundled(self) -> bool:
        """Whether it is the bundled scope of its name."""
        return is_bundled(self.id) and self.folder == bundled_folder(self.id)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the backbone's arithmetic in torch."""
        import torch

        dtype: torch.dtype = getattr(torch, self.settings.dtype)
        return dtype

    @property
    def sae_device(self) -> torch.device:
        """Device of the SAEs; the first GPU if the backbone is spread over several."""
        import torch

        if self.device == "auto":
            return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The backbone's tokenizer.

        Raises:
            ScopeError: its file is missing or damaged.
        """
        return self.source.tokenizer()

    def backbone(self, deepest: int) -> Backbone:
        """The backbone with at least the blocks 0 … `deepest`; loaded again if a deeper one is needed.

        Raises:
            ScopeError: no such block, damaged files, window_tokens above the model's number of positions, or a backbone
                in int8, which torch does not run.
        """
        from scopesift_features.backbone.cut import count_positions

        if self.settings.dtype == INT8:
            raise ScopeError(
                f"torch, which is needed here, does not run {self.id} in int8; use a classifier in float32"
            )
        if self._backbone is None or self._backbone.deepest < deepest:
            self._backbone = None  # freed before the deeper one is read
            self.check_backbone()
            backbone = self.source.load(deepest, device=self.device, dtype=self.dtype)
            self.check_positions(count_positions(backbone.model))
            self._backbone = backbone
        return self._backbone

    def residual_source(self, deepest: int) -> ResidualSource:
        """What gives the residuals up to layer `deepest`; overridden by `Scope` for int8.

        Raises:
            ScopeError: as `backbone`.
        """
        return self.backbone(deepest)

    def check_positions(self, positions: int | None) -> None:
        """Check that the backbone has a position for every token of a window; None: they are computed.

        Raises:
            ScopeError: it has not.
        """
        if positions is not None and positions < self.settings.window_tokens:
            raise ScopeError(
                f"{self.id}: the settings' window_tokens is {self.settings.window_tokens}, but the backbone "
                f"has {positions} positions; lower it in {self.folder / 'scope.json'}"
            )

    def check_backbone(self) -> None:
        """Checks before the weights are read; overridden by `Scope`."""
