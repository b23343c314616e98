"""The length of a training: steps, which are deterministic, or minutes."""

from __future__ import annotations

from dataclasses import dataclass

from scopesift_files.errors import UsageError


@dataclass(frozen=True)
class Schedule:
    """The length of a training, for all layers together; one of the two is given.

    Attributes:
        steps: Number of training steps.
        minutes: Training time over all calls, without filling the pool.
    """

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise UsageError("give either --steps (deterministic) or --minutes")

        if self.minutes is not None and not self.minutes > 0:
            raise UsageError(f"--minutes must be more than 0, not {self.minutes:g}")

    def share(self, steps: int, seconds: float) -> float:
        """Share of the training that is done after so many steps or seconds."""
        if self.steps is not None:
            return steps / self.steps
        return seconds / (60 * (self.minutes or 0))
