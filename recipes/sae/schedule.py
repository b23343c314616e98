"""How long to train: steps, which give the same SAE every time, or minutes, which fit a machine."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_files.errors import UsageError


@dataclass(frozen=True)
class Schedule:
    """The length of a training, for all layers together; one of the two is given.

    Attributes:
        steps: Batches that each layer learns from.
        minutes: Time of learning over all calls; reading text into the pool is not counted.
    """

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise UsageError(
                "give either --steps (the same SAE every time) or --minutes, not both and not neither"
            )

        if self.minutes is not None and not self.minutes > 0:
            raise UsageError(f"--minutes must be more than 0, not {self.minutes:g}")

    def share(self, steps: int, seconds: float) -> float:
        """Share of the training that is over after so many steps, or so many seconds of them."""
        if self.steps is not None:
            return steps / self.steps
        return seconds / (60 * (self.minutes or 0))
