"""The stages of the recipe."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from scopesift_features.reader import Reader
from scopesift_features.scope import Scope

from recipes.bundled.cards import write_bundled_cards
from recipes.bundled.reading import read_everything
from recipes.bundled.recipe import PackagedScopeRecipe
from recipes.e5.choice import Comparison, compare_choices
from recipes.e5.classifiers import (
    add_bundled_languages,
    all_rows,
    fit_bundled,
    switch_on_restoring,
)
from recipes.e5.every_language import add_default_of_every_language
from recipes.e5.int8_versions import write_int8_versions
from recipes.e5.model_card import write_card
from recipes.e5.rows import ROWS, toxicity_rows
from recipes.sae.training import TrainingSettings

CANDIDATE_LAYERS = (4, 8, 10)
CANDIDATE_K = (32, 40, 64)
CHOSEN_LAYERS, CHOSEN_K = (4, 8), 40
"""The chosen layers and k, by the dev results of the stages `width` and `choice`."""
D_SAE = 6144
"""Sixteen times the width."""
SHORT_TOKENS, SHORT_STEPS, SHORT_LAYER = 600_000, 250, 8
LICENCE = "CC-BY-SA-4.0, see the model card of scopesift's e5"


class Recipe(PackagedScopeRecipe):
    """One run of the recipe; its stages."""

    def width(self) -> None:
        """Compare values of k on briefly trained SAEs of one layer."""
        found = {}
        for k in CANDIDATE_K:
            folder = self.work / f"k{k}"
            self._train(folder, (SHORT_LAYER,), k, tokens=SHORT_TOKENS, steps=SHORT_STEPS)
            found[f"k {k}"] = folder / "sae" / f"layer{SHORT_LAYER}.sae.safetensors"
        self._compare(found, "width")

    def saes(self) -> None:
        """Train an SAE after each candidate layer."""
        self._train(self.work / "candidates", CANDIDATE_LAYERS, CHOSEN_K)

    def choice(self) -> None:
        """Compare the candidate layers, alone and in pairs, and copy the chosen ones into the scope."""
        folder = self.work / "candidates"
        files = {
            f"layer {layer}": folder / "sae" / f"layer{layer}.sae.safetensors" for layer in CANDIDATE_LAYERS
        }
        self._compare(files, "choice")
        self.keep(folder, CHOSEN_LAYERS)

    def classifiers(self) -> None:
        """Fit and measure the bundled classifiers."""
        scope = Scope.load(self.out)
        read_everything(scope, all_rows(self.data), self.say)
        folder = self.out / "classifiers"
        for name in ROWS:
            fit_bundled(name, scope, self.data, folder, self.say)
        add_bundled_languages(scope, self.data, folder, self.say)

    def restoring(self) -> None:
        """Switch restoring on for toxicity, and measure it again."""
        switch_on_restoring(Scope.load(self.out), self.data, self.out / "classifiers", self.say)

    def every_language(self) -> None:
        """Fit the default of toxicity on all languages with labels, and measure all its decisions."""
        add_default_of_every_language(Scope.load(self.out), self.data, self.out / "classifiers", self.say)

    def int8(self) -> None:
        """Write versions of the classifiers that read in int8; `int8_scales` and `graphs` must have been made."""
        write_int8_versions(Scope.load(self.out, device="cpu"), self.data, self.out / "classifiers", self.say)

    def cards(self) -> None:
        """Count the feature cards of the bundled classifiers."""
        write_bundled_cards(
            Scope.load(self.out),
            self.out,
            {name: partial(rows_of, self.data, "test") for name, rows_of in ROWS.items()},
            self.say,
            lambda code: toxicity_rows(self.data, code, "test"),
        )

    def card(self) -> None:
        """Write the model card."""
        write_card(self.out)
        self.say(f"card: {self.out / 'README.md'}")

    def _train(self, out: Path, layers: tuple[int, ...], k: int, **shorter: int) -> None:
        text = sorted((self.data / "pretrain").glob("??.txt.xz"))
        self.train(
            (*text, self.data / "language" / "train.jsonl.gz"),
            layers,
            TrainingSettings(k=k, d_sae=D_SAE),
            out=out,
            pool=f"pool-{'-'.join(map(str, layers))}",
            licence=LICENCE,
            **shorter,
        )

    def _compare(self, files: dict[str, Path], name: str) -> None:
        found = compare_choices(Reader.load(self.out), files, self.data, self.say)
        for one in found:
            self.say(_line(one))
        self.store(name, [asdict(one) for one in found])


STAGES = ("width", "saes", "choice", "classifiers", "restoring", "every_language", "int8", "cards", "card")


def _line(one: Comparison) -> str:
    return (
        f"{' + '.join(one.saes)}: toxicity en AUC {one.english_auc:.4f}, without labels {one.zero_shot_auc:.3f}, "
        f"350 labels {one.few_labels_accuracy:.3f}; domain {one.domain_accuracy:.3f}; "
        f"sentiment {one.sentiment_macro_f1:.3f}; language {one.language_accuracy:.4f}"
    )
