"""The stages of the recipe; each can be run again, and continues where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from scopesift_features.reader import Reader
from scopesift_features.scope import Scope
from scopesift_files.atomic import read_json, write_json

from recipes.bundled.cards import write_bundled_cards
from recipes.bundled.fitting import SPLITS
from recipes.bundled.reading import read_everything
from recipes.sae.run import Run
from recipes.sae.schedule import Schedule
from recipes.sae.training import TrainingSettings
from recipes.smollm2.classifiers import ROWS, fit_bundled
from recipes.smollm2.model_card import write_card
from recipes.smollm2.text import write_text

LAYERS = (10, 18)
"""One block in the first half, where words are read, and one where the continuation is prepared, of 30."""
K, D_SAE = 40, 4608
"""Eight times the width: both SAEs together are about as large as e5's."""
BATCH = 2048
"""Half of the default: more steps on the same text."""
LICENCE = "CC-BY-SA-4.0, see the model card of scopesift's smollm2"


@dataclass
class Recipe:
    """One run of the recipe.

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

    def saes(self) -> None:
        """Train the SAEs side by side, and copy them into the scope."""
        # the error of bfloat16 residuals is smaller than the SAE's reconstruction error
        reader = Reader.load(self.out, dtype="bfloat16")
        trained = self.work / "trained"
        Run(
            reader=reader,
            layers=LAYERS,
            files=write_text(self.data, self.work),
            out=trained,
            work=self.work / "pool",
            settings=TrainingSettings(k=K, d_sae=D_SAE, batch=BATCH),
            schedule=Schedule(self.steps, None),
            tokens=self.tokens,
            pool_bytes=self.pool_bytes,
            storage_dtype=torch.bfloat16,
            licence=LICENCE,
            say=self.say,
        ).go()
        target = self.out / "sae"
        target.mkdir(parents=True, exist_ok=True)
        for name in ("config.json", *(f"layer{layer}.sae.safetensors" for layer in LAYERS)):
            shutil.copyfile(trained / "sae" / name, target / name)
        measured = read_json(trained / "sae" / "measured.json", "run the stage saes")["layers"]
        write_json(self.out / "measured.json", {"sae": measured})

    def classifiers(self) -> None:
        """Fit and measure the bundled classifiers."""
        scope = Scope.load(self.out)
        for name, rows_of in ROWS.items():
            read_everything(scope, (rows_of(self.data, split) for split in SPLITS), self.say)
            fit_bundled(name, scope, self.data, self.out / "classifiers", self.say)

    def cards(self) -> None:
        """Count the feature cards of the bundled classifiers."""
        test_rows = {name: partial(rows_of, self.data, "test") for name, rows_of in ROWS.items()}
        write_bundled_cards(Scope.load(self.out), self.out, test_rows, self.say)

    def card(self) -> None:
        """Write the model card."""
        write_card(self.out)
        self.say(f"card: {self.out / 'README.md'}")


STAGES = ("saes", "classifiers", "cards", "card")
