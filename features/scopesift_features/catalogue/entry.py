"""A scope of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field

from scopesift_features.catalogue.settings import ReadingSettings


@dataclass(frozen=True)
class CatalogueEntry:
    """A scope of the catalogue.

    Attributes:
        id: its name, e.g. `qwen3-1.7b-w32k-l0_50`.
        backbone: hub id of the language model.
        sae: hub id of the SAE group; one SAE per layer.
        d_model, n_layers, d_sae, k: sizes; checked against every file that is read. k is None unless TopK.
        backbone_revision, sae_revision: default hub revisions to pull; None: the newest.
        settings: default reading settings, overridden by scope.json.
        bundled: whether it comes with scopesift; sizes are then read from its files.
        group: the Qwen-Scope group, if this is its SAEs on another backbone than they were trained on.
        model_type: kind of its SAEs, see `sae.kinds`.
        sae_file: path of a layer's file in the group, with {layer} for the layer.
    """

    id: str
    backbone: str
    sae: str
    d_model: int
    n_layers: int
    d_sae: int
    k: int | None
    backbone_revision: str | None = None
    sae_revision: str | None = None
    settings: ReadingSettings = field(default_factory=ReadingSettings)
    bundled: bool = False
    group: CatalogueEntry | None = None
    model_type: str = "topk_sae"
    sae_file: str = "layer{layer}.sae.pt"

    @property
    def trained_on(self) -> str:
        """Hub id of the backbone that the SAEs were trained on."""
        return (self.group or self).backbone

    @property
    def sae_bytes(self) -> int:
        """Size of one layer's SAE in the groups' float32."""
        return 4 * (2 * self.d_model * self.d_sae + self.d_model + self.d_sae)

    def file_of(self, layer: int) -> str:
        """Path of a layer's file in the group."""
        return self.sae_file.format(layer=layer)
