"""Which tokens are changed while text is generated."""

from __future__ import annotations

from scopesift_files.errors import UsageError

EVERY, PROMPT, GENERATED = PHASES = ("every", "prompt", "generated")


def check_phase(phase: str) -> None:
    """Refuse what is not a phase.

    Raises:
        UsageError: names the phases.
    """
    if phase not in PHASES:
        raise UsageError(f"a phase must be one of {', '.join(PHASES)}, not {phase!r}")
