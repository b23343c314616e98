"""A scope: a backbone and its sparse autoencoders at pinned revisions."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopesift_files.counted import counted
from scopesift_files.errors import ScopeError, UsageError

from scopesift_features.backbone.gguf.header import is_gguf
from scopesift_features.backbone.source import file_sha256
from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.folder import ScopeRecord, read_record
from scopesift_features.catalogue.settings import FLOAT32, INT8
from scopesift_features.catalogue.table import locate
from scopesift_features.devices import choose_device, choose_dtype
from scopesift_features.int8.scales_file import read_encoder_scales
from scopesift_features.reader import Reader
from scopesift_features.reading.onnx.sessions import FOLDER, SCALES
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.sae.config import find_layers, read_config

if TYPE_CHECKING:
    from scopesift_features.reading.extract import ResidualSource
    from scopesift_features.sae.autoencoder import SparseAutoencoder


class Scope(Reader):
    """A backbone, its tokenizer and its SAEs; weights are loaded on first use.

    Attributes:
        layers: layers that have an SAE on disk.
        config: the SAEs' sizes.
        d_sae, k: the same.
        norm_bounds: layer -> norm bound; see `extreme_tokens`. Empty: no bounds.
        held: what readers without torch keep for each other, such as open sessions.
    """

    def __init__(
        self, folder: Path, record: ScopeRecord, entry: CatalogueEntry | None, *, device: str, dtype: str
    ) -> None:
        """Read the SAEs' sizes and find their files.

        Raises:
            ScopeError: no SAE, or sizes that differ from the catalogue's.
        """
        super().__init__(folder, record, device=device, dtype=dtype)
        self.config = read_config(folder / "sae")
        self.n_layers = self.config.num_layers
        self.d_model = self.config.d_model
        self.d_sae = self.config.d_sae
        self.k = self.config.k
        self._check_sizes(entry)
        self.layers = find_layers(folder / "sae")
        if not self.layers:
            raise ScopeError(self._no_layers())
        if self.settings.dtype == INT8:
            self._check_int8()
        self.norm_bounds: dict[int, float] = {}
        self._saes: dict[int, SparseAutoencoder] = {}
        self.held: dict[Any, Any] = {}

    @classmethod
    def load(cls, name_or_path: str | Path, *, device: str | None = None, dtype: str | None = None) -> Scope:
        """Open a scope; cheap, since weights are read on first use.

        Args:
            name_or_path: "e5", "nano", "smollm2", a catalogue id, or a scope folder.
            device: as `choose_device`.
            dtype: precision of the backbone, as `choose_dtype`.

        Raises:
            UsageError: unknown name, device or precision, "auto" without accelerate, or a GGUF file alone.
            ScopeError: not pulled yet, or files that are missing or inconsistent.
        """
        if is_gguf(Path(name_or_path).expanduser()):
            raise UsageError(
                f"{name_or_path} is a backbone without SAEs; `python -m recipes.sae --scope {name_or_path}` trains some"
            )
        folder, entry = locate(name_or_path)
        record = read_record(folder)
        chosen = choose_device(device)
        return cls(folder, record, entry, device=chosen, dtype=choose_dtype(record.settings, chosen, dtype))

    def only(self, layers: Iterable[int]) -> Scope:
        """The same scope with some of its layers only; classifiers fitted on it read fewer SAEs and are faster.

        Raises:
            ScopeError: a layer that it does not have.
        """
        narrow = copy.copy(self)
        narrow.layers = tuple(sorted(set(layers)))
        for layer in narrow.layers:
            self._check_layer(layer)
        return narrow

    def with_bounds(self, norm_bounds: Mapping[int, float]) -> Scope:
        """The same scope with norm bounds."""
        bounded = copy.copy(self)
        bounded.norm_bounds = dict(norm_bounds)
        return bounded

    def in_int8(self) -> Scope:
        """The same scope whose backbone and encoders are run in int8, by ONNX Runtime on the CPU; see `reading.onnx`.

        Raises:
            UsageError: it can't be, or not on the scope's device.
        """
        whole = Scope(self.folder, self.record, None, device=self.device, dtype=INT8)
        return whole.only(self.layers).with_bounds(self.norm_bounds)

    def selected(self, features: Iterable[tuple[int, int]]) -> list[SelectedFeature]:
        """Pairs (layer, index) as selected features with the scope's norm bounds."""
        return [
            SelectedFeature(layer, index, self.norm_bounds.get(layer, math.inf)) for layer, index in features
        ]

    def sae(self, layer: int, *, decoder: bool = False) -> SparseAutoencoder:
        """The SAE of a layer, on the scope's device in the settings' sae_dtype, or in int8 as its backbone.

        Args:
            layer: one of `layers`.
            decoder: read the decoder too; classification doesn't need it.

        Raises:
            ScopeError: no SAE for this layer, or a damaged file.
        """
        import torch

        from scopesift_features.sae.files import read_safetensors
        from scopesift_features.sae.int8_topk import Int8TopKSAE
        from scopesift_features.sae.topk import TopKSAE

        self._check_layer(layer)
        held = self._saes.get(layer)
        if held is not None and (held.W_dec_DF is not None or not decoder):
            return held
        path = self.sae_file(layer)
        # the kernels cache ordinary tensors only, no inference tensors
        with torch.inference_mode(False):
            sae = read_safetensors(
                path, self.config, decoder=decoder, dtype=getattr(torch, self.settings.sae_dtype)
            )
            if self.settings.dtype == INT8 and isinstance(sae, TopKSAE):
                scales = read_encoder_scales(self.folder / FOLDER / SCALES, layer, self.d_model)
                sae = Int8TopKSAE.of(sae, scales)
            self._saes[layer] = sae.to(self.sae_device)
        return self._saes[layer]

    def residual_source(self, deepest: int) -> ResidualSource:
        """See `Reader.residual_source`."""
        if self.settings.dtype != INT8:
            return self.backbone(deepest)
        from scopesift_features.reading.onnx.int8_residuals import Int8Residuals

        found: ResidualSource = self.held.setdefault(("residuals", deepest), Int8Residuals(self, deepest))
        return found

    def sae_file(self, layer: int) -> Path:
        """The file of a layer's SAE.

        Raises:
            ScopeError: the scope has no SAE for this layer.
        """
        self._check_layer(layer)
        return self.folder / "sae" / f"layer{layer}.sae.safetensors"

    def release(self, layer: int) -> None:
        """Free a layer's SAE; it is read again on next use."""
        self._saes.pop(layer, None)

    def check_backbone(self) -> None:
        """Check that backbone and SAEs have the same sizes.

        Raises:
            ScopeError: they have not.
        """
        found = self.source.sizes()
        if found != (self.d_model, self.n_layers):
            raise ScopeError(
                f"the backbone of {self.folder} has width {found[0]} and {found[1]} layers, but the SAEs beside it "
                f"want width {self.d_model} and {counted(self.n_layers, 'layer')}"
            )

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """The scope's identity in an artifact.

        A pulled scope is identified by its revisions, so that pulling more layers later doesn't change it; a local one
        by the content of all its weights. In int8 the scales of the activations are part of it.
        """
        record, sae = self.record, self.folder / "sae"
        parts = [*self.source.configuration(), ("sae/config.json", file_sha256(sae / "config.json"))]
        if not (record.backbone_revision and record.sae_revision):
            parts += self.source.weights()
            parts += [
                (f"sae/{path.name}", file_sha256(path)) for path in sorted(sae.glob("layer*.sae.safetensors"))
            ]
        if self.settings.dtype == INT8:
            parts.append((SCALES, file_sha256(self.folder / FOLDER / SCALES)))
        digest = hashlib.sha256("".join(f"{name} {content}\n" for name, content in parts).encode())
        return {
            "id": self.id,
            "backbone": record.backbone,
            "backbone_revision": record.backbone_revision,
            "sae": record.sae,
            "sae_revision": record.sae_revision,
            "sha256": digest.hexdigest(),
        }

    def _check_layer(self, layer: int) -> None:
        if layer in self.layers:
            return
        have = ", ".join(map(str, self.layers))
        if not 0 <= layer < self.n_layers:
            raise ScopeError(f"{self.id} has no layer {layer}; its layers are 0 to {self.n_layers - 1}")
        if self.record.sae_revision:
            remedy = f"get it with `scopesift scopes pull {self.id} --layers {layer}`"
        else:
            remedy = f"put layer{layer}.sae.safetensors into {self.folder / 'sae'}"
        raise ScopeError(f"{self.id} has no SAE for layer {layer} on disk, only for {have}; {remedy}")

    def _check_int8(self) -> None:
        if self.k is None or not (self.folder / FOLDER / SCALES).is_file():
            raise UsageError(f"{self.id} has no scales for int8, only e5 has; use it in {FLOAT32}")
        if self.device != "cpu":
            raise UsageError(f"int8 is for the CPU, not for the device {self.device}; add --device cpu")

    def _check_sizes(self, entry: CatalogueEntry | None) -> None:
        if entry is None or entry.bundled:
            return  # its entry's sizes come from the same file
        found = (self.d_model, self.n_layers, self.d_sae, self.k)
        expected = (entry.d_model, entry.n_layers, entry.d_sae, entry.k)
        if found != expected:
            raise ScopeError(
                f"{self.folder / 'sae' / 'config.json'}: (d_model, layers, d_sae, k) is {found}, "
                f"but {entry.id} has {expected}; delete {self.folder} and pull it again"
            )

    def _no_layers(self) -> str:
        folder = self.folder / "sae"
        if find_layers(folder, "pt"):
            return (
                f"{folder} holds .sae.pt files only; convert them with `scopesift scopes pull {self.folder}`"
            )
        return f"{folder} holds no layer<n>.sae.safetensors; a scope needs at least one"
