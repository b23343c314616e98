"""The 14 Qwen-Scope groups. Source: their model cards and the report (arXiv 2605.11887)."""

from __future__ import annotations

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.catalogue.settings import ReadingSettings

QWEN_NORM_LIMIT = 10.0
# residuals of attention sinks were filtered out in training, by norm
QWEN_SETTINGS = ReadingSettings(
    dtype="bfloat16", window_tokens=1024, overlap_tokens=128, norm_limit=QWEN_NORM_LIMIT
)
# backbone, d_model, layers, then (width, d_sae, k) of each of its groups
_QWEN_SCOPE = (
    ("Qwen3-1.7B-Base", 2048, 28, (("W32K", 32768, 50), ("W32K", 32768, 100))),
    ("Qwen3-8B-Base", 4096, 36, (("W64K", 65536, 50), ("W64K", 65536, 100))),
    ("Qwen3.5-2B-Base", 2048, 24, (("W32K", 32768, 50), ("W32K", 32768, 100))),
    ("Qwen3.5-9B-Base", 4096, 32, (("W64K", 65536, 50), ("W64K", 65536, 100))),
    ("Qwen3.5-27B", 5120, 64, (("W80K", 81920, 50), ("W80K", 81920, 100))),
    ("Qwen3-30B-A3B-Base", 2048, 48, (("W32K", 32768, 50), ("W128K", 131072, 100))),
    ("Qwen3.5-35B-A3B-Base", 2048, 40, (("W32K", 32768, 50), ("W128K", 131072, 100))),
)


def qwen_scope_entries() -> list[CatalogueEntry]:
    """The 14 groups in the report's order."""
    return [
        CatalogueEntry(
            id=f"{backbone.removesuffix('-Base')}-{width}-L0_{k}".lower(),
            backbone=f"Qwen/{backbone}",
            sae=f"Qwen/SAE-Res-{backbone}-{width}-L0_{k}",
            d_model=d_model,
            n_layers=n_layers,
            d_sae=d_sae,
            k=k,
            settings=QWEN_SETTINGS,
        )
        for backbone, d_model, n_layers, groups in _QWEN_SCOPE
        for width, d_sae, k in groups
    ]
