"""How nano's language model is trained: one set of sizes for a CPU, one for a GPU."""

from __future__ import annotations

from dataclasses import dataclass

from recipes.nano.tokenizer import VOCABULARY


@dataclass(frozen=True)
class ModelTrainingSettings:
    """How the model is trained.

    Attributes:
        minutes: Wall-clock budget of the whole training, over all resumed runs.
        sequences: Sequences of `SEQUENCE` tokens in one forward pass.
        accumulate: Forward passes in one optimizer step.
        pairs: Translation pairs in one ranking batch.
        ranking_every: Steps from one ranking batch to the next.
        ranking_weight: Weight of the ranking loss beside the next-token loss.
        sampled: Additional candidates of the sampled cross-entropy.
        matrix_rate: Peak learning rate of Muon, for the blocks' matrices.
        other_rate: Peak learning rate of AdamW, for the embedding and the norms.
        decay_from: Share of the budget after which the rates fall linearly to zero.
        drawing: Processes that draw texts ahead; 0: none.
    """

    minutes: float
    sequences: int = 32
    accumulate: int = 2
    pairs: int = 32
    ranking_every: int = 2
    ranking_weight: float = 0.5
    sampled: int = 1024
    matrix_rate: float = 6e-3
    other_rate: float = 3e-3
    decay_from: float = 0.5
    drawing: int = 0


def settings_for(device_type: str, minutes: float) -> ModelTrainingSettings:
    """Sizes for a device: a GPU takes four times the tokens a step, the exact loss, and its texts drawn ahead.

    The GPU's settings have not been tried at full length.
    """
    if device_type != "cuda":
        return ModelTrainingSettings(minutes)
    return ModelTrainingSettings(
        minutes, sequences=256, accumulate=1, pairs=128, sampled=VOCABULARY, drawing=4
    )
