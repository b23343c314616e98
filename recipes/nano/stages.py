"""The stages of the recipe; each writes its result to the work folder and is skipped if it exists."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from scopesift_features.catalogue.folder import ScopeRecord
from scopesift_features.catalogue.local_scope import write_backbone, write_local_scope
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.reader import Reader
from scopesift_features.scope import Scope
from scopesift_files.atomic import write_atomically, write_json
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from recipes.bundled.cards import write_bundled_cards
from recipes.nano.bundled_classifiers import LAYERS, ROWS, add_bundled_languages, fit_bundled, toxicity_rows
from recipes.nano.corpus import read_corpus
from recipes.nano.held_out import held_out_texts
from recipes.nano.language_model import (
    SEQUENCE,
    dev_losses,
    nano_config,
    train_language_model,
    training_facts,
)
from recipes.nano.mixture import Mixture, Sampler, build_mixture
from recipes.nano.model_card import write_card
from recipes.nano.tokenizer import END_OF_TEXT, train_tokenizer
from recipes.nano.training_settings import ModelTrainingSettings
from recipes.nano.twins import twin_accuracy
from recipes.sae.quality import SaeQuality, measure_sae
from recipes.sae.run import Run, UnfinishedError
from recipes.sae.schedule import Schedule
from recipes.sae.text_residuals import text_residuals
from recipes.sae.training import TrainingSettings as SaeSettings

LICENCE = "CC-BY-SA-4.0"
SAE_EXPANSION, POOL_BYTES = 16, 12 * 2**30
SETTINGS = ReadingSettings(
    prefix=(END_OF_TEXT,),
    skip="prefix",
    window_tokens=SEQUENCE,
    overlap_tokens=32,
    dtype="float32",
    sae_dtype="float32",
)


@dataclass
class Recipe:
    """One run of the recipe.

    Attributes:
        data: The folder with `pretrain/`, `toxicity/`, `language/` and `domain/`.
        out: The scope folder that is written.
        work: Folder for the state of unfinished stages.
        training: Settings of the language model's training.
        call_minutes: Maximum minutes of training in this call.
        sae_minutes: Minutes per SAE; all are trained in parallel.
        pool_documents: Documents whose residuals the SAEs are trained on.
        k: Active features per token.
        say: Called with one line per step.
    """

    data: Path
    out: Path
    work: Path
    training: ModelTrainingSettings
    call_minutes: float
    sae_minutes: float
    pool_documents: int
    k: int
    say: Callable[[str], None] = field(repr=False)

    def tokenizer(self) -> None:
        """Train the tokenizer."""
        path = self.work / "tokenizer.json"
        if path.is_file():
            self.say("tokenizer: already there")
            return
        train, _ = read_corpus(self.data)
        tokenizer = train_tokenizer(train)
        write_atomically(path, lambda temporary: tokenizer.save(str(temporary), pretty=False))
        self.say(f"tokenizer: {tokenizer.get_vocab_size()} entries")

    @cached_property
    def mixture(self) -> Mixture:
        """The tokenised training data, read once per run."""
        started = time.monotonic()
        mixture = build_mixture(self.data, Tokenizer.from_file(str(self.work / "tokenizer.json")))
        tokens = sum(len(lines.ids) for lines in mixture.documents.values())
        self.say(f"text: {tokens / 1e6:.1f}M tokens, read in {time.monotonic() - started:.0f} s")
        return mixture

    def model(self) -> None:
        """Train the language model.

        Raises:
            UnfinishedError: The call's time limit was reached before the end of the training.
        """
        _, done = train_language_model(
            self.mixture, self.training, self._checkpoint, self.say, call_minutes=self.call_minutes
        )
        minutes = float(done["seconds"]) / 60
        self.say(f"model: {done['tokens'] / 1e6:.1f}M tokens in {minutes:.1f} min")
        if minutes < self.training.minutes:
            raise UnfinishedError(
                f"{minutes:.1f} of {self.training.minutes:g} minutes are done; run the same command to continue"
            )

    def saes(self) -> None:
        """Train one SAE per block with `recipes.sae`, on a new draw of documents.

        Raises:
            UnfinishedError: The call's time limit was reached before the end of the training.
        """
        folder = self._sae_scope
        if not (folder / "scope.json").is_file():
            model, _ = self._trained()
            tokenizer = self._tokenizer()
            config, state = model.model.config.to_dict(), model.model.state_dict()
            write_backbone(folder / "backbone", config, state, tokenizer, torch.float16)
            ScopeRecord("nano", SETTINGS, LICENCE, backbone="nano", sae="nano").write(folder)
        text = folder / "text.jsonl"
        if not text.is_file():
            sampler, tokenizer = Sampler(self.mixture, seed=97), self._tokenizer()
            drawn = (sampler.document(progress=0.0) for _ in range(self.pool_documents))
            rows = [json.dumps({"text": tokenizer.decode(ids, skip_special_tokens=False)}) for ids in drawn]
            write_atomically(text, partial(_write_bytes, content="\n".join(rows).encode()))
        reader = Reader.load(folder)
        Run(
            reader=reader,
            layers=tuple(range(reader.n_layers)),
            files=(text,),
            out=folder,
            work=self.work / "sae",
            settings=SaeSettings(k=self.k, d_sae=SAE_EXPANSION * reader.d_model),
            schedule=Schedule(minutes=self.sae_minutes * reader.n_layers),
            pool_bytes=POOL_BYTES,
            licence=LICENCE,
            call_minutes=self.call_minutes,
            say=self.say,
        ).go()

    def scope(self) -> None:
        """Write the scope folder and measure it as written."""
        model, done = self._trained()
        if not (self._sae_scope / "sae" / "measured.json").is_file():
            raise FileNotFoundError(f"{self._sae_scope / 'sae'} holds no SAEs; run the stage 'saes' first")
        trained = Scope.load(self._sae_scope, device="cpu")
        blocks = trained.layers
        write_local_scope(
            self.out,
            id="nano",
            settings=SETTINGS,
            licence=LICENCE,
            backbone_config=model.model.config.to_dict(),
            backbone_state=model.model.state_dict(),
            tokenizer=self._tokenizer(),
            saes=[trained.sae(block, decoder=True) for block in blocks],
            storage_dtype=torch.float16,
        )
        # the same tokenizer in half the bytes
        compact = (self.work / "tokenizer.json").read_bytes()
        write_atomically(self.out / "backbone" / "tokenizer.json", partial(_write_bytes, content=compact))
        scope = Scope.load(self.out, device="cpu")
        pooled = text_residuals(scope, held_out_texts(self.data), blocks)
        fidelity: dict[str, SaeQuality] = {
            str(block): measure_sae(scope.sae(block, decoder=True), pooled[block]) for block in blocks
        }
        measured: dict[str, Any] = {
            "training": {
                **done,
                **training_facts(self.training),
                "parameters": sum(p.numel() for p in model.parameters()),
            },
            "k": self.k,
            "held_out_tokens": len(pooled[0]),
            "dev_loss": {code: round(loss, 3) for code, loss in dev_losses(model, self.mixture.dev).items()},
            "sae": {block: asdict(quality) for block, quality in fidelity.items()},
            "twins": twin_accuracy(scope, self.data, self.mixture.held_out),
        }
        write_json(self.out / "measured.json", measured)
        for block, quality in fidelity.items():
            self.say(
                f"layer {block}: FVU {quality.fvu:.3f}, dead {quality.dead:.1%}, active {quality.active:.2f}"
            )

    def classifiers(self) -> None:
        """Fit and measure the bundled classifiers."""
        scope = Scope.load(self.out).only(LAYERS)
        folder = self.out / "classifiers"
        for name in ROWS:
            fit_bundled(name, scope, self.data, folder, self.say)
        add_bundled_languages(scope, self.data, folder, self.say)

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

    @property
    def _checkpoint(self) -> Path:
        return self.work / "language_model.pt"

    @property
    def _sae_scope(self) -> Path:
        """Named by the model's training step, so that SAEs of another model are not reused."""
        return self.work / f"scope-{self._finished['done']['steps']}"

    def _tokenizer(self) -> PreTrainedTokenizerFast:
        return PreTrainedTokenizerFast(
            tokenizer_file=str(self.work / "tokenizer.json"), eos_token=END_OF_TEXT, pad_token=END_OF_TEXT
        )

    @cached_property
    def _finished(self) -> dict[str, Any]:
        """The checkpoint of the trained model."""
        if not self._checkpoint.is_file():
            raise FileNotFoundError(f"{self._checkpoint} is missing; run the stage 'model' first")
        state: dict[str, Any] = torch.load(self._checkpoint, weights_only=True, map_location="cpu")
        minutes = float(state["done"]["seconds"]) / 60
        if minutes < self.training.minutes:
            raise UnfinishedError(
                f"the model has {minutes:.1f} of {self.training.minutes:g} minutes; finish the stage 'model'"
            )
        return state

    def _trained(self) -> tuple[Qwen3ForCausalLM, dict[str, Any]]:
        state = self._finished
        model = Qwen3ForCausalLM(nano_config())
        model.load_state_dict(state["model"])
        # measured and used for the SAEs as stored: fp16 weights, fp32 arithmetic
        return model.half().float().eval(), state["done"]


STAGES = ("tokenizer", "model", "saes", "scope", "classifiers", "cards", "card")


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def load_measured(scope_folder: Path) -> dict[str, Any]:
    """Measurements of the stage 'scope'."""
    content: dict[str, Any] = json.loads((scope_folder / "measured.json").read_text(encoding="utf-8"))
    return content
