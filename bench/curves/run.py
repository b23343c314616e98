"""`python -m bench curves`: what a text costs, measured along six axes in one run."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from scopesift_classifiers.artifact.bundled import bundled_classifiers
from scopesift_classifiers.artifact.classifier import LANGUAGE, Classifier
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.scope import Scope

from bench.case_process import run_case
from bench.curves import pictures
from bench.curves.floor import Floor
from bench.curves.systems import READERS, XLMR, classifying, others
from bench.curves.tables import tables
from bench.curves.texts import lengths_of, texts_of
from bench.results_file import stored, write_result

FLOOR = "bare products"
LENGTHS = (8, 32, 128, 512, 2048)
BATCHES = (1, 4, 16, 64)
FEATURES = (1, 16, 256, 1024, 4096, 12288)
BLOCKS = (1, 3, 5, 7, 9, 12)
TOKENS = 1024
"""Of all texts of a point, at least."""
ROUNDS, QUICK_ROUNDS = 5, 1
Costs = dict[str, float]


def run(out: Path | None = None, quick: bool = False) -> None:
    """Measure, write the JSON and the pictures, and print the tables.

    Args:
        out: Folder for the JSON and the pictures; None: `bench/results/` and docs/pictures.
        quick: One round and few points, as a smoke test.
    """
    curves = Curves(QUICK_ROUNDS if quick else ROUNDS, step=4 if quick else 1)
    names = ("length", "batch", "classifiers_loaded", "features", "threads", "blocks")
    found = {name: getattr(curves, name)() for name in track(names, "measuring", transient=True)}
    write_result("curves", {"rounds": curves.rounds, "curves": found}, out)
    content = stored("curves-cpu", out)
    for path in pictures.write(content, out):
        sys.stdout.write(f"{path}\n")
    sys.stdout.write("\n\n".join(tables(content).values()) + "\n")


class Curves:
    """Measures the curves on e5, with the threads that torch has.

    Every method returns points: what is varied -> system -> seconds, medians over rounds in which the systems take
    turns.
    """

    def __init__(self, rounds: int, step: int = 1) -> None:
        self.rounds, self.step = rounds, step
        self.scope = Scope.load("e5", device="cpu")
        found = {name: Classifier.load(path) for name, path in bundled_classifiers("e5").items()}
        # language first, since toxicity asks for it
        self.classifiers = sorted(found.values(), key=lambda one: (one.name != LANGUAGE, one.name))
        self.depth = max(one.deepest_layer for one in self.classifiers) + 1
        self.floor = Floor(self.depth, self.scope.d_sae, len(self.scope.layers))
        self.systems = {name: classifying(self.scope, self.classifiers, name) for name in READERS}

    def length(self) -> dict[str, Costs]:
        """Seconds per token by the tokens of a text."""
        peers = others(self.scope, texts_of(self.scope, 64, 200))
        points = {}
        for length in LENGTHS[:: self.step]:
            texts = texts_of(self.scope, length, max(1, TOKENS // length))
            lengths = lengths_of(self.scope, texts)
            runs = {name: partial(system, texts) for name, system in {**self.systems, **peers}.items()}
            if length > 512:
                runs = {name: own for name, own in runs.items() if name in READERS}
            costs = self._measure({FLOOR: partial(self.floor.run, self._windows(texts)), **runs})
            points[str(length)] = {name: spent / sum(lengths) for name, spent in costs.items()}
        return points

    def batch(self) -> dict[str, Costs]:
        """Seconds per text of 32 tokens by the number of texts of a call."""
        points = {}
        for count in BATCHES[:: self.step]:
            points[str(count)] = self.per_text(texts_of(self.scope, 32, count))
        return points

    def per_text(self, texts: list[str]) -> Costs:
        """Seconds per text of both back ends with all classifiers, and of the bare products."""
        runs = {name: partial(system, texts) for name, system in self.systems.items()}
        return self._per_text(texts, runs, self.floor)

    def classifiers_loaded(self) -> dict[str, Costs]:
        """Seconds per text of 32 tokens by the number of classifiers."""
        texts = texts_of(self.scope, 32, TOKENS // 32)
        points = {}
        for count in range(1, len(self.classifiers) + 1):
            some = self.classifiers[:count]
            floor = Floor(
                max(one.deepest_layer for one in some) + 1,
                self.scope.d_sae,
                len({layer for one in some for layer, _ in one.features}),
            )
            runs = {name: partial(classifying(self.scope, some, name), texts) for name in READERS}
            points[str(count)] = self._per_text(texts, runs, floor)
        return points

    def features(self) -> dict[str, Costs]:
        """Seconds per text of 32 tokens by the number of features, drawn by chance from all layers with floor 0."""
        texts = texts_of(self.scope, 32, TOKENS // 32)
        every = [(layer, index) for layer in self.scope.layers for index in range(self.scope.d_sae)]
        order = np.random.default_rng(0).permutation(len(every))
        points = {}
        for count in [one for one in FEATURES[:: self.step] if one <= len(every)]:
            selected = self.scope.selected(sorted(every[at] for at in order[:count]))
            runs: dict[str, Callable[[], object]] = {
                name: partial(reader(self.scope, selected).without_places().read, texts)
                for name, reader in READERS.items()
            }
            points[str(count)] = self._per_text(texts, runs, self.floor)
        return points

    def blocks(self) -> dict[str, Costs]:
        """Seconds per token of the backbone alone by the number of blocks, on 32 texts of 32 tokens."""
        windows = make_windows(self.scope, texts_of(self.scope, 32, TOKENS // 32), offsets=False)
        length = max(len(window.ids) for window in windows)
        ids_BT = torch.tensor(np.stack([np.resize(window.ids, length) for window in windows]))
        mask_BT, points = torch.ones_like(ids_BT), {}
        for count in BLOCKS[:: self.step]:
            backbone, floor = self.scope.backbone(count - 1), Floor(count, 1, 0)
            runs: dict[str, Callable[[], object]] = {
                "torch": partial(backbone.residuals, ids_BT, mask_BT, [count - 1])
            }
            costs = self._measure({FLOOR: partial(floor.run, [length] * len(windows)), **runs})
            points[str(count)] = {name: spent / ids_BT.numel() for name, spent in costs.items()}
        return points

    def threads(self) -> dict[str, Costs]:
        """Seconds per text of 32 tokens by the number of threads, each in a process of its own."""
        return {
            str(count): run_case("curves.case", self.rounds, environment={"OMP_NUM_THREADS": str(count)})
            for count in sorted({1, os.cpu_count() or 1})
        }

    def _per_text(self, texts: list[str], runs: Mapping[str, Callable[[], object]], floor: Floor) -> Costs:
        costs = self._measure({FLOOR: partial(floor.run, self._windows(texts)), **runs})
        return {name: spent / len(texts) for name, spent in costs.items()}

    def _windows(self, texts: list[str]) -> list[int]:
        """Tokens that are run for texts, window by window, with prefix and suffix."""
        return [len(window.ids) for window in make_windows(self.scope, texts, offsets=False)]

    def _measure(self, runs: Mapping[str, Callable[[], object]]) -> Costs:
        for own in runs.values():
            own()
        spent: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(self.rounds):
            for name, own in runs.items():
                if name == XLMR and turn > 2:
                    continue  # three rounds of the slowest one will do
                began = time.perf_counter()
                own()
                spent[name].append(time.perf_counter() - began)
        return {name: statistics.median(seconds) for name, seconds in spent.items()}
