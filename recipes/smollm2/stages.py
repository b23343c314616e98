"""The stages of the recipe; each can be run again, and continues where it stopped."""

from __future__ import annotations

from functools import partial

from scopesift_features.scope import Scope

from recipes.bundled.cards import write_bundled_cards
from recipes.bundled.fitting import SPLITS
from recipes.bundled.reading import read_everything
from recipes.bundled.recipe import PackagedScopeRecipe
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


class Recipe(PackagedScopeRecipe):
    """One run of the recipe; its stages can be run again, and continue where they stopped."""

    def saes(self) -> None:
        """Train the SAEs side by side, and copy them into the scope."""
        trained = self.work / "trained"
        self.train(
            write_text(self.data, self.work),
            LAYERS,
            TrainingSettings(k=K, d_sae=D_SAE, batch=BATCH),
            out=trained,
            pool="pool",
            licence=LICENCE,
        )
        self.keep(trained, LAYERS)

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
