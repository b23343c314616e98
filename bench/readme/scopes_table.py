"""The table of Qwen-Scope's groups in docs/scopes.md, from the catalogue that the code itself reads."""

from __future__ import annotations

from scopesift_features.catalogue import catalogue

from bench.markdown import markdown


def scopes() -> str:
    """The fourteen groups: names, sizes, and what their SAEs take on disk in float32."""
    header = [
        "scope",
        "SAE group on the hub",
        "backbone",
        "layers",
        "width",
        "features",
        "k",
        "a layer",
        "all",
    ]
    rows = [
        [
            f"`{entry.id}`",
            entry.sae,
            entry.backbone,
            str(entry.n_layers),
            str(entry.d_model),
            str(entry.d_sae),
            str(entry.k),
            f"{entry.sae_bytes / 1e9:.2f} GB",
            f"{entry.sae_bytes * entry.n_layers / 1e9:.0f} GB",
        ]
        for entry in catalogue().values()
        if not entry.bundled
    ]
    return markdown(header, rows)
