"""Checkpoints of unfinished trainings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from scopesift_files.atomic import write_atomically
from scopesift_files.errors import ScopeError


@dataclass
class Position:
    """Progress of a training.

    Attributes:
        steps: Training steps done.
        seconds: Time spent on them.
        refills: Chunks of the pool that were replaced.
    """

    steps: int = 0
    seconds: float = 0.0
    refills: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A training's state on disk.

    Attributes:
        path: The file.
        key: Identity of the training; the state of another one is ignored.
    """

    path: Path
    key: dict[str, Any]

    def save(self, position: Position, layers: list[dict[str, Any]]) -> None:
        """Replace the file.

        Raises:
            ScopeError: The file can't be written.
        """
        content = {"key": self.key, "position": asdict(position), "layers": layers}
        write_atomically(self.path, lambda path: torch.save(content, path))

    def load(self) -> tuple[Position, list[dict[str, Any]]] | None:
        """Progress and layers' states; None if there are none of this training.

        Raises:
            ScopeError: The file is damaged.
        """
        if not self.path.is_file():
            return None
        try:
            content = torch.load(self.path, weights_only=True, map_location="cpu")
            if content["key"] != self.key:
                return None
            return Position(**content["position"]), content["layers"]
        except Exception as error:
            # torch raises many types for a damaged file
            raise ScopeError(
                f"{self.path} cannot be read ({type(error).__name__}); delete it to start the training again"
            ) from None
