"""What the recipes of scopes on a package's backbone share: settings, training SAEs, the scope's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from scopesift_features.reader import Reader
from scopesift_files.atomic import read_json, write_json

from recipes.sae.run import Run
from recipes.sae.schedule import Schedule
from recipes.sae.training import TrainingSettings


@dataclass
class PackagedScopeRecipe:
    """One run of a recipe whose backbone a package holds.

    Attributes:
        data: The folder with the text and the labelled rows.
        out: The scope folder to write; has scope.json.
        work: Folder for residuals and unfinished SAEs.
        steps: Training steps.
        tokens: Tokens of training text.
        pool_bytes: Maximum bytes of residuals on disk.
        say: Called with one line per step.
    """

    data: Path
    out: Path
    work: Path
    steps: int
    tokens: int
    pool_bytes: float
    say: Callable[[str], None] = field(repr=False)

    def train(
        self,
        files: Sequence[Path],
        layers: tuple[int, ...],
        settings: TrainingSettings,
        *,
        out: Path,
        pool: str,
        licence: str,
        tokens: int | None = None,
        steps: int | None = None,
    ) -> None:
        """Train the SAEs of some layers side by side.

        Args:
            files: Text.
            layers: Blocks after which one is trained.
            settings: Of the training.
            out: Folder for them.
            pool: Name of the folder of residuals.
            licence: Of the text.
            tokens: Other than the recipe's.
            steps: Other than the recipe's.
        """
        Run(
            # the error of bfloat16 residuals is smaller than the SAE's reconstruction error
            reader=Reader.load(self.out, dtype="bfloat16"),
            layers=layers,
            files=tuple(files),
            out=out,
            work=self.work / pool,
            settings=settings,
            schedule=Schedule(self.steps if steps is None else steps, None),
            tokens=self.tokens if tokens is None else tokens,
            pool_bytes=self.pool_bytes,
            storage_dtype=torch.bfloat16,
            licence=licence,
            say=self.say,
        ).go()

    def keep(self, trained: Path, layers: Sequence[int]) -> None:
        """Copy the SAEs of some layers into the scope, with what was measured on them.

        Args:
            trained: `out` of their training.
            layers: Those to keep.
        """
        target = self.out / "sae"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("config.json", *(f"layer{layer}.sae.safetensors" for layer in layers)):
            shutil.copyfile(trained / "sae" / name, target / name)
        measured = read_json(trained / "sae" / "measured.json", "run the stage saes")["layers"]
        self.store("sae", {str(layer): measured[str(layer)] for layer in layers})

    def store(self, name: str, content: object) -> None:
        """Put a measurement into the scope's measured.json, beside the others."""
        path = self.out / "measured.json"
        measured = read_json(path, "delete it") if path.is_file() else {}
        write_json(path, {**measured, name: content})
