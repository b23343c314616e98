"""Packages that only an extra installs, and what to install where one is missing."""

from __future__ import annotations

EXTRAS = {
    "torch": ("torch", "transformers", "sklearn", "scipy", "safetensors", "huggingface_hub"),
    "filter": ("duckdb", "pyarrow", "fsspec", "yaml", "zstandard"),
    "service": ("bentoml",),
    "ray": ("ray",),
}
"""Import names by the extra that installs them."""


def install_line(error: ModuleNotFoundError) -> str | None:
    """One line that says what to install for a missing package; None if it belongs to no extra."""
    name = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if name in packages:
            return f"this needs {name}, which is not installed: pip install 'scopesift[{extra}]'"
    return None
