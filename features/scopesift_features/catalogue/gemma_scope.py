"""Gemma Scope 2: JumpReLU SAEs of the residual stream after every block of Gemma 3.

Unproven: no such file was read here, only ones of the same layout with random weights. Source of the layout: SAELens
6, which lists the files; sizes are those of Gemma 3. Widths 65k and 1m and L0 "medium" exist at four depths only and
are left out: put those into a folder of your own.
"""

from __future__ import annotations

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.settings import ReadingSettings

GEMMA_SETTINGS = ReadingSettings(
    prefix=("<bos>",), skip="prefix", dtype="bfloat16", window_tokens=1024, overlap_tokens=128
)
# size, d_model, blocks
_GEMMA_3 = (("270m", 640, 18), ("1b", 1152, 26), ("4b", 2560, 34), ("12b", 3840, 48), ("27b", 5376, 62))
_WIDTHS = (("16k", 16384), ("262k", 262144))


def gemma_scope_entries() -> list[CatalogueEntry]:
    """Groups with an SAE after every block: two widths and two sparsities of each model."""
    return [
        CatalogueEntry(
            id=f"gemma-scope-2-{size}-{kind}-w{width}-l0_{l0}",
            # the smallest pretrained model has no suffix on the hub
            backbone=f"google/gemma-3-{size}" + ("" if (size, kind) == ("270m", "pt") else f"-{kind}"),
            sae=f"google/gemma-scope-2-{size}-{kind}",
            d_model=d_model,
            n_layers=n_layers,
            d_sae=d_sae,
            k=None,
            settings=GEMMA_SETTINGS,
            model_type="jumprelu_sae",
            sae_file=f"resid_post_all/layer_{{layer}}_width_{width}_l0_{l0}/params.safetensors",
        )
        for size, d_model, n_layers in _GEMMA_3
        for kind in ("pt", "it")
        for width, d_sae in _WIDTHS
        for l0 in ("small", "big")
    ]
