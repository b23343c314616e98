"""Trained SAEs become files of a scope folder, measured as written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from scopesift_features.atomic_files import read_json, write_json
from scopesift_features.errors import UsageError
from scopesift_features.reader import Reader
from scopesift_features.sae import TopKSAE
from scopesift_features.sae_files import SAEConfig, read_config, read_safetensors, write_safetensors

from recipes.sae.card import write_card
from recipes.sae.quality import measure_sae
from recipes.sae.residual_pool import ResidualPool
from recipes.sae.training import TrainingSettings


class ScopeOutput:
    """The folder that the SAEs are written to.

    Attributes:
        folder: The scope folder; SAEs of other layers that it holds stay.
        config: The sizes of its SAEs.
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
        """Refuse before the training what could not be written after it.

        Raises:
            UsageError: The folder holds SAEs of other sizes.
        """
        if (self._sae / "config.json").is_file():
            there = read_config(self._sae)
            ours = (self.config.d_model, self.config.d_sae, self.config.k, self.config.num_layers)
            if (there.d_model, there.d_sae, there.k, there.num_layers) != ours:
                raise UsageError(
                    f"{self._sae} holds SAEs with d_sae {there.d_sae}, k {there.k} of width {there.d_model}; "
                    "give the same --d-sae and --k, or another --out"
                )

    def holds(self, key: dict[str, Any]) -> bool:
        """Whether the folder holds what a run with this key gives."""
        if not self._measured.is_file():
            return False
        layers = read_json(self._measured, "delete it to train again")["layers"]
        wanted = json.loads(json.dumps(key))
        return all(layers.get(str(layer), {}).get("key") == wanted for layer in key["layers"])

    def write(
        self, saes: Sequence[TopKSAE], pool: ResidualPool, facts: dict[str, Any], say: Callable[[str], None]
    ) -> None:
        """Write the files, read them back, measure them on the held-out tokens and write the card."""
        self._sae.mkdir(parents=True, exist_ok=True)
        self.config.write(self._sae)
        content: dict[str, Any] = {"layers": {}}
        if self._measured.is_file():
            content = read_json(self._measured, "delete it to train again")
        dtype: torch.dtype = getattr(torch, self.reader.settings.sae_dtype)  # as it is used
        for sae in saes:
            path = write_safetensors(sae, self._sae)
            read = read_safetensors(path, self.config, decoder=True, dtype=dtype)
            dev, test = (measure_sae(read, pool.part(part, sae.layer)) for part in ("dev", "test"))
            content["layers"][str(sae.layer)] = {
                **facts,
                "tokens": pool.record.seen,
                "extreme": pool.record.extreme,
                "dev": asdict(dev),
                "test": asdict(test),
            }
            say(
                f"layer {sae.layer}: FVU {test.fvu:.3f} (dev {dev.fvu:.3f}), dead {test.dead:.1%}, "
                f"active {test.active:.2f} on {test.tokens:,} held-out tokens"
            )
        content["layers"] = dict(sorted(content["layers"].items(), key=lambda item: int(item[0])))
        write_json(self._measured, content)
        write_card(self._sae)
        self._make_scope()

    def _make_scope(self) -> None:
        if (self.folder / "scope.json").is_file():
            return
        record, name = self.reader.record, self.folder.resolve().name
        if record.package is None:
            backbone = self.folder / "backbone"
            shutil.rmtree(backbone, ignore_errors=True)  # of a call that was killed here
            shutil.copytree(self.reader.folder / "backbone", backbone, copy_function=_link_or_copy)
        replace(record, id=name, sae=name, sae_revision="").write(self.folder)


def _link_or_copy(source: str, target: str) -> None:
    """A second name for the file where the file system allows it: backbones are large."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copy2(source, target)
