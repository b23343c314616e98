"""Writes trained SAEs to a scope folder and measures them as stored."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from scopesift_features.backbone.source import BackboneSource, local_backbone
from scopesift_features.catalogue.table import catalogue
from scopesift_features.reader import Reader
from scopesift_features.sae.config import SAEConfig, read_config
from scopesift_features.sae.files import read_safetensors, write_safetensors
from scopesift_features.sae.topk import TopKSAE
from scopesift_files.atomic import read_json, write_json
from scopesift_files.errors import UsageError

from recipes.sae.card import write_card
from recipes.sae.pool.residuals import ResidualPool
from recipes.sae.quality import measure_sae
from recipes.sae.training import TrainingSettings
from recipes.sae.twins import measure_twins


class ScopeOutput:
    """The scope folder for the SAEs; SAEs of other layers in it are kept.

    Attributes:
        folder: Its path; a folder without scope.json becomes a scope with the reader's backbone.
        config: The sizes that all its SAEs share.
    """

    def __init__(self, reader: Reader, folder: Path, settings: TrainingSettings) -> None:
        self.reader, self.folder = reader, folder
        self.config = SAEConfig(
            base_model=reader.record.backbone,
            d_model=reader.d_model,
            d_sae=settings.d_sae,
            k=settings.k,
            num_layers=reader.n_layers,
        )

    @property
    def _sae(self) -> Path:
        return self.folder / "sae"

    @property
    def _measured(self) -> Path:
        return self._sae / "measured.json"

    def check(self) -> None:
        """Check before the training that its SAEs can be written.

        Raises:
            UsageError: The folder holds SAEs of other sizes, or another backbone.
        """
        ours, there = backbone_identity(self.reader.source, self.reader.record.backbone_revision), None
        if (self.folder / "scope.json").is_file():
            held = Reader.load(self.folder, device="cpu")
            there = backbone_identity(held.source, held.record.backbone_revision)
        elif (self.folder / "backbone").is_dir():
            source = local_backbone(self.folder / "backbone")
            there = backbone_identity(source, self.reader.record.backbone_revision)
        if there is not None and there != ours:
            raise UsageError(
                f"{self.folder} holds another backbone than {self.reader.id}; give another --out"
            )
        if not (self._sae / "config.json").is_file():
            return
        sizes = read_config(self._sae)
        found = (sizes.d_model, sizes.d_sae, sizes.k, sizes.num_layers)
        wanted = (self.config.d_model, self.config.d_sae, self.config.k, self.config.num_layers)
        if found != wanted:
            raise UsageError(
                f"{self._sae} holds SAEs with (d_model, d_sae, k, layers) {found}, these would have {wanted}; "
                "a scope's SAEs share their sizes: give the same --d-sae and --k, or another --out"
            )

    def holds(self, key: dict[str, Any]) -> bool:
        """Whether the folder has the result of a run with this key."""
        if not (self._measured.is_file() and (self.folder / "scope.json").is_file()):
            return False
        layers = self._content()["layers"]
        wanted = json.loads(json.dumps(key))
        return all(layers.get(str(layer), {}).get("key") == wanted for layer in key["layers"])

    def write(
        self,
        saes: Sequence[TopKSAE],
        pool: ResidualPool,
        facts: dict[str, Any],
        say: Callable[[str], None],
    ) -> None:
        """Write the files, read them back and measure them on the pool's held-out tokens.

        Args:
            saes: One per layer.
            pool: Has the chunks `dev` and `test` to measure on.
            facts: Further fields of measured.json for each layer.
            say: Called with one line per layer.
        """
        self._sae.mkdir(parents=True, exist_ok=True)
        self.config.write(self._sae)
        content = self._content() if self._measured.is_file() else {"layers": {}}
        as_used: torch.dtype = getattr(torch, self.reader.settings.sae_dtype)
        for sae in saes:
            path = write_safetensors(sae, self._sae)
            read = read_safetensors(path, self.config, decoder=True, dtype=as_used).to(self.reader.sae_device)
            dev, test = (measure_sae(read, pool.part(part, sae.layer)) for part in ("dev", "test"))
            content["layers"][str(sae.layer)] = {"dev": asdict(dev), "test": asdict(test), **facts}
            say(
                f"layer {sae.layer}: FVU {test.fvu:.3f} (dev {dev.fvu:.3f}), dead {test.dead:.1%}, "
                f"active {test.active:.2f} on {test.tokens:,} held-out tokens"
            )
        content["layers"] = dict(sorted(content["layers"].items(), key=lambda item: int(item[0])))
        write_json(self._measured, content)
        if not (self.folder / "scope.json").is_file():
            self._make_scope()

    def describe(self, layers: Sequence[int], licence: str, pairs: list[tuple[str, str]]) -> None:
        """Add licence and twin search of some layers to measured.json, and write the card of all.

        Args:
            layers: Layers that were written.
            licence: Of the text that they were trained on.
            pairs: Sentence pairs for the twin search; empty: unchanged.
        """
        content = self._content()
        twins = measure_twins(self.reader, pairs, layers) if pairs else {}
        for layer in layers:
            facts = content["layers"][str(layer)]
            facts["licence"] = licence
            if pairs:
                facts["twins"] = {"share": twins[layer], "pairs": len(pairs)}
        write_json(self._measured, content)
        write_card(self._sae)

    def _content(self) -> dict[str, Any]:
        return read_json(self._measured, "delete it to train again")

    def _make_scope(self) -> None:
        record, name = self.reader.record, self.folder.resolve().name
        backbone = self.folder / "backbone"
        if record.package is None and not backbone.is_dir():
            unfinished = self.folder / ".backbone.part"
            shutil.rmtree(unfinished, ignore_errors=True)  # left by a killed call
            unfinished.mkdir()
            for file in self.reader.source.files():
                _link_or_copy(file, unfinished / file.name)
            unfinished.rename(backbone)
        if name in catalogue():
            name = f"local-{name}"  # not a catalogue name: artifacts refer to scopes by name
        replace(record, id=name, sae=name, sae_revision="", files={}).write(self.folder)


def backbone_identity(source: BackboneSource, revision: str) -> list[list[str]]:
    """Names and hashes: a pulled backbone is identified by its revision, any other by its weights' hashes."""
    weights = [("revision", revision)] if revision else source.weights()
    return [list(part) for part in (*source.configuration(), *weights)]


def _link_or_copy(source: Path, target: Path) -> None:
    """Hard-link the file if possible, since backbones are large; else copy it."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
