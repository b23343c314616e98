"""Estimated bytes, memory and minutes of the first steps with a group, computed and not measured.

Computed from the catalogue's sizes, the backbone's size by its name, and configurable rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from scopesift_features.catalogue.entry import CatalogueEntry
from scopesift_features.checks.scope import TEXTS
from scopesift_features.pulling.amounts import written_layers
from scopesift_features.pulling.doctor import BESIDE
from scopesift_features.pulling.estimate import estimate_backbone, estimate_checkpoint, estimate_flops
from scopesift_features.pulling.pull import check_layers
from scopesift_features.pulling.size import encoder_bytes, encoder_flops
from scopesift_files.errors import UsageError

from scopesift_classifiers.labelled_rows.sampling import DEV_SHARE
from scopesift_classifiers.studies.reproduction_data import (
    DISCOVERY_PER_CLASS,
    LANGUAGES,
    TEST_PER_CLASS,
)

FIT_TEXTS, TEST_TEXTS = 2 * DISCOVERY_PER_CLASS, 2 * TEST_PER_CLASS
"""One language of the report's data: train, dev and test rows."""
STUDY_TEXTS = len(LANGUAGES) * (FIT_TEXTS + round(DEV_SHARE * FIT_TEXTS) + TEST_TEXTS)
"""`reproduce` reads dev rows a second time, for the chosen features."""
SERVED_TEXTS = 1000

_MINUTE = 60.0
_PASSES = {"float32": 1, "bfloat16": 3}
"""Products with an encoder in float32: on a GPU bfloat16 residuals are multiplied with its three bfloat16 parts."""


@dataclass(frozen=True)
class Assumptions:
    """Rates for the estimate.

    Attributes:
        mbit_per_s: of the network.
        tokens_per_text: of social media posts, in the backbone's tokens.
        processor_tflops: speed in float32, in 10¹² operations per second; reached by two server cores (tokens per
            second of `python -m bench load` times operations per token, see docs/qwen.md).
        gpu_tflops: speed in bfloat16; not measured for these models.
    """

    mbit_per_s: float = 100.0
    tokens_per_text: float = 64.0
    processor_tflops: float = 0.2
    gpu_tflops: float = 50.0

    def __post_init__(self) -> None:
        """Check the rates.

        Raises:
            UsageError: One is not above 0.
        """
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise UsageError(
                    f"expected a number above 0 for {field.name}, got {getattr(self, field.name):g}"
                )


@dataclass(frozen=True)
class StepCost:
    """Cost of one step.

    Attributes:
        step: the command, or a description.
        texts: number of texts.
        fetched: maximum bytes from the network.
        disk: peak bytes of disk.
        memory, gpu_memory: bytes of weights on a CPU in float32, and on a GPU with bfloat16, plus half a GiB.
        fetch_minutes, processor_minutes, gpu_minutes: of the network, and of computation on either.
    """

    step: str
    texts: int = 0
    fetched: int = 0
    disk: int = 0
    memory: int = 0
    gpu_memory: int = 0
    fetch_minutes: float = 0.0
    processor_minutes: float = 0.0
    gpu_minutes: float = 0.0


def step_costs(
    entry: CatalogueEntry, layers: Sequence[int], rates: Assumptions | None = None
) -> list[StepCost]:
    """The steps of docs/qwen.md, in its order.

    Args:
        entry: a group.
        layers: the layers to pull first.
        rates: the rates.

    Raises:
        UsageError: a layer that the group does not have.
    """
    costs = _Costs(entry, rates or Assumptions())
    chosen, every = check_layers(entry, layers), check_layers(entry, None)
    rest = [layer for layer in every if layer not in chosen]
    named = f"layers {written_layers(chosen)}" if len(chosen) > 1 else f"layer {chosen[0]}"
    steps = [
        costs.pull(f"pull {named}", len(chosen), estimate_checkpoint(entry)),
        costs.check(f"check {named}", chosen),
        costs.read("fit, one language", FIT_TEXTS, chosen),
        costs.read("evaluate", TEST_TEXTS, chosen),
        costs.read(f"reproduce, {named}", STUDY_TEXTS, chosen),
        costs.read(f"serve or classify, {SERVED_TEXTS:,} texts", SERVED_TEXTS, chosen),
    ]
    if rest:
        steps += [
            costs.pull("pull the other layers", len(rest), 0),
            costs.read("reproduce, every layer", STUDY_TEXTS, every),
        ]
    return steps


class _Costs:
    def __init__(self, entry: CatalogueEntry, rates: Assumptions) -> None:
        self.entry, self.rates = entry, rates

    def pull(self, step: str, layers: int, checkpoint: int) -> StepCost:
        saes = layers * self.entry.sae_bytes
        fetched = saes + checkpoint
        minutes = 8 * fetched / (self.rates.mbit_per_s * 1e6) / _MINUTE
        # `pull` needs disk space for one download in addition to the converted files
        return StepCost(step, fetched=fetched, disk=fetched + self.entry.sae_bytes, fetch_minutes=minutes)

    def check(self, step: str, layers: Sequence[int]) -> StepCost:
        """One layer after the other, each with its decoder; the residual before the block takes another pass."""
        memory, gpu_memory = self._weights(layers[-1], 1)
        decoder = self.entry.sae_bytes // 2
        tokens = 2 * len(TEXTS) * self.rates.tokens_per_text
        processor, gpu = self._minutes(tokens, [(layer, 2) for layer in layers])
        return StepCost(
            step,
            texts=len(TEXTS),
            memory=memory + decoder,
            gpu_memory=gpu_memory + decoder,
            processor_minutes=processor,
            gpu_minutes=gpu,
        )

    def read(self, step: str, texts: int, layers: Sequence[int]) -> StepCost:
        """One pass of the backbone, and every layer encoded."""
        memory, gpu_memory = self._weights(layers[-1], len(layers))
        tokens = texts * self.rates.tokens_per_text
        processor, gpu = self._minutes(tokens, [(layers[-1], len(layers))])
        return StepCost(
            step,
            texts=texts,
            memory=memory,
            gpu_memory=gpu_memory,
            processor_minutes=processor,
            gpu_minutes=gpu,
        )

    def _weights(self, deepest: int, layers: int) -> tuple[int, int]:
        """Bytes on a processor in float32, and on a GPU in bfloat16."""
        entry = self.entry
        processor, gpu = (
            estimate_backbone(entry, deepest, dtype)
            + encoder_bytes(entry.d_model, entry.d_sae, entry.settings.sae_dtype, layers, beside=dtype)
            + BESIDE
            for dtype in ("float32", "bfloat16")
        )
        return processor, gpu

    def _minutes(self, tokens: float, passes: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """On a CPU and on a GPU, of passes of the backbone, each up to a block and with a number of encodes."""
        processor, gpu = (
            tokens * sum(self._flops(*one, _PASSES[dtype]) for one in passes) / (tflops * 1e12) / _MINUTE
            for dtype, tflops in (
                ("float32", self.rates.processor_tflops),
                ("bfloat16", self.rates.gpu_tflops),
            )
        )
        return processor, gpu

    def _flops(self, deepest: int, encodes: int, products: int) -> float:
        """Of one token through the blocks and a number of encoders, each of one or more products."""
        encode = products * encoder_flops(self.entry.d_model, self.entry.d_sae)
        return estimate_flops(self.entry, deepest) + encodes * encode
